"""A member of a consumer group, as far as an engine knows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.topic_partition import TopicPartition


class Position(NamedTuple):
    """Where reading a partition has got to, and up to where the broker is known to hold more."""

    next_offset: int
    known_end: int | None


class Polled(NamedTuple):
    """Records by partition, and the positions that belong to them."""

    records: Mapping[TopicPartition, Sequence[Any]]
    """aiokafka's `ConsumerRecord`, in the order of their offsets."""
    positions: Mapping[TopicPartition, Position]
    """Of every assigned partition that has one."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """What the group has assigned to this worker, and the generation in which it did."""

    partitions: frozenset[TopicPartition]
    metadata: GroupMetadata


class GroupConsumer(Protocol):
    """A member of the group that fetches what it is assigned."""

    async def poll(self, partitions: set[TopicPartition], seconds: float) -> Polled:
        """What was fetched of these partitions, after waiting up to so long for the first record.

        Raises what keeps this member out of the group.
        """

    async def assigned(self) -> Assigned:
        """The assignment that holds now."""

    async def standbys(self) -> set[int]:
        """The numbers of the partitions that the group wants kept warm here for others."""

    async def commit_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit offsets outside of a transaction."""

    async def rejoin(self) -> None:
        """Have the group assign anew, even if it does not know that it must."""

    async def keep_alive(self) -> None:
        """Count as polling during a long restore, or the group would consider this worker stuck."""
