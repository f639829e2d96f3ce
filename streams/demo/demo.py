"""The demo: a broker, a worker and a recording, from nothing to a summary.

The recording is put onto the topics first and then worked off, so that its records are processed in
their order (SPEC 6) and the decisions are those of a backtest. Only its last requests, of people
of whom nothing more is reported afterwards, are held back and then sent live, at a steady pace:
the answers cannot depend on when they come, and from them the latency is measured. At last people
of the demo's own buy something on one device, and the ad for it is stopped on another.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, NamedTuple, Protocol, cast

from msgspec import UNSET, convert

from schemas.decoding import InvalidRecord, decode
from schemas.outputs import Decision
from schemas.records import Event, Request
from schemas.topics import PERSON_TOPICS, TOPICS
from streams.demo.devices import OWN_IDS, people_with_devices
from streams.demo.embedded_broker import EmbeddedBroker
from streams.demo.follower import Follower, Read
from streams.demo.latency import Latency
from streams.demo.second_device import BOUGHT, SecondDevice
from streams.errors import UserError
from streams.kafka.offsets import committed
from streams.kafka.partitioner import partition_of
from streams.kafka.topic_partition import TopicPartition
from streams.kafka.topics import create, plan
from streams.policy_file import read_policy
from streams.recording.catalog_check import recorded_catalog
from streams.recording.files import RecordedRecord
from streams.recording.live.replay import Replay
from streams.recording.summary import Summary
from streams.settings import KafkaSettings, Settings
from streams.supervision.worker_process import WorkerProcess
from streams.wording import counted

INPUTS: Final = frozenset(topic.name for topic in TOPICS.values() if topic.direction == "in")
LIVE_REQUESTS: Final = 1_000
LIVE_SECONDS: Final = 4.0
LOOK_SECONDS: Final = 0.5
"""How often the group is asked how far it is."""
SILENT_SECONDS: Final = 60
"""For so long the worker may make no progress at all before the demo gives up."""


class Watcher(Protocol):
    """Hears how the demo gets on."""

    def step(self, what: str, done: int, total: int) -> None:
        """So many of all are done in this step."""

    def decided(self, decisions: Sequence[Decision], summary: Summary) -> None:
        """Decisions have come."""


class SplitRecording(NamedTuple):
    """A recording in two parts: what is loaded first, and the requests that are sent live."""

    first: list[RecordedRecord]
    live: list[tuple[RecordedRecord, Request]]
    events: list[Event]
    """All valid events of the person topics."""


class Demo:
    """One run. Everything that it starts is stopped with the stack that it is given."""

    def __init__(
        self, records: Iterable[RecordedRecord], policy: Path, folder: Path, stack: ExitStack
    ) -> None:
        """`folder` is for the broker's and the worker's files."""
        self.summary = Summary()
        self.decisions: list[Decision] = []
        """As they stand on the topic, without `as_of`."""
        self.visible: Latency | None = None
        """For readers who do not wait for the checkpoint."""
        self.committed: Latency | None = None
        """For readers of committed records."""
        self.second_device: SecondDevice | None = None
        """How that went; None where no ad is stopped so, by the policy."""
        self.events_per_second = 0.0
        self._recording = _split([record for record in records if record.topic in INPUTS])
        self._catalog = recorded_catalog(self._recording.first).catalog
        for event in self._recording.events:
            self.summary.scan(event)
        self.partitions = 1 + max(
            (record.partition for record in self._recording.first if record.topic in PERSON_TOPICS),
            default=0,
        )
        self._policy = policy
        self._folder = folder
        self._stack = stack
        self._requests = sum(isinstance(event, Request) for event in self._recording.events)
        self.settings = Settings()

    def run(self, watcher: Watcher) -> None:
        """Everything, up to the last decision. Raises `UserError` when something does not start."""
        broker = self._stack.enter_context(EmbeddedBroker(self._folder))
        settings = Settings(
            kafka=KafkaSettings(brokers=broker.address),
            state_folder=str(self._folder / "state"),
            policy=str(self._policy),
            instance="demo",
            dead_letter_percent=0,  # a recording is what it is
        )
        worker = self.run_on(settings, watcher)
        self.use_second_devices(worker, watcher)

    def run_on(self, settings: Settings, watcher: Watcher) -> WorkerProcess:
        """What is recorded, on a broker that is there; returns the worker, which goes on."""
        self.settings = settings
        create(self.settings, plan(self.settings, self.partitions, 1))
        replay = Replay(self.settings)
        for number, record in enumerate(self._recording.first):
            replay.send(record)
            if number % 1_000 == 0:
                watcher.step("Loading the recording", number, len(self._recording.first))
        replay.flush()
        worker = WorkerProcess(self.settings, self._folder / "worker.log")
        self._stack.enter_context(worker)
        with (
            Follower(self.settings, "decisions", self.partitions) as decisions,
            Follower(self.settings, "decisions", self.partitions, committed=False) as at_once,
        ):
            self._work_off(decisions, worker, watcher)
            self._send_live(replay, decisions, at_once, worker, watcher)
        return worker

    def use_second_devices(self, worker: WorkerProcess, watcher: Watcher) -> None:
        """Have people buy on one device what is not to follow them to another."""
        policy, ts = read_policy(self._policy), _reached(self._recording.events, self.partitions)
        people = list(people_with_devices(policy, BOUGHT, ts, self.partitions))
        if not people:
            return
        self.second_device = SecondDevice(self.settings, worker, people)
        with (
            Follower(self.settings, "suppressions", self.partitions) as lists,
            Follower(self.settings, "decisions", self.partitions) as decisions,
        ):
            for follower in (lists, decisions):
                for _ in follower.to_the_end(SILENT_SECONDS):
                    pass  # what is recorded
            self.second_device.run(
                decisions, lists, lambda done, total: watcher.step("A second device", done, total)
            )

    def lists(self) -> dict[str, dict[str, Any] | None]:
        """The final list of everybody recorded who ever had one; None where it has ended."""
        with Follower(self.settings, "suppressions", self.partitions) as follower:
            return {
                read.key: read.value
                for read in follower.to_the_end()
                if not read.key.startswith(OWN_IDS)
            }

    def _work_off(self, decisions: Follower, worker: WorkerProcess, watcher: Watcher) -> None:
        """Wait until all that was loaded is processed and committed."""
        ends: Counter[TopicPartition] = Counter(
            TopicPartition(self.settings.topic(record.topic), record.partition)
            for record in self._recording.first
            if record.topic in PERSON_TOPICS
        )
        total = sum(ends.values())
        expected = self._requests - len(self._recording.live)
        times: list[int] = []
        done, progressed, looked = 0, monotonic(), monotonic()
        while done < total or len(self.decisions) < expected:
            worker.check()
            read = decisions.poll(0.1)
            times += [decision.written for decision in read]
            self._add_decisions(read, watcher)
            before, now = done, monotonic()
            if now - looked > LOOK_SECONDS:
                done, looked = _consumed(self.settings, ends), now
            if read or done > before:
                progressed = now
            elif now - progressed > SILENT_SECONDS:
                raise UserError(
                    f"The worker stands still after {done:,} of {counted(total, 'record')}."
                )
            has_begun = done > 0 or len(self.decisions) > 0
            what = "Working it off" if has_begun else "The worker joins its group"
            watcher.step(what, done, total)
        self.events_per_second = _rate(times, total)

    def _send_live(
        self,
        replay: Replay,
        decisions: Follower,
        at_once: Follower,
        worker: WorkerProcess,
        watcher: Watcher,
    ) -> None:
        """Send the requests that were held back when they are due, and time the answers."""
        for _ in at_once.to_the_end(SILENT_SECONDS):
            pass  # the answers of before
        live = self._recording.live
        began = monotonic()
        due = {
            request.request_id: began + number * LIVE_SECONDS / len(live)
            for number, (_, request) in enumerate(live)
        }
        seen: dict[str, float] = {}
        arrived: dict[str, float] = {}
        sent, progressed = 0, began
        while len(arrived) < len(due) or len(seen) < len(due):
            worker.check()
            now = monotonic()
            while sent < len(live) and due[live[sent][1].request_id] <= now:
                replay.send(live[sent][0])
                sent += 1
            for read in at_once.poll(0.001):
                progressed = now
                if read.value["request_id"] in due:  # what was answered before may come yet
                    seen.setdefault(read.value["request_id"], read.arrived)
            read_committed = decisions.poll(0)
            self._add_decisions(read_committed, watcher)
            for read in read_committed:
                if read.value["request_id"] in due:
                    arrived.setdefault(read.value["request_id"], read.arrived)
            if now - progressed > SILENT_SECONDS:
                raise UserError("The worker gave no answer to a live request.")
            watcher.step("Live requests", len(arrived), len(due))
        replay.flush()
        self.visible = Latency.of(seen[request] - at for request, at in due.items())
        self.committed = Latency.of(arrived[request] - at for request, at in due.items())

    def _add_decisions(self, read: Sequence[Read], watcher: Watcher) -> None:
        decisions = [convert(decision.value, Decision) for decision in read]
        for decision in decisions:
            decision.as_of = UNSET
            self.summary.add(decision, self._catalog)
        self.decisions += decisions
        if decisions:
            watcher.decided(decisions, self.summary)


def wait_for_interrupt(worker_log: Path) -> None:
    """Return when the person at the keyboard has seen enough."""
    while worker_log.exists():
        sleep(1)


def _split(records: Sequence[RecordedRecord]) -> SplitRecording:
    """Hold back the last requests of people of whom nothing is reported afterwards."""
    first: list[RecordedRecord] = []
    live: list[tuple[RecordedRecord, Request]] = []
    events: list[Event] = []
    names: set[str] = set()
    reported: set[str] = set()
    for record in reversed(records):
        event = _event(record)
        if event is not None:
            events.append(event)
        if not isinstance(event, Request):
            if event is not None:
                reported.add(event.user_id)
            first.append(record)
        elif (
            len(live) < LIVE_REQUESTS
            and event.user_id not in reported
            and event.request_id not in names
        ):
            live.append((record, event))
            names.add(event.request_id)
        else:
            first.append(record)
    return SplitRecording(first[::-1], live[::-1], events[::-1])


def _event(record: RecordedRecord) -> Event | None:
    if record.topic not in PERSON_TOPICS:
        return None
    try:
        decoded = decode(record.topic, record.key, record.value, record.timestamp)
    except InvalidRecord:
        return None
    return cast(Event, decoded)  # shares are on a topic of their own


def _reached(events: Iterable[Event], partitions: int) -> int:
    """The newest event time that the clocks of all partitions have reached; 0 without events."""
    by_person: dict[str, int] = {}
    for event in events:
        by_person[event.user_id] = max(event.ts, by_person.get(event.user_id, event.ts))
    clocks: dict[int, int] = {}
    for user_id, ts in by_person.items():
        number = partition_of(user_id.encode(), partitions)
        clocks[number] = max(ts, clocks.get(number, ts))
    return min(clocks.values(), default=0)


def _consumed(settings: Settings, ends: Mapping[TopicPartition, int]) -> int:
    """How many of the records the group has committed."""
    offsets = committed(settings, ends, SILENT_SECONDS)
    return sum(min(committed.offset, ends[partition]) for partition, committed in offsets.items())


def _rate(times: Sequence[int], records: int) -> float:
    """Records a second while decisions were written, in proportion to those after the first."""
    first, last = min(times, default=0), max(times, default=0)
    if first == last:
        return 0.0
    later = sum(time > first for time in times)
    return records * later / len(times) / (last - first) * 1000
