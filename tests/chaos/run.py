"""One run: workers at work on a backlog and a live stream, harm by schedule, then the verdict.

The lower half of the partitions holds a backlog from the beginning, long enough to be worked on
while harm is done: what alignment makes of it must be the merge by time, whatever happens. The
upper half gets a live stream.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import KafkaException

from schemas.topics import PERSON_TOPICS
from streams.engine.offsets import committed, watermarks
from streams.operations.topics import create, plan
from streams.recording.files import RecordedRecord
from streams.recording.replay import Replay
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.suppression.policy import Policy
from tests.chaos.cluster import ProxiedCluster
from tests.chaos.crew import crew
from tests.chaos.live import LiveStream
from tests.chaos.lives import lives
from tests.chaos.observed import observe
from tests.chaos.proxy import Proxy
from tests.chaos.schedule import SESSION_SECONDS, WORKERS, Blow, Harm, schedule
from tests.chaos.verifier import Finding, Report, verify
from tests.integration.conftest import settings_of
from tests.integration.deployment import read_topic

PARTITIONS: Final = 6
BACKLOG: Final = range(3)
LIVE: Final = range(3, 6)
PEOPLE_A_SECOND: Final = 40
"""Of the simulated shop: so many that the backlog lasts while harm is done."""
SLOW: Final = {"batch_records": 1}
"""Settings of workers whose work takes long enough for something to happen meanwhile."""
CUT_SHARE: Final = 0.5
MOST_BYTES: Final = 20_000
"""A connection that is cut lets up to so many bytes pass before."""

START_SECONDS: Final = 60
STALL_SECONDS: Final = 90
"""Without any progress for so long after all harm is over, the workers hang."""
LISTS_SECONDS: Final = 60
"""Until the lists are right of which nobody says anything any more."""


class Outcome(NamedTuple):
    """What a run has shown."""

    seed: int
    blows: list[Blow]
    report: Report
    endings: Counter[str]
    """Last words of workers that ended by themselves, as they may while brokers are away."""
    cut_connections: int
    live_records: int
    backlog_left: int
    """Records of the backlog that were still to be consumed when the harm was over."""

    @property
    def findings(self) -> list[Finding]:
        return self.report.findings

    def __str__(self) -> str:
        endings = [
            f"ended by itself {count} times: {words}" for words, count in self.endings.items()
        ]
        blows = [str(blow) for blow in self.blows]
        return "\n".join([f"seed {self.seed}", *blows, *endings, str(self.report)])


def run(folder: Path, seed: int, seconds: float) -> Outcome:
    """Do harm for so long and say what came of it.

    Raises `TimeoutError` when the workers do not work it all off in the end.
    """
    with ExitStack() as stack:
        cluster = stack.enter_context(ProxiedCluster(folder))
        proxy = stack.enter_context(cluster.proxy())
        deployment = Chaos(cluster, proxy, folder, seed, seconds)
        stack.callback(deployment.close)
        return deployment.outcome()


class Chaos:
    """A deployment on a cluster, and the harm that is done to both."""

    def __init__(
        self, cluster: ProxiedCluster, proxy: Proxy, folder: Path, seed: int, seconds: float
    ) -> None:
        self._cluster, self._proxy = cluster, proxy
        self._seed, self._seconds = seed, seconds
        self._random = Random(seed)
        policy = folder / "policy.toml"
        policy.write_text(DEMO_POLICY)
        self.settings = msgspec.structs.replace(
            settings_of(cluster.address, folder),
            policy=str(policy),
            session_seconds=SESSION_SECONDS,
        )
        worker = msgspec.structs.replace(self.settings, brokers=cluster.proxied_address, **SLOW)
        self._crew = crew(worker, WORKERS, folder)
        self._findings: list[Finding] = []

    def outcome(self) -> Outcome:
        """Run it all."""
        create(self.settings, plan(self.settings, PARTITIONS, 3))
        records = list(simulate(self._seed, int(PEOPLE_A_SECOND * self._seconds), PARTITIONS))
        self._load([r for r in records if r.partition in BACKLOG or r.topic == "catalog"])
        living = list(lives(r for r in records if r.partition in LIVE))
        blows = schedule(self._seed, self._seconds)
        self._wait(self._all_have_begun, "a checkpoint of every partition", START_SECONDS)
        with LiveStream(self.settings, living, LIVE, self._seed) as stream:
            self._do_harm(blows)
        backlog_left = self._left(BACKLOG)
        self._wait_until_all_is_consumed()
        report = self._verdict()
        self._dismiss()
        return Outcome(
            self._seed,
            blows,
            report._replace(findings=report.findings + self._of_workers()),
            sum((member.endings for member in self._crew.values()), Counter()),
            self._proxy.cut_connections,
            stream.sent,
            backlog_left,
        )

    def _all_have_begun(self) -> bool:
        requests = self.settings.topic("impression-requests")
        progress = self._progress()
        return all(progress.get((requests, number), 0) > 0 for number in BACKLOG)

    def close(self) -> None:
        """Leave no worker behind."""
        for member in self._crew.values():
            member.end()

    def _load(self, records: list[RecordedRecord]) -> None:
        replay = Replay(self.settings)
        for record in records:
            replay.send(record)
        replay.flush()

    # -- harm

    def _do_harm(self, blows: list[Blow]) -> None:
        """Deal the blows; afterwards everything and everybody is back."""
        moments = [(blow.at, 0, blow) for blow in blows]
        moments += [(blow.at + blow.seconds, 1, blow) for blow in blows]
        began = monotonic()
        for at, is_end, blow in sorted(moments):
            while monotonic() - began < at:
                self._see_to_workers()
                sleep(0.02)
            (self._end if is_end else self._begin)(blow)

    def _begin(self, blow: Blow) -> None:
        harm, target = blow.harm, blow.target
        match harm:
            case Harm.KILL | Harm.KILL_WITHOUT_STATE:
                self._crew[target].kill(and_state=harm is Harm.KILL_WITHOUT_STATE)
            case Harm.TERMINATE | Harm.TERMINATE_WITHOUT_STATE:
                self._crew[target].terminate(and_state=harm is Harm.TERMINATE_WITHOUT_STATE)
            case Harm.PAUSE | Harm.LONG_PAUSE:
                self._crew[target].pause()
            case Harm.BROKER_GONE:
                self._cluster.kill(int(target))
            case Harm.BROKER_RESTART:
                os.kill(self._cluster.process_id(int(target)), signal.SIGTERM)
            case Harm.CUT:
                port = self._cluster.proxy_ports[int(target)]
                self._proxy.cut(port, CUT_SHARE, MOST_BYTES, self._random)

    def _end(self, blow: Blow) -> None:
        match blow.harm:
            case Harm.BROKER_GONE:
                self._cluster.launch(int(blow.target))
            case Harm.BROKER_RESTART:
                self._cluster.stop(int(blow.target))
                self._cluster.launch(int(blow.target))
            case Harm.CUT:
                pass
            case _:
                self._crew[blow.target].release()

    def _see_to_workers(self) -> None:
        for member in self._crew.values():
            member.see_to_it()

    # -- afterwards

    def _wait_until_all_is_consumed(self) -> None:
        """Wait as long as there is progress. Raises `TimeoutError` with how far it came."""
        left = self._left(range(PARTITIONS))
        deadline = monotonic() + STALL_SECONDS
        while left:
            if monotonic() > deadline:
                raise TimeoutError(
                    f"{left} records are left and none was taken in {STALL_SECONDS} s, all harm "
                    f"being over; seed {self._seed}"
                )
            self._see_to_workers()
            sleep(0.2)
            before, left = left, self._left(range(PARTITIONS))
            if left < before:
                deadline = monotonic() + STALL_SECONDS

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        deadline = monotonic() + seconds
        while not condition():
            if monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {seconds} s, seed {self._seed}")
            self._see_to_workers()
            sleep(0.2)

    def _progress(self) -> Mapping[tuple[str, int], int]:
        """The group's offsets; brokers that were moved about may need a while to tell."""
        places = [(topic, n) for topic in self._topics() for n in range(PARTITIONS)]
        deadline = monotonic() + START_SECONDS
        while True:
            try:
                return committed(self.settings, places, START_SECONDS)
            except KafkaException:
                if monotonic() > deadline:
                    raise

    def _topics(self) -> list[str]:
        return [*map(self.settings.topic, PERSON_TOPICS), self.settings.reroute]

    def _left(self, partitions: range) -> int:
        """How many records the group has not yet committed."""
        offsets = self._progress()
        person_topics = [self.settings.topic(topic) for topic in PERSON_TOPICS]
        places = [(topic, n) for topic in person_topics for n in partitions]
        ends = {place: end for place, (_, end) in watermarks(self.settings, places, 60).items()}
        # A topic that is written in transactions ends in markers, which nobody commits.
        for message in read_topic(self.settings, self.settings.reroute, PARTITIONS):
            ends[message.topic(), message.partition()] = message.offset() + 1
        return sum(
            end - offsets.get(place, 0) for place, end in ends.items() if place[1] in partitions
        )

    def _verdict(self) -> Report:
        """Verify; a list that changes because time has passed may come a little later."""
        policy = Policy.from_toml(DEMO_POLICY)
        deadline = monotonic() + LISTS_SECONDS
        while True:
            report = verify(observe(self.settings, PARTITIONS), policy)
            if not report.findings or monotonic() > deadline:
                return report
            self._see_to_workers()

    def _dismiss(self) -> None:
        """Tell all workers to stop, and wait until they have."""
        for member in self._crew.values():
            member.terminate(and_state=False)
        self._wait(
            lambda: not any(member.is_running for member in self._crew.values()),
            "all workers stopped",
            2 * STALL_SECONDS,
        )
        self._see_to_workers()

    def _of_workers(self) -> list[Finding]:
        return [
            Finding("worker", detail)
            for member in self._crew.values()
            for detail in member.findings
        ]
