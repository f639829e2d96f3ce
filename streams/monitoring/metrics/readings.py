"""Reading from the engine what it does not count: how far it is, and what it has at hand.

All of it is read on the event loop, between two batches, so nothing is half done.
"""

from collections.abc import Iterator, Mapping
from time import time
from typing import Any, Final, NamedTuple, cast, get_args

from schemas.topics import REROUTED, SHARES
from streams.agents.supplier import SuppressTasks
from streams.agents.suppress import SuppressTask
from streams.engine.alignment import BEFORE_EVERYTHING, RecordQueue
from streams.engine.loop import Engine
from streams.engine.partition_processor import PartitionProcessor
from streams.engine.telemetry.histogram import Histogram
from streams.engine.telemetry.liveness import Stage

REROUTE: Final = "reroute"
"""The rerouting topic, whose stream has another name."""
STAGES: Final[tuple[str, ...]] = get_args(Stage)


class Worker(NamedTuple):
    """What the metrics of a worker are read from."""

    engine: Engine
    tasks: SuppressTasks
    stalls: Histogram
    """Seconds by which its event loop was late."""

    @property
    def processors(self) -> list[PartitionProcessor]:
        """The partition groups at work."""
        return [*self.engine.assignment.processors.values()]

    @property
    def tasks_at_work(self) -> list[SuppressTask]:
        """The tasks of these."""
        return [cast(SuppressTask, processor.task) for processor in self.processors]

    def queues(self) -> Iterator[tuple[str, RecordQueue[Any]]]:
        """Every queue of every partition group, with the default name of its topic."""
        for processor in self.processors:
            for stream, queue in processor.group.queues.items():
                yield topic_of(stream), queue


def topic_of(stream: str) -> str:
    """The default name of the topic of a stream."""
    return REROUTE if stream == REROUTED else stream


def by_topic(counts: Mapping[str, float]) -> Mapping[str, float]:
    """What was counted by stream."""
    return {topic_of(stream): count for stream, count in counts.items()}


def sent(worker: Worker) -> Mapping[str, float]:
    """Records by output topic; each is counted where it is made, so not once more when sent."""
    counts = worker.tasks.counts
    return {
        "decisions": counts.decided,
        "suppressions": counts.lists,
        "dead-letters": counts.dead.total(),
        SHARES: counts.shares_sent,
        REROUTE: counts.rerouted,
        "changelog": worker.engine.context.counts.changes,
    }


def dead_letters(worker: Worker) -> Mapping[tuple[str, str], float]:
    """By code and by where they are from."""
    counts = worker.tasks.counts
    persons = counts.dead - counts.dead_products
    return {(code, "persons"): count for code, count in persons.items()} | {
        (code, "catalog"): count for code, count in counts.dead_products.items()
    }


def lag_records(worker: Worker) -> Mapping[str, float]:
    """By topic, over all partitions."""
    lag: dict[str, float] = {}
    for topic, queue in worker.queues():
        lag[topic] = lag.get(topic, 0) + queue.lag
    return lag


def lag_seconds(worker: Worker) -> Mapping[str, float]:
    """By topic, in the partition where it is most; 0 where all was processed."""
    now = time()
    lag: dict[str, float] = {}
    for topic, queue in worker.queues():
        is_behind = queue.lag > 0 and queue.reached != BEFORE_EVERYTHING
        behind = max(0.0, now - queue.reached / 1000) if is_behind else 0.0
        lag[topic] = max(lag.get(topic, 0.0), behind)
    return lag


def newest_events(worker: Worker) -> Mapping[str, float]:
    """By topic in epoch seconds, over all partitions; without topics that never had an event."""
    newest: dict[str, float] = {}
    for topic, queue in worker.queues():
        if queue.clock != BEFORE_EVERYTHING:
            newest[topic] = max(newest.get(topic, queue.clock / 1000), queue.clock / 1000)
    return newest


def evidence_behind(worker: Worker) -> Mapping[str, float]:
    """By topic in seconds, in the partition where it is most."""
    behind: dict[str, float] = {}
    for task in worker.tasks_at_work:
        for topic, milliseconds in task.evidence_behind.items():
            behind[topic] = max(behind.get(topic, 0.0), milliseconds / 1000)
    return behind


def stages(worker: Worker) -> Mapping[str, float]:
    """1 for the stage that it is in."""
    return {stage: float(stage == worker.engine.context.liveness.stage) for stage in STAGES}


def policy(worker: Worker) -> Mapping[tuple[str, str], float]:
    """1 for the policy in force."""
    in_force = worker.tasks.policy
    return {(in_force.version, in_force.fingerprint): 1}
