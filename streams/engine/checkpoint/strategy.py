"""The two guarantees that a checkpoint can give."""

from collections.abc import Mapping
from typing import Protocol

from streams.engine.checkpoint.at_least_once import AtLeastOnce
from streams.engine.checkpoint.exactly_once import ExactlyOnce
from streams.engine.checkpoint.producer import BulkProducer
from streams.kafka.group_consumer import GroupConsumer
from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings


class CheckpointStrategy(Protocol):
    """How a checkpoint is committed: `ExactlyOnce` or `AtLeastOnce`."""

    name: str
    """As the setting `guarantee` has it."""

    @property
    def producer(self) -> BulkProducer:
        """What sends the records of a checkpoint."""

    async def commit(
        self, offsets: Mapping[TopicPartition, int], metadata: GroupMetadata, /
    ) -> None:
        """Make what was sent last, before the state is stored."""

    async def acknowledge(
        self, offsets: Mapping[TopicPartition, int], consumer: GroupConsumer, /
    ) -> None:
        """Commit these offsets, unless `commit` has: the state that includes them is stored."""


def strategy_of(settings: Settings) -> CheckpointStrategy:
    """The strategy for the guarantee of the settings."""
    return ExactlyOnce(settings) if settings.guarantee == "exactly_once" else AtLeastOnce(settings)
