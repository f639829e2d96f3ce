"""An event in its place among all events of a recording (SPEC 6)."""

from typing import Any, final

from schemas.records import Input


@final
class OrderedEvent:
    """An event with all that orders it. Ordered events compare as they follow each other."""

    __slots__ = ("clock", "event", "line", "offset", "partition", "rank")

    def __init__(
        self, clock: int, rank: int, partition: int, offset: Any, line: int, event: Input
    ) -> None:
        self.clock = clock
        """The newest event time of the partition once this event was applied, in milliseconds."""
        self.rank = rank
        self.partition = partition
        self.offset = offset
        """The offset; of rerouted records all that orders them among themselves."""
        self.line = line
        """That of the recording; no two have the same."""
        self.event = event

    def __lt__(self, other: "OrderedEvent") -> bool:
        if self.clock != other.clock:  # nearly always that is all there is to ask for
            return self.clock < other.clock
        return self.order_key < other.order_key

    @property
    def order_key(self) -> tuple[Any, ...]:
        """What orders it among the events of all processes."""
        return self.clock, self.rank, self.partition, self.offset, self.line
