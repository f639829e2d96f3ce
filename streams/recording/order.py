"""The order of SPEC 6 over a whole recording, of which each process knows only its own persons.

A record is ordered by the clock of its stream first, and everybody's records move that clock. So
processes send each other when their own records moved the clocks on (`Clocks`). Nothing else needs
to be known of each other's records: at each record the newest event time of its partition is the
clock by which it is ordered, since whoever moved a clock so far came before.

Shares are the exception (SPEC 9): they have a clock by which they are ordered, but are no events,
and one may take effect in a partition that has no record there. What the newest event time is then,
`NewestTimes` tells.
"""

import heapq
from array import array
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import final

from schemas.records import Input
from schemas.topics import RANKS, REROUTED, SHARES, STREAMS
from streams.engine.alignment import BEFORE_EVERYTHING
from streams.recording.clocks import Clocks
from streams.recording.ordered_event import OrderedEvent

Move = tuple[int, int, int]
"""Offset, line and time of a record that moves its stream's clock."""


@final
class Order:
    """The valid records of some persons: first all are added, then they are put in order.

    Lines of a recording are nearly always in the order of their streams' offsets. So each record
    is given the clock that its stream has then, and only where that is not all, all anew.
    """

    def __init__(self) -> None:
        self._events: list[OrderedEvent] = []
        """In the order of their lines."""
        self._rerouted: list[OrderedEvent] = []
        self._streams: dict[str, dict[int, _Stream]] = {}
        """By topic and partition."""
        self._are_clocked = True
        """Whether the events have the clocks that all these records come to."""

    def add(self, partition: int, topic: str, offset: int, line: int, event: Input) -> None:
        """Add the record of a line; each has a later line than the one before."""
        partitions = self._streams.get(topic)
        if partitions is None:
            partitions = self._streams[topic] = {}
        stream = partitions.get(partition)
        if stream is None:
            stream = partitions[partition] = _Stream(RANKS[topic])
        if offset < stream.offset:
            self._are_clocked = False
        stream.offset = offset
        ts = event.ts
        stream.clock = max(stream.clock, ts)
        self._events.append(OrderedEvent(stream.clock, stream.rank, partition, offset, line, event))

    def reroute(self, homes: dict[str, int]) -> int:
        """Move the records of these persons to their partition; returns how many were elsewhere."""
        kept: list[OrderedEvent] = []
        for each in self._events if homes else ():
            home = homes.get(each.event.user_id)
            if home is None or home == each.partition:
                kept.append(each)
            else:
                each.offset = (each.rank, each.offset, each.partition)
                each.clock, each.rank, each.partition = each.event.ts, RANKS[REROUTED], home
                self._rerouted.append(each)
        if self._rerouted:
            self._events = kept
            self._are_clocked = False
        return len(self._rerouted)

    def clocks(self) -> Clocks:
        """When these records move the clocks on."""
        clocks = Clocks({})
        for (rank, partition), events in self._by_stream().items():
            offsets, lines, times = array("q"), array("q"), array("q")
            for each in events:
                ts = each.event.ts
                if not times or ts > times[-1]:
                    offsets.append(each.offset)
                    lines.append(each.line)
                    times.append(ts)
            topic = STREAMS[rank]
            clocks.moves[partition, topic] = (offsets, lines, times)
            if topic != SHARES:
                clocks.reach(partition, times[-1])
        rerouted: dict[int, set[int]] = {}
        for each in self._rerouted:
            rerouted.setdefault(each.partition, set()).add(each.clock)
        for home, times_there in rerouted.items():
            clocks.rerouted[home] = array("q", sorted(times_there))
            clocks.reach(home, max(times_there))
        return clocks

    def in_order(self, others: Sequence[Clocks] = ()) -> list[OrderedEvent]:
        """All these records in their order; nothing is left here."""
        if others or not self._are_clocked:
            for (rank, partition), events in self._by_stream().items():
                _move_clocks(events, _moves(others, partition, STREAMS[rank]))
        found, self._events = self._events, []
        found += self._rerouted
        self._rerouted, self._streams = [], {}
        found.sort()
        return found

    def _by_stream(self) -> dict[tuple[int, int], list[OrderedEvent]]:
        """The events by rank and partition, each stream's in the order of offset and line."""
        streams: dict[tuple[int, int], list[OrderedEvent]] = {}
        for each in self._events:
            streams.setdefault((each.rank, each.partition), []).append(each)
        for events in streams.values():
            events.sort(key=attrgetter("offset"))
        return streams


@final
class _Stream:
    """The records of a partition of a topic so far."""

    __slots__ = ("clock", "offset", "rank")

    def __init__(self, rank: int) -> None:
        self.rank = rank
        self.offset = -1
        """That of the last one."""
        self.clock = BEFORE_EVERYTHING
        """The newest of their times."""


def _moves(others: Sequence[Clocks], partition: int, topic: str) -> Iterator[Move]:
    """How the records of others move the clock of a stream."""
    stream = (partition, topic)
    theirs = [other.moves[stream] for other in others if stream in other.moves]
    return heapq.merge(*[zip(*columns, strict=True) for columns in theirs])


def _move_clocks(events: list[OrderedEvent], moves: Iterator[Move]) -> None:
    """Give each event of a stream its clock, which the records of others move as well."""
    clock = BEFORE_EVERYTHING
    move = next(moves, None)
    for each in events:
        while move is not None and (move[0], move[1]) < (each.offset, each.line):
            clock = max(clock, move[2])
            move = next(moves, None)
        clock = each.clock = max(clock, each.event.ts)
