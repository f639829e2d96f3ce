"""Counts that add up."""

from dataclasses import fields
from typing import Any, Self


class Tally:
    """A dataclass all of whose fields add up, such as numbers and Counters."""

    __slots__ = ()

    def merge(self, other: Self) -> None:
        """Add another's counts."""
        counts: Any = self
        for field in fields(counts):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
