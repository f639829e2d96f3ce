"""How soon what was bought on one device is on the list of another, and stops its ad there.

The ids of the people in it are the demo's own. Nothing of them is among the recorded ones' figures.
"""

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any, Final

from msgspec import convert

from schemas.outputs import Decision
from streams.demo.devices import Devices, reasons_of
from streams.demo.follower import Follower, Read
from streams.demo.latency import Latency
from streams.errors import UserError
from streams.recording.live.replay import Replay
from streams.settings import Settings
from streams.supervision.worker_process import WorkerProcess

BOUGHT: Final = "unhaunt-demo-kettle"
"""The product that is bought on the one device and not to be shown on the other."""
BOUGHT_BEFORE: Final = "unhaunt-demo-mug"
"""Tells that the ids share, when it has arrived."""
PURCHASE_SECONDS: Final = 0.05
"""So often somebody buys."""
SILENT_SECONDS: Final = 60

Progress = Callable[[int, int], None]
"""Hears how many of all ads are stopped."""


class SecondDevice:
    """Sends purchases on one device of each person, and reads what comes of them on the other."""

    def __init__(
        self, settings: Settings, worker: WorkerProcess, people: Iterable[Devices]
    ) -> None:
        """`people` are those of whom the policy says that such an ad is stopped."""
        self.latency: Latency | None = None
        """From when a purchase on one device was due to when the list of the other was read."""
        self._worker = worker
        self._by_laptop = {each.laptop: each for each in people}
        self._stopped: set[str] = set()
        self._replay = Replay(settings)
        self._progressed = monotonic()

    @property
    def stopped(self) -> int:
        """So many ads were stopped on the other device, because of that purchase."""
        return len(self._stopped)

    def run(self, decisions: Follower, lists: Follower, progress: Progress) -> None:
        """All of it. The followers have read what was there before.

        Raises `UserError` when the worker ends or gives no answer.
        """
        people = list(self._by_laptop.values())
        self._link(people, lists)
        due = {
            each.laptop: monotonic() + number * PURCHASE_SECONDS
            for number, each in enumerate(people)
        }
        waiting = list(people)
        seconds: dict[str, float] = {}
        while self.stopped < len(people):
            self._check()
            while waiting and due[waiting[0].laptop] <= monotonic():
                self._replay.send(waiting.pop(0).bought(BOUGHT))
            for read in self._arrived(lists, BOUGHT):
                if read.key not in seconds:
                    seconds[read.key] = read.arrived - due[read.key]
                    self._replay.send(self._by_laptop[read.key].asked(BOUGHT))
            self._count(decisions.poll(0))
            progress(self.stopped, len(people))
        self._replay.flush()
        self.latency = Latency.of(seconds.values())

    def _link(self, people: Iterable[Devices], lists: Follower) -> None:
        """Say whose the devices are, and wait until they share what was bought before."""
        for each in people:
            for record in (*each.linked(), each.bought(BOUGHT_BEFORE)):
                self._replay.send(record)
        self._replay.flush()
        left = set(self._by_laptop)
        while left:
            self._check()
            left -= {read.key for read in self._arrived(lists, BOUGHT_BEFORE)}

    def _arrived(self, lists: Follower, product_id: str) -> list[Read]:
        """New lists of laptops with what was bought on the phone."""
        found = [
            read
            for read in lists.poll(0.001)
            if read.key in self._by_laptop
            and self._by_laptop[read.key].order(product_id) in _events_on(read.value)
        ]
        if found:
            self._progressed = monotonic()
        return found

    def _count(self, read: Iterable[Read]) -> None:
        for each in read:
            devices = self._by_laptop.get(each.key)
            decision = convert(each.value, Decision)
            if devices is not None and devices.order(BOUGHT) in reasons_of(decision):
                self._stopped.add(devices.laptop)
                self._progressed = monotonic()

    def _check(self) -> None:
        self._worker.check()
        if monotonic() - self._progressed > SILENT_SECONDS:
            raise UserError("The worker did not stop an ad on a second device.")


def _events_on(current: Mapping[str, Any] | None) -> set[str]:
    """The events behind a list; none where it has ended."""
    entries = [] if current is None else current["entries"]
    return {event_id for entry in entries for event_id in entry["because"]}
