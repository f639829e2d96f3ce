"""Reading from the engine what it does not count: how far it is, and what it has at hand.

All of it is read on the event loop, between two batches, so nothing is half done.
"""

from collections.abc import Iterator, Mapping
from time import time
from typing import Final, NamedTuple, get_args

from schemas.topics import REROUTED
from streams.engine.alignment import BEFORE_EVERYTHING, Stream
from streams.engine.intake import Entry
from streams.engine.loop import Engine
from streams.engine.partition import Partition
from streams.engine.telemetry.histogram import Histogram
from streams.engine.telemetry.liveness import Stage

REROUTE: Final = "reroute"
"""The rerouting topic, whose stream has another name."""
STAGES: Final[tuple[str, ...]] = get_args(Stage)


class Worker(NamedTuple):
    """What the metrics of a worker are read from."""

    engine: Engine
    stalls: Histogram
    """Seconds by which its event loop was late."""

    @property
    def partitions(self) -> list[Partition]:
        """Those at work."""
        return [*self.engine.partitions.values()]

    def streams(self) -> Iterator[tuple[str, Stream[Entry]]]:
        """Every stream of every partition, with the default name of its topic."""
        for partition in self.partitions:
            for name, stream in partition.alignment.streams.items():
                yield topic_of(name), stream


def topic_of(stream: str) -> str:
    """The default name of the topic of a stream."""
    return REROUTE if stream == REROUTED else stream


def by_topic(counts: Mapping[str, float]) -> Mapping[str, float]:
    """What was counted by stream."""
    return {topic_of(stream): count for stream, count in counts.items()}


def sent(worker: Worker) -> Mapping[str, float]:
    """Records by output topic; each is counted where it is made, so not once more when sent."""
    counts = worker.engine.counts
    return {
        "decisions": counts.decided,
        "suppressions": counts.lists,
        "dead-letters": counts.dead.total(),
        REROUTE: counts.rerouted,
        "changelog": counts.changes,
    }


def dead_letters(worker: Worker) -> Mapping[tuple[str, str], float]:
    """By code and by where they are from."""
    counts = worker.engine.counts
    persons = counts.dead - counts.dead_products
    return {(code, "persons"): count for code, count in persons.items()} | {
        (code, "catalog"): count for code, count in counts.dead_products.items()
    }


def lag_records(worker: Worker) -> Mapping[str, float]:
    """By topic, over all partitions."""
    lag: dict[str, float] = {}
    for topic, stream in worker.streams():
        lag[topic] = lag.get(topic, 0) + stream.lag
    return lag


def lag_seconds(worker: Worker) -> Mapping[str, float]:
    """By topic, in the partition where it is most; 0 where all was taken."""
    now = time()
    lag: dict[str, float] = {}
    for topic, stream in worker.streams():
        is_behind = stream.lag > 0 and stream.reached != BEFORE_EVERYTHING
        behind = max(0.0, now - stream.reached / 1000) if is_behind else 0.0
        lag[topic] = max(lag.get(topic, 0.0), behind)
    return lag


def newest_events(worker: Worker) -> Mapping[str, float]:
    """By topic in epoch seconds, over all partitions; without topics that never had an event."""
    newest: dict[str, float] = {}
    for topic, stream in worker.streams():
        if stream.clock != BEFORE_EVERYTHING:
            newest[topic] = max(newest.get(topic, stream.clock / 1000), stream.clock / 1000)
    return newest


def evidence_behind(worker: Worker) -> Mapping[str, float]:
    """By topic in seconds, in the partition where it is most."""
    behind: dict[str, float] = {}
    for partition in worker.partitions:
        for topic, milliseconds in partition.evidence_behind.items():
            behind[topic] = max(behind.get(topic, 0.0), milliseconds / 1000)
    return behind


def stages(worker: Worker) -> Mapping[str, float]:
    """1 for the stage that it is in."""
    return {stage: float(stage == worker.engine.pulse.stage) for stage in STAGES}


def policy(worker: Worker) -> Mapping[tuple[str, str], float]:
    """1 for the policy in force."""
    in_force = worker.engine.policy
    return {(in_force.version, in_force.fingerprint): 1}
