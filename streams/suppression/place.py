"""The evidence that counts for one scope value."""

from collections.abc import Iterator
from typing import Any, TypeVar

from streams.suppression.claims import FOREVER, Claim, LineRule
from streams.suppression.evidence import LineKey, ShownKey
from streams.suppression.retention import Ending

Key = TypeVar("Key")


class Place:
    """The evidence that counts for one scope value, and what is read from it.

    `line_ends` and the like say when each piece claims nothing any more; None is never. They and
    `claims` hold while `is_read`.
    """

    __slots__ = (
        "claims",
        "dismissal_ends",
        "dismissals",
        "first_end",
        "impression_ends",
        "impressions",
        "is_read",
        "line_ends",
        "lines",
        "scope_value",
    )

    def __init__(self, scope_value: tuple[str, str]) -> None:
        self.scope_value = scope_value
        self.lines: dict[LineKey, LineRule] = {}
        self.dismissals: dict[str, None] = {}
        self.impressions: dict[ShownKey, None] = {}
        self.is_read = False
        self.claims: list[Claim] = []
        self.line_ends: dict[LineKey, int] = {}
        self.dismissal_ends: dict[str, int | None] = {}
        self.impression_ends: dict[ShownKey, int] = {}
        self.first_end: int | None = None

    def endings(self) -> Iterator[Ending]:
        """When each piece matters no more."""
        for line, end in self.line_ends.items():
            yield Ending("lines", line, end)
        for event_id, until in self.dismissal_ends.items():
            yield Ending("dismissals", event_id, FOREVER if until is None else until)
        for shown, end in self.impression_ends.items():
            yield Ending("impressions", shown, end)


Places = dict[str | None, Place]
"""The places of one scope by value. Nothing lies at None, but candidates may ask there."""


def leave(places: dict[Key, Place], key: Key) -> None:
    """Let a piece of evidence count nowhere any more."""
    place = places.pop(key, None)
    if place is not None:
        place.is_read = False
        everything: tuple[dict[Any, Any], ...] = (place.lines, place.dismissals, place.impressions)
        for counted in everything:
            counted.pop(key, None)
