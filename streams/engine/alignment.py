"""The order in which a group's records are taken: that of a merge by time (SPEC 6).

A group is the partitions of all person topics with one number. Each of its partitions has a
clock, the newest event time that it has shown so far, and a record's place is (its partition's
clock with it included, the topic's rank, its offset). A record waits only for partitions that are
known to hold more, and of those only for what could still come before it.
"""

import sys
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic, TypeVar

Item = TypeVar("Item")
Place = tuple[float, int, int]

BEFORE_EVERYTHING = float("-inf")
UNKNOWN_END = sys.maxsize
"""The known end of a partition of which the broker has not told yet: it may hold anything."""


@dataclass(slots=True)
class Stream(Generic[Item]):
    """One partition of a group: what was fetched of it and not yet taken."""

    rank: int
    clock: float = BEFORE_EVERYTHING
    """The newest event time shown so far; minus infinity before the first."""
    next_offset: int = 0
    """The offset after the last record that was fetched."""
    known_end: int = 0
    """The offset after the last record that the broker is known to hold."""
    waiting: list[tuple[Place, Item]] = field(default_factory=list)

    def add(self, offset: int, ts: int | None, item: Item) -> None:
        """Take in the next record; `ts` is None for one that does not move the clock."""
        if ts is not None and ts > self.clock:
            self.clock = ts
        self.waiting.append(((self.clock, self.rank, offset), item))
        self.next_offset = offset + 1

    @property
    def bound(self) -> Place | None:
        """The least place that a record still to be fetched may have; None if none is known."""
        if self.next_offset >= self.known_end:
            return None
        return self.clock, self.rank, self.next_offset

    @property
    def lag(self) -> int:
        """How many offsets are known to hold what was not taken yet."""
        reached = self.waiting[0][0][2] if self.waiting else self.next_offset
        end = self.next_offset if self.known_end == UNKNOWN_END else self.known_end
        return max(end, self.next_offset) - reached

    @property
    def reached(self) -> float:
        """The event time up to which it was taken, or that of what is next, where that waits."""
        return self.waiting[0][0][0] if self.waiting else self.clock


class Alignment(Generic[Item]):
    """The streams of one group, merged by time."""

    def __init__(self) -> None:
        self.streams: dict[str, Stream[Item]] = {}

    def stream(self, topic: str, rank: int) -> Stream[Item]:
        """The stream of a topic, new if it was not there."""
        stream = self.streams.get(topic)
        if stream is None:
            stream = self.streams[topic] = Stream(rank)
        return stream

    @property
    def waiting(self) -> int:
        """How many records were fetched and not yet taken."""
        return sum(len(stream.waiting) for stream in self.streams.values())

    def take(self) -> list[tuple[Place, Item]]:
        """Take, in order, the records that nothing known can come before any more."""
        bounds = [stream.bound for stream in self.streams.values()]
        bound = min((place for place in bounds if place is not None), default=None)
        taken: list[tuple[Place, Item]] = []
        for stream in self.streams.values():
            waiting = stream.waiting
            if bound is None or (waiting and waiting[-1][0] < bound):
                taken += waiting
                stream.waiting = []
            elif waiting and waiting[0][0] < bound:
                first = next(i for i, (place, _) in enumerate(waiting) if place >= bound)
                taken += waiting[:first]
                stream.waiting = waiting[first:]
        taken.sort(key=itemgetter(0))
        return taken
