"""One run: workers at work on a backlog and a live stream, harm by schedule, then the verdict.

The lower half of the partitions holds a backlog from the beginning, so that what alignment makes
of it must be the merge by time, whatever happens. The upper half gets a live stream.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Final, NamedTuple

import msgspec

from streams.kafka.topics import create, plan
from streams.recording.files import RecordedRecord
from streams.recording.live.replay import Replay
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import KafkaSettings, Settings
from streams.suppression.policy import Policy
from tests.chaos import families
from tests.chaos.cluster import ProxiedCluster
from tests.chaos.crew import crew, see_to_all
from tests.chaos.harm import Harming
from tests.chaos.live import LiveStream
from tests.chaos.lives import lives
from tests.chaos.observed import observe
from tests.chaos.progress import Progress
from tests.chaos.proxy import Proxy
from tests.chaos.schedule import SESSION_SECONDS, WORKERS, Blow, schedule
from tests.chaos.verifier import Finding, Report, described, verify
from tests.integration.conftest import settings_of

PARTITIONS: Final = 6
BACKLOG: Final = range(3)
LIVE: Final = range(3, 6)
ALL: Final = range(PARTITIONS)
REPLICAS: Final = 3
POLICY: Final = DEMO_POLICY + families.POLICY
PEOPLE_A_SECOND: Final = 40
"""Of the simulated shop: enough for half of them to begin to speak as long as harm is done."""
SLOW: Final = {"batch_records": 1, "checkpoint_records": 30}
"""Settings of workers for which the backlog lasts while harm is done, committing all the time."""
START_SECONDS: Final = 120
STALL_SECONDS: Final = 90
"""Without any progress for so long after all harm is over, the workers hang."""
LISTS_SECONDS: Final = 60
"""Until the lists are right that change because time has passed, and need nobody to say it."""
END_SECONDS: Final = 120
LOOK_SECONDS: Final = 0.2
"""Between two looks at how far it is, so that the processors are left to the workers."""


class Outcome(NamedTuple):
    """What a run has shown."""

    seed: int
    blows: list[Blow]
    findings: list[Finding]
    """The verifier's, and what workers did that they must not do."""
    totals: Mapping[str, int]
    """What became of the records, as the verifier counted them."""
    endings: Counter[str]
    """Last words of workers that ended by themselves, as they may while brokers are away."""
    cut_connections: int
    live_records: int
    backlog_left: int
    """Records of the backlog that were still to be consumed when the harm was over."""

    def __str__(self) -> str:
        ended = [
            f"ended by itself {count} times: {ending}" for ending, count in self.endings.items()
        ]
        blows = [str(blow) for blow in self.blows]
        return "\n".join([f"seed {self.seed}", *blows, *ended, described(self.findings)])


def run(folder: Path, seed: int, seconds: float) -> Outcome:
    """Do harm for so long and say what came of it.

    Raises `TimeoutError` when the workers do not work it all off in the end.
    """
    blows = schedule(seed, seconds)
    with ExitStack() as stack:
        cluster = stack.enter_context(ProxiedCluster(folder))
        proxy = stack.enter_context(cluster.proxy())
        chaos = stack.enter_context(Chaos(cluster, proxy, folder, seed))
        try:
            return chaos.outcome(blows, seconds)
        except TimeoutError as error:
            error.add_note("\n".join([f"seed {seed}", *map(str, blows)]))
            raise


class Chaos:
    """A deployment to which harm is done. A context manager that leaves no worker behind."""

    def __init__(self, cluster: ProxiedCluster, proxy: Proxy, folder: Path, seed: int) -> None:
        self._seed = seed
        self._proxy = proxy
        self._settings = _settings(cluster.address, folder)
        self._of_workers = msgspec.structs.replace(
            self._settings, kafka=KafkaSettings(brokers=cluster.proxied_address)
        )
        self._crew = crew(msgspec.structs.replace(self._of_workers, **SLOW), WORKERS, folder)
        self._harming = Harming(cluster, proxy, self._crew, Random(seed))
        self._progress = Progress(self._settings, PARTITIONS)

    def __enter__(self) -> "Chaos":
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._crew.values():
            member.end()

    def outcome(self, blows: list[Blow], seconds: float) -> Outcome:
        """Run it all."""
        create(self._settings, plan(self._settings, PARTITIONS, REPLICAS))
        records = list(simulate(self._seed, int(PEOPLE_A_SECOND * seconds), PARTITIONS))
        self._load(r for r in records if r.partition in BACKLOG or r.topic == "catalog")
        self._load(families.recorded_families(PARTITIONS))
        living = list(lives(r for r in records if r.partition in LIVE))
        self._wait(self._progress.has_begun, "a first checkpoint", START_SECONDS)
        with LiveStream(self._settings, living, LIVE, self._seed) as stream:
            self._harming.deal(blows)
        backlog_left = self._progress.left(BACKLOG)
        self._speed_up()
        self._wait_until_all_is_consumed()
        self._wait_for_lists()
        self._dismiss()
        report = self._verified()
        members = self._crew.values()
        of_workers = [
            Finding("worker", finding) for member in members for finding in member.findings
        ]
        return Outcome(
            self._seed,
            blows,
            report.findings + of_workers,
            report.totals,
            sum((member.endings for member in members), Counter()),
            self._proxy.cut_connections,
            stream.sent,
            backlog_left,
        )

    def _load(self, records: Iterable[RecordedRecord]) -> None:
        replay = Replay(self._settings)
        for record in records:
            replay.send(record)
        replay.flush()

    def _speed_up(self) -> None:
        """Have the rest worked off by workers with the usual settings."""
        for member in self._crew.values():
            member.restart(self._of_workers)

    def _wait_until_all_is_consumed(self) -> None:
        """Wait as long as there is progress. Raises `TimeoutError` with how far it came."""
        left = self._progress.left(ALL)
        deadline = monotonic() + STALL_SECONDS
        while left:
            if monotonic() > deadline:
                raise TimeoutError(
                    f"all harm is over, {left} records are left, and none of them was taken in "
                    f"{STALL_SECONDS} s"
                )
            see_to_all(self._crew)
            sleep(LOOK_SECONDS)
            before, left = left, self._progress.left(ALL)
            if left < before:
                deadline = monotonic() + STALL_SECONDS

    def _wait_for_lists(self) -> None:
        """Returns without them in the end, for the last verification to show how they differ."""
        deadline = monotonic() + LISTS_SECONDS
        while self._verified().findings and monotonic() < deadline:
            see_to_all(self._crew)
            sleep(LOOK_SECONDS)

    def _verified(self) -> Report:
        return verify(observe(self._settings, PARTITIONS), Policy.from_toml(POLICY))

    def _dismiss(self) -> None:
        """Tell all workers to stop, and wait until they have."""
        for member in self._crew.values():
            member.terminate(and_state=False)
        self._wait(
            lambda: not any(member.is_running for member in self._crew.values()),
            "an end of all workers",
            END_SECONDS,
        )
        see_to_all(self._crew)  # looks at how they have ended

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        deadline = monotonic() + seconds
        while not condition():
            if monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {seconds} s")
            see_to_all(self._crew)
            sleep(LOOK_SECONDS)


def _settings(brokers: str, folder: Path) -> Settings:
    policy = folder / "policy.toml"
    policy.write_text(POLICY)
    return msgspec.structs.replace(
        settings_of(brokers, folder), policy=str(policy), session_seconds=SESSION_SECONDS
    )
