"""The order in which a group's records are processed: that of a merge by time (SPEC 6).

A group is the partitions of all person topics with one number. Each of its partitions has a
clock, the newest event time that it has shown so far, and a record's order key is (its partition's
clock with it included, the topic's rank, its offset). A record waits only for partitions that are
known to hold more, and of those only for what could still come before it.
"""

import sys
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

OrderKey = tuple[int, int, int]
"""The key by which a group orders its records: clock, rank and offset."""

BEFORE_EVERYTHING: Final = -(2**63)
"""No event time is before that."""
UNKNOWN_END: Final = sys.maxsize
"""The known end of a partition before the broker has reported it: any records may come."""


@dataclass(slots=True)
class RecordQueue(Generic[Item]):
    """The records of one partition that were fetched and wait for their turn."""

    rank: int
    clock: int = BEFORE_EVERYTHING
    """The newest event time shown so far."""
    next_offset: int = 0
    """The offset after the last record that was fetched."""
    known_end: int = 0
    """The offset after the last record that the broker is known to hold."""
    waiting: list[tuple[OrderKey, Item]] = field(default_factory=list)

    def append(self, offset: int, ts: int | None, item: Item) -> None:
        """Add the next record; `ts` is None for one that does not move the clock."""
        if ts is not None and ts > self.clock:
            self.clock = ts
        self.waiting.append(((self.clock, self.rank, offset), item))
        self.next_offset = offset + 1

    @property
    def bound(self) -> OrderKey | None:
        """The least key that a record still to be fetched may have; None if none is known."""
        if self.next_offset >= self.known_end:
            return None
        return self.clock, self.rank, self.next_offset

    @property
    def lag(self) -> int:
        """How many offsets are known to hold records that were not processed yet."""
        reached = self.waiting[0][0][2] if self.waiting else self.next_offset
        end = self.next_offset if self.known_end == UNKNOWN_END else self.known_end
        return max(end, self.next_offset) - reached

    @property
    def reached(self) -> int:
        """The event time up to which records were processed, or that of the next one waiting."""
        return self.waiting[0][0][0] if self.waiting else self.clock


class PartitionGroup(Generic[Item]):
    """The record queues of the partitions with one number, merged by time."""

    def __init__(self) -> None:
        self.queues: dict[str, RecordQueue[Item]] = {}

    def queue(self, stream: str, rank: int) -> RecordQueue[Item]:
        """The queue of a stream, new if it was not there."""
        queue = self.queues.get(stream)
        if queue is None:
            queue = self.queues[stream] = RecordQueue(rank)
        return queue

    @property
    def waiting(self) -> int:
        """How many records wait for their turn."""
        return sum(len(queue.waiting) for queue in self.queues.values())

    def pop_ready(self) -> list[tuple[OrderKey, Item]]:
        """Remove, in order, the records that nothing known can come before any more."""
        bounds = [queue.bound for queue in self.queues.values()]
        bound = min((key for key in bounds if key is not None), default=None)
        ready: list[tuple[OrderKey, Item]] = []
        for queue in self.queues.values():
            waiting = queue.waiting
            if bound is None or (waiting and waiting[-1][0] < bound):
                ready += waiting
                queue.waiting = []
            elif waiting and waiting[0][0] < bound:
                first = next(i for i, (key, _) in enumerate(waiting) if key >= bound)
                ready += waiting[:first]
                queue.waiting = waiting[first:]
        ready.sort(key=itemgetter(0))
        return ready
