"""The evidence that counts for one scope value."""

from streams.suppression.claims import Claim, LineRule
from streams.suppression.evidence import LineKey, ShownKey


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
        self.first_end: int | None = None
