"""How far records move the clocks by which a recording is ordered, for other processes to know."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from schemas.topics import RANKS, REROUTED, SHARES
from streams.recording.ordered_event import OrderedEvent

Stream = tuple[int, str]
"""A partition of a topic."""


@dataclass(slots=True)
class Clocks:
    """How far the records of some persons move the clocks."""

    moves: dict[Stream, tuple[Sequence[int], Sequence[int], Sequence[int]]]
    """By stream the offset, line and time of each record that is newer than all before it."""
    newest: dict[int, int] = field(default_factory=dict)
    """By partition the newest event time of all its records."""
    rerouted: dict[int, Sequence[int]] = field(default_factory=dict)
    """By partition the times of the records that are rerouted to it, in their order."""

    def reach(self, partition: int, ts: int) -> None:
        """Note an event time of a partition."""
        self.newest[partition] = max(ts, self.newest.get(partition, ts))


class NewestTimes:
    """The newest event time of each partition at any place in the order of all of them."""

    def __init__(self, clocks: Iterable[Clocks]) -> None:
        """`clocks` are those of all processes."""
        self._times: dict[int, list[tuple[int, Sequence[int]]]] = defaultdict(list)
        """By partition the rank of each stream and its growing times."""
        for each in clocks:
            for (partition, topic), (_, _, times) in each.moves.items():
                if topic != SHARES:
                    self._times[partition].append((RANKS[topic], times))
            for partition, times in each.rerouted.items():
                self._times[partition].append((RANKS[REROUTED], times))

    def before(self, partition: int, place: OrderedEvent) -> int | None:
        """The newest event time of a partition before a place in the order; None without any."""
        found: int | None = None
        for rank, times in self._times.get(partition, ()):
            reached = bisect_left(times, place.clock)
            is_before = (rank, partition) < (place.rank, place.partition)
            if is_before and reached < len(times) and times[reached] == place.clock:
                reached += 1
            if reached and (found is None or times[reached - 1] > found):
                found = times[reached - 1]
        return found


def newest_of(clocks: Iterable[Clocks]) -> dict[int, int]:
    """By partition the newest event time of all its records."""
    newest = Clocks({})
    for each in clocks:
        for partition, ts in each.newest.items():
            newest.reach(partition, ts)
    return newest.newest
