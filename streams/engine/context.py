"""What the parts of an engine share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.engine.checkpoint.strategy import CheckpointStrategy
from streams.engine.task import TaskSupplier
from streams.engine.telemetry.counts import EngineCounts
from streams.engine.telemetry.liveness import Liveness
from streams.kafka.group_consumer import GroupConsumer
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class EngineContext:
    """Made once for a worker, and the same for as long as it runs."""

    settings: Settings
    topics: Mapping[str, str]
    """The streams by the names of the topics that they are read from."""
    partitions: int
    """How many partitions each of these topics has."""
    tasks: TaskSupplier
    consumer: GroupConsumer
    strategy: CheckpointStrategy
    counts: EngineCounts = field(default_factory=EngineCounts)
    liveness: Liveness = field(default_factory=Liveness)
