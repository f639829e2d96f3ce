"""The evidence that counts for one scope value."""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from streams.suppression.claims import (
    FOREVER,
    Claim,
    LineRule,
    OwnedLine,
    ScopeValue,
    consent_claim,
    dismissal_claim,
    frequency_claim,
    merged,
    purchase_claims,
)
from streams.suppression.evidence import Evidence, LineKey, ShownKey
from streams.suppression.policy import Policy
from streams.suppression.refunding import Refunds
from streams.suppression.restoring import Restorations
from streams.suppression.retention import Ending, keep_what_prevents_lapsing
from streams.suppression.words import EVERYTHING

EVERYWHERE: Final[ScopeValue] = ("all", EVERYTHING)
"""The scope value that covers every candidate."""

Key = TypeVar("Key")

_NOTHING: Final[dict[Any, Any]] = {}
"""Shared by all that have none of a kind, as most have but of one; never written to."""


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
        self.lines: dict[LineKey, LineRule] = _NOTHING
        self.dismissals: dict[str, None] = _NOTHING
        self.impressions: dict[ShownKey, None] = _NOTHING
        self.is_read = False
        self.claims: list[Claim] = []
        self.line_ends: dict[LineKey, int] = _NOTHING
        self.dismissal_ends: dict[str, int | None] = _NOTHING
        self.impression_ends: dict[ShownKey, int] = _NOTHING
        self.first_end: int | None = None

    def add_line(self, key: LineKey, rule: LineRule) -> None:
        """Count an order line here, read by this rule."""
        if self.lines:
            self.lines[key] = rule
        else:
            self.lines = {key: rule}

    def add_dismissal(self, event_id: str) -> None:
        """Count a dismissal here."""
        if self.dismissals:
            self.dismissals[event_id] = None
        else:
            self.dismissals = {event_id: None}

    def add_impression(self, key: ShownKey) -> None:
        """Count an impression here."""
        if self.impressions:
            self.impressions[key] = None
        else:
            self.impressions = {key: None}

    def read(
        self,
        evidence: Evidence,
        policy: Policy,
        refunds: Refunds | None,
        restorations: Restorations | None,
    ) -> None:
        """Read the evidence here anew; what came back and what was taken back is given apart.

        `refunds` may be None where nothing came back, `restorations` where nothing was dismissed.
        """
        self.line_ends = self.dismissal_ends = self.impression_ends = _NOTHING
        self.first_end = None
        claims: list[Claim] = []
        if self.lines:
            claims += purchase_claims(self.scope_value, self._owned_lines(evidence, refunds))
            self._end_at(min(self.line_ends.values()))
        if self.dismissals and restorations is not None:
            self._read_dismissals(claims, evidence, policy, restorations)
        if self.impressions:
            shown = {key: evidence.impressions[key] for key in self.impressions}
            length = policy.frequency_length
            self.impression_ends = {key: ts + length for key, ts in shown.items()}
            self._end_at(min(self.impression_ends.values()))
            if cap := frequency_claim(self.scope_value, shown, policy):
                claims.append(cap)
        if self.scope_value == EVERYWHERE and (no_consent := consent_claim(evidence, policy)):
            claims.append(no_consent)
        self.claims = merged(claims) if len(claims) > 1 else claims
        self.is_read = True

    def _end_at(self, end: int) -> None:
        if self.first_end is None or end < self.first_end:
            self.first_end = end

    def _read_dismissals(
        self,
        claims: list[Claim],
        evidence: Evidence,
        policy: Policy,
        restorations: Restorations,
    ) -> None:
        """Add what the dismissals claim that were not taken back; of all of them say the ends."""
        self.dismissal_ends = {}
        for event_id in self.dismissals:
            said = evidence.dismissals[event_id]
            claim = dismissal_claim(self.scope_value, event_id, said, policy)
            restored = restorations.first(said)
            end = claim.until
            if restored is None:
                claims.append(claim)
            elif end is None or restored < end:
                end = restored
            self.dismissal_ends[event_id] = end
            if end is not None:
                self._end_at(end)

    def _owned_lines(self, evidence: Evidence, refunds: Refunds | None) -> list[OwnedLine]:
        """The lines of which something was kept; and of all lines when they end.

        A line that is not owned ends as if it still were. One that keeps an earlier line from
        lapsing matters as long as that one would.
        """
        owned: list[OwnedLine] = []
        may_lapse = False
        self.line_ends = {}
        for key, rule in self.lines.items():
            line = evidence.lines[key]
            net = line.quantity - (0 if refunds is None else refunds.quantity(key))
            is_owned = net > 0 and key[0] not in evidence.voided
            times = rule.times(line.ts, net if is_owned else line.quantity)
            self.line_ends[key] = times.ends
            if is_owned:
                owned.append(OwnedLine(key, line, times))
                may_lapse = may_lapse or times.lapses is not None
        if may_lapse:
            keep_what_prevents_lapsing(owned, self.line_ends)
        return owned

    def endings(self) -> Iterator[Ending]:
        """When each piece matters no more."""
        for line, end in self.line_ends.items():
            yield Ending("lines", line, end)
        for event_id, until in self.dismissal_ends.items():
            yield Ending("dismissals", event_id, FOREVER if until is None else until)
        for shown, end in self.impression_ends.items():
            yield Ending("impressions", shown, end)


def leave(places: dict[Key, Place], key: Key) -> None:
    """Let a piece of evidence count nowhere any more."""
    place = places.pop(key, None)
    if place is not None:
        place.is_read = False
        everything: tuple[dict[Any, Any], ...] = (place.lines, place.dismissals, place.impressions)
        for counted in everything:
            counted.pop(key, None)
