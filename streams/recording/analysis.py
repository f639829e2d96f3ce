"""What can be found out in a run over a recording."""

from typing import Protocol, Self

from schemas.outputs import SuppressionList
from schemas.records import Event
from streams.recording.backtest import Step


class Analysis(Protocol):
    """Something that is found out person by person, so that shares add up to the whole.

    Each process has one, for its share of the persons; they are pickled and merged in the end.
    What comes of them must not depend on how many there were.
    """

    def observe(self, event: Event) -> None:
        """Take note of a valid event, before any is taken; they come in the order of the lines."""

    def take(self, step: Step) -> None:
        """Take note of an event that was just taken; they come in the order of SPEC 6."""

    def add_list(self, number: int, current: SuppressionList) -> None:
        """Take note of the list of a person as it is in the end, under a policy by number."""

    def merge(self, other: Self) -> None:
        """Add what another share came to."""
