"""The evidence that counts for one scope value."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol, TypeVar

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

Piece = tuple[str, Any]
"""Kind and key of a piece of evidence: the attribute that has it, here and in `Evidence`."""

_NOTHING: Final[dict[Any, Any]] = {}
"""Shared by all that have none of a kind, as most have but of one; never written to."""


class Place:
    """The evidence that counts for one scope value; `claims` and `first_end` hold while `is_read`.

    When which piece of it ends is worked out anew when it is asked for, which is seldom: it would
    take as much memory as the evidence.
    """

    __slots__ = (
        "claims",
        "dismissals",
        "first_end",
        "impressions",
        "is_read",
        "is_told",
        "lines",
        "scope_value",
    )

    def __init__(self, scope_value: tuple[str, str]) -> None:
        self.scope_value = scope_value
        self.lines: dict[LineKey, LineRule] = _NOTHING
        self.dismissals: dict[str, None] = _NOTHING
        self.impressions: dict[ShownKey, None] = _NOTHING
        self.is_read = scope_value != EVERYWHERE
        """There is nothing to be read yet, but for consent."""
        self.is_told = False
        """Whether these claims were told by `Reading.changes`."""
        self.claims: Sequence[Claim] = ()
        self.first_end: int | None = None
        """When the first piece claims nothing any more; None if that never comes."""

    def add_line(self, key: LineKey, rule: LineRule, facts: "Facts") -> None:
        """Count an order line here, read by this rule."""
        is_new = key not in self.lines
        if self.lines:
            self.lines[key] = rule
        else:
            self.lines = {key: rule}
        self.is_read = self.is_read and is_new and self._read_line(key, rule, facts)

    def _read_line(self, key: LineKey, rule: LineRule, facts: "Facts") -> bool:
        """Read only a new line; False when that may change what others claim, so all must be."""
        if rule.replenish_days is not None:
            return False
        claims = self.claims
        if claims and any(other.replenish_days for other in self.lines.values()):
            return False
        line = facts.evidence.lines[key]
        is_kept = facts.refunds is None and not facts.evidence.voided
        kept = line.quantity if is_kept else kept_of(key, facts)
        if not kept:
            return False
        until = rule.end(line.ts)
        claim = Claim(*self.scope_value, "purchased", line.ts, until, (line.event_id,))
        if not claims:
            self.claims = (claim,)
        elif _goes_before(claim, claims[0]):
            self.claims = (claim, *claims)
        elif any(known[:5] == claim[:5] for known in claims):
            return False  # they are one claim
        else:
            at = bisect(claims, claim.rank(), key=Claim.rank)
            self.claims = (*claims[:at], claim, *claims[at:])
        self.is_told = False
        self.first_end = until if self.first_end is None else min(self.first_end, until)
        return True

    def add_dismissal(self, event_id: str) -> None:
        """Count a dismissal here."""
        if self.dismissals:
            self.dismissals[event_id] = None
        else:
            self.dismissals = {event_id: None}
        self.is_read = False

    def add_impression(self, key: ShownKey) -> None:
        """Count an impression here."""
        if self.impressions:
            self.impressions[key] = None
        else:
            self.impressions = {key: None}
        self.is_read = False

    def read(self, facts: "Facts") -> None:
        """Read the evidence here anew."""
        claims: list[Claim] = []
        ends: list[int] = []
        if self.lines:
            owned, line_ends = self.owned_lines(facts)
            claims += purchase_claims(self.scope_value, owned)
            ends += line_ends.values()
        for event_id in self.dismissals:
            claim, end = self._dismissal(event_id, facts)
            if claim is not None:
                claims.append(claim)
            if end is not None:
                ends.append(end)
        if self.impressions:
            shown = {key: facts.evidence.impressions[key] for key in self.impressions}
            ends.append(min(shown.values()) + facts.policy.frequency_length)
            if cap := frequency_claim(self.scope_value, shown, facts.policy):
                claims.append(cap)
        if self.scope_value == EVERYWHERE and (
            no_consent := consent_claim(facts.evidence, facts.policy)
        ):
            claims.append(no_consent)
        self.claims = tuple(merged(claims) if len(claims) > 1 else claims)
        self.first_end = min(ends) if ends else None
        self.is_read = True
        self.is_told = False

    def endings(self, facts: "Facts") -> Iterator[Ending]:
        """When each piece matters no more."""
        for line, end in self.line_ends(facts).items():
            yield Ending("lines", line, end)
        for event_id in self.dismissals:
            _, until = self._dismissal(event_id, facts)
            yield Ending("dismissals", event_id, FOREVER if until is None else until)
        for shown in self.impressions:
            end = facts.evidence.impressions[shown] + facts.policy.frequency_length
            yield Ending("impressions", shown, end)

    def ended(self, cutoff: int, facts: "Facts") -> list[Piece]:
        """The pieces that matter no more since before the cutoff."""
        if not self._is_independent:
            return [(kind, key) for kind, key, end in self.endings(facts) if end < cutoff]
        lines = facts.evidence.lines
        return [
            ("lines", key) for key, rule in self.lines.items() if rule.end(lines[key].ts) < cutoff
        ]

    def remove(self, ended: Sequence[Piece], cutoff: int, facts: "Facts") -> None:
        """Let pieces count no more that ended before the cutoff."""
        for kind, key in ended:
            getattr(self, kind).pop(key)
        if not self._is_independent:
            self.read(facts)
            return
        lines = facts.evidence.lines
        ends = [rule.end(lines[key].ts) for key, rule in self.lines.items()]
        self.first_end = min(ends, default=None)
        self.claims = tuple([claim for claim in self.claims if not _ended(claim, cutoff)])
        self.is_told = False

    @property
    def _is_independent(self) -> bool:
        """Whether what each piece claims, and until when, depends on no other one."""
        if self.dismissals or self.impressions or self.scope_value == EVERYWHERE:
            return False
        return all(rule.replenish_days is None for rule in self.lines.values())

    def line_ends(self, facts: "Facts") -> dict[LineKey, int]:
        """When each order line claims nothing any more."""
        return self.owned_lines(facts)[1] if self.lines else {}

    def _dismissal(self, event_id: str, facts: "Facts") -> tuple[Claim | None, int | None]:
        """What a dismissal claims unless it was taken back, and when it ends; None is never."""
        said = facts.evidence.dismissals[event_id]
        claim = dismissal_claim(self.scope_value, event_id, said, facts.policy)
        restored = facts.restorations.first(said)
        if restored is None:
            return claim, claim.until
        return None, restored if claim.until is None else min(claim.until, restored)

    def owned_lines(self, facts: "Facts") -> tuple[list[OwnedLine], dict[LineKey, int]]:
        """The lines of which something was kept; and of all lines when they end.

        A line that is not owned ends as if it still were. One that keeps an earlier line from
        lapsing matters as long as that one would.
        """
        lines = facts.evidence.lines
        is_all_kept = facts.refunds is None and not facts.evidence.voided
        owned: list[OwnedLine] = []
        ends: dict[LineKey, int] = {}
        may_lapse = False
        for key, rule in self.lines.items():
            line = lines[key]
            kept = line.quantity if is_all_kept else kept_of(key, facts)
            times = rule.times(line.ts, kept or line.quantity)
            ends[key] = times.ends
            if kept:
                owned.append(OwnedLine(key, line, times))
                may_lapse = may_lapse or times.lapses is not None
        if may_lapse:
            keep_what_prevents_lapsing(owned, ends)
        return owned, ends


class Facts(Protocol):
    """What there is about the person, and how it is read."""

    @property
    def evidence(self) -> Evidence:
        """All of it."""

    @property
    def policy(self) -> Policy:
        """The policy."""

    @property
    def refunds(self) -> Refunds | None:
        """What came back of the orders; None for nothing."""

    @property
    def restorations(self) -> Restorations:
        """What was taken back of the dismissals."""


def kept_of(key: LineKey, facts: Facts) -> int:
    """How many of an order line were kept; 0 where it is not owned (SPEC 3)."""
    evidence, refunds = facts.evidence, facts.refunds
    if key[0] in evidence.voided:
        return 0
    returned = 0 if refunds is None else refunds.quantity(key)
    return max(0, evidence.lines[key].quantity - returned)


def _goes_before(bought: Claim, first: Claim) -> bool:
    """Whether a purchase, as it mostly is the newest, comes before all the claims on a place."""
    if first.until is None or bought.until is None:
        return False
    return first.reason == bought.reason and first.until < bought.until


def _ended(claim: Claim, cutoff: int) -> bool:
    return claim.until is not None and claim.until < cutoff


def leave(places: dict[Key, Place], key: Key) -> None:
    """Let a piece of evidence count nowhere any more."""
    place = places.pop(key, None)
    if place is not None:
        place.is_read = False
        everything: tuple[dict[Any, Any], ...] = (place.lines, place.dismissals, place.impressions)
        for counted in everything:
            counted.pop(key, None)
