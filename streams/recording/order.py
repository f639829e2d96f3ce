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
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.records import Input
from schemas.topics import RANKS, REROUTED, SHARES
from streams.engine.alignment import BEFORE_EVERYTHING

Stream = tuple[int, str]
"""A partition of a topic."""

Entry = tuple[int, int, Input]
"""A record of a stream: offset, line of the recording, event. They compare as they follow each
other; no two have the same line, so events are never compared."""


class OrderedEvent(NamedTuple):
    """An event with all that orders it. Ordered events compare as they follow each other."""

    clock: int
    """The newest event time of the partition once this event was applied, in milliseconds."""
    rank: int
    partition: int
    offset: Any
    """The offset; of rerouted records all that orders them among themselves."""
    line: int
    event: Input

    @property
    def order_key(self) -> tuple[Any, ...]:
        """What orders it among the events of all processes."""
        return self[:-1]


@dataclass(slots=True)
class Clocks:
    """How far the records of some persons move the clocks."""

    moves: dict[Stream, tuple[Sequence[int], Sequence[int], Sequence[int]]]
    """By stream the offset, line and time of each record that is newer than all before it."""
    newest: dict[int, int] = field(default_factory=dict)
    """By partition the newest event time of all its records."""
    rerouted: dict[int, Sequence[int]] = field(default_factory=dict)
    """By partition the times of the records that are rerouted to it, in their order."""


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


class Order:
    """The valid records of some persons: first all are added, then they are put in order."""

    def __init__(self) -> None:
        self._streams: dict[Stream, list[Entry]] = defaultdict(list)
        self._rerouted: dict[int, list[OrderedEvent]] = {}

    def add(self, partition: int, topic: str, entry: Entry) -> None:
        """Add a record."""
        self._streams[partition, topic].append(entry)

    def reroute(self, homes: dict[str, int]) -> int:
        """Move the records of these persons to their partition; returns how many were elsewhere."""
        rerouted: dict[int, list[OrderedEvent]] = defaultdict(list)
        for (partition, topic), entries in self._streams.items() if homes else ():
            kept = []
            for entry in entries:
                offset, line, event = entry
                home = homes.get(event.user_id, partition)
                if home == partition:
                    kept.append(entry)
                else:
                    origin = (RANKS[topic], offset, partition)
                    rerouted[home].append(
                        OrderedEvent(event.ts, RANKS[REROUTED], home, origin, line, event)
                    )
            self._streams[partition, topic] = kept
        self._rerouted = rerouted
        return sum(map(len, rerouted.values()))

    def clocks(self) -> Clocks:
        """When these records move the clocks on."""
        clocks = Clocks({})
        for stream, entries in self._streams.items():
            entries.sort()
            moves = list(_moves(entries))
            if moves:
                offsets, lines, times = zip(*moves, strict=True)
                clocks.moves[stream] = (array("q", offsets), array("q", lines), array("q", times))
                if stream[1] != SHARES:
                    _note(clocks.newest, stream[0], times[-1])
        for home, rerouted in self._rerouted.items():
            clocks.rerouted[home] = array("q", sorted({event.clock for event in rerouted}))
            _note(clocks.newest, home, clocks.rerouted[home][-1])
        return clocks

    def in_order(self, others: Sequence[Clocks] = ()) -> list[OrderedEvent]:
        """All these records in their order; nothing is left here."""
        found: list[OrderedEvent] = []
        for (partition, topic), entries in self._streams.items():
            entries.sort()
            stream = (partition, topic)
            theirs = [other.moves[stream] for other in others if stream in other.moves]
            moves = [zip(*columns, strict=True) for columns in theirs]
            rank = RANKS[topic]
            found += [
                OrderedEvent(clock, rank, partition, offset, line, event)
                for clock, (offset, line, event) in _clocked(entries, heapq.merge(*moves))
            ]
        for rerouted in self._rerouted.values():
            found += rerouted
        self._streams.clear()
        self._rerouted.clear()
        found.sort()
        return found


def newest_of(clocks: Iterable[Clocks]) -> dict[int, int]:
    """By partition the newest event time of all its records."""
    newest: dict[int, int] = {}
    for each in clocks:
        for partition, ts in each.newest.items():
            _note(newest, partition, ts)
    return newest


def _note(newest: dict[int, int], partition: int, ts: int) -> None:
    newest[partition] = max(ts, newest.get(partition, ts))


def _moves(entries: Iterable[Entry]) -> Iterator[tuple[int, int, int]]:
    clock = BEFORE_EVERYTHING
    for offset, line, event in entries:
        if event.ts > clock:
            clock = event.ts
            yield offset, line, event.ts


def _clocked(
    entries: Iterable[Entry], moves: Iterator[tuple[int, int, int]]
) -> Iterator[tuple[int, Entry]]:
    """Each record with its stream's clock, moved by other people's records as well."""
    clock = BEFORE_EVERYTHING
    move = next(moves, None)
    for entry in entries:
        while move is not None and move < entry:
            clock = max(clock, move[2])
            move = next(moves, None)
        ts = entry[2].ts
        clock = max(clock, ts)
        yield int(clock), entry
