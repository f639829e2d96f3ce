"""What a run over a recording shows to whoever analyses it, event by event."""

from typing import final

from schemas.outputs import Decision
from schemas.records import Input
from streams.recording.ordered_event import OrderedEvent
from streams.suppression.join import Join


@final
class Step:
    """An event that was applied, or the events of one record; or a share that was made here."""

    __slots__ = ("decisions", "event", "joins", "ordered")

    def __init__(
        self,
        event: Input,
        decisions: tuple[Decision | None, ...],
        joins: tuple[Join, ...],
        ordered: OrderedEvent,
    ) -> None:
        self.event = event
        self.decisions = decisions
        """For each policy the decision on a request, without `as_of`; of other events None."""
        self.joins = joins
        """For each policy the join that holds the person."""
        self.ordered = ordered
        """The event with all that orders it; of a share made here, the one that led to it."""

    @property
    def clock(self) -> int:
        """The newest event time of its partition, this event's included, in milliseconds."""
        return self.ordered.clock
