"""What can be found out in a run over a recording."""

from typing import Protocol, Self

from schemas.outputs import SuppressionList
from schemas.records import Event
from streams.recording.step import Step


class Analysis(Protocol):
    """Something that is found out person by person, so that the parts add up to the whole.

    Each process has one, for its part of the persons. They are pickled and merged in the end.
    The result must not depend on how many there were.
    """

    def scan(self, event: Event) -> None:
        """Note a valid event before any is applied. Events come in the order of the lines."""

    def observe(self, step: Step) -> None:
        """Note an event that was just applied. Steps come in the order of SPEC 6."""

    def add_list(self, number: int, current: SuppressionList) -> None:
        """Note the final list of a person under the policy with this number."""

    def merge(self, other: Self) -> None:
        """Add the results for other people."""
