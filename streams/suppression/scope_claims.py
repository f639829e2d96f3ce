"""What the evidence that counts for one scope value claims, and until when it matters (SPEC 4).

Pure: all claims on a scope value follow from the evidence there, the policy, and what was undone.
"""

from collections.abc import Iterable
from typing import Final, final

from msgspec import UNSET
from mypy_extensions import mypyc_attr

from schemas.outputs import Scope
from streams.suppression.catalog import Catalog, scope_of
from streams.suppression.claims import Claim, ScopeValue, end_of, list_order
from streams.suppression.claims_by_scope import ScopeClaims
from streams.suppression.evidence import Evidence
from streams.suppression.facts import Line, Rejection, Shown
from streams.suppression.policy import Policy, PurchaseRule, milliseconds
from streams.suppression.undone import Undone
from streams.suppression.words import EVERYTHING, FOREVER, LATEST, after

SCOPE_OF_FIELD: Final[dict[str, Scope]] = {
    "category": "category",
    "brand": "brand",
    "advertiser_id": "advertiser",
}
"""The scope of a dismissal that names something other than a product."""

EARLIEST: Final = -LATEST - 1


@mypyc_attr(acyclic=True)
@final
class CountedLine:
    """An order line, and how it is read."""

    __slots__ = ("line", "rule")

    def __init__(self, line: Line, rule: PurchaseRule) -> None:
        self.line = line
        self.rule = rule


@mypyc_attr(acyclic=True)
@final
class ScopeEvidence(ScopeClaims):
    """The evidence that counts for one scope value, and what it claims while `is_current`."""

    __slots__ = (
        "dismissals",
        "first_end",
        "impressions",
        "is_current",
        "is_replenished",
        "is_reported",
        "lines",
        "no_consent",
    )

    def __init__(self, scope: Scope, value: str) -> None:
        super().__init__(scope, value)
        self.lines: tuple[CountedLine, ...] = ()
        self.is_replenished: bool = False
        """Whether what a line here claims may depend on the others."""
        self.dismissals: tuple[Rejection, ...] = ()
        self.impressions: tuple[Shown, ...] = ()
        self.no_consent: Claim | None = None
        """The claim of who did not consent, on everything."""
        self.first_end: int = FOREVER
        """When the first piece of evidence matters no more."""
        self.is_current: bool = True
        self.is_reported: bool = False
        """Whether these claims were reported as changes."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing counts here."""
        return not (self.lines or self.dismissals or self.impressions or self.no_consent)

    def keep_lines(self, lines: list[CountedLine]) -> None:
        """Let only these of the lines stay."""
        self.lines = tuple(lines)
        self.is_replenished = any(each.rule.replenish_days is not None for each in lines)


@final
class TimedLine:
    """An order line with the times of its claims."""

    __slots__ = ("ends", "kept", "lapses", "line", "matters_until", "until")

    def __init__(self, counted: CountedLine, kept: int) -> None:
        """One that is not owned has the times that it would have if it were."""
        line, rule = counted.line, counted.rule
        self.line = line
        self.kept = kept
        """How many were kept; 0 where it is not owned."""
        self.until: int
        self.lapses: int | None = None
        """When nothing more is expected of a replenishment; None if it is not replenished."""
        self.ends: int
        """When the line claims nothing any more."""
        if rule.replenish_days is None:
            self.until = self.ends = after(line.bought, rule.window)
        else:
            lasts = milliseconds(rule.replenish_days * (kept or line.quantity))
            self.until = after(line.bought, lasts)
            self.lapses = after(self.until, rule.open)
            self.ends = after(self.lapses, lasts)
        self.matters_until: int = self.ends
        """Later than it ends, if it keeps an earlier line from lapsing until then."""


# -- where a fact counts


def scope_of_line(line: Line, policy: Policy, catalog: Catalog) -> tuple[ScopeValue, PurchaseRule]:
    """Where an order line counts, and how it is read."""
    product_id = line.product_id
    attributes = catalog.attributes(product_id, line.attributes)
    rule = policy.purchase_rule(attributes.categories or ())
    product = catalog.products.get(product_id)
    if product is not None:
        days = product.replenish_days
        if days is not None and days > 0:  # no length at all: the catalog does not say
            rule = rule.replenished(days)
    return scope_of(rule.scope, product_id, attributes, rule.category), rule


def scope_of_rejection(rejection: Rejection, policy: Policy, catalog: Catalog) -> ScopeValue | None:
    """Where a dismissal counts; None for a reason that makes no claim."""
    rule = policy.dismissals.get(rejection.reason)
    if rule is None:
        return None
    target = rejection.target
    if rejection.reason == "opt_out_all" or target is None:
        return "all", EVERYTHING
    if target.field != "product_id":
        return SCOPE_OF_FIELD[target.field], target.value
    return scope_of(
        rule.scope, target.value, catalog.attributes(target.value, rejection.attributes)
    )


def scope_of_impression(shown: Shown, policy: Policy, catalog: Catalog) -> ScopeValue:
    """Where an impression counts."""
    attributes = catalog.attributes(shown.product_id, None)
    return scope_of(policy.frequency_scope, shown.product_id, attributes)


# -- what is claimed


def claims_of(
    counted: ScopeEvidence, policy: Policy, undone: Undone
) -> tuple[tuple[Claim, ...], int]:
    """What is claimed, in the order of lists; and when the first of the evidence ends."""
    claims: list[Claim] = []
    first = FOREVER
    if counted.lines:
        lines = timed_lines(counted, undone)
        for timed in lines:
            first = min(first, timed.matters_until)
            if timed.kept:
                claims.append(purchase_claim(counted, timed.line, timed.until))
        if counted.is_replenished:
            claims += _lapsed_claims(counted, lines)
    for rejection in counted.dismissals:
        claim = dismissal_claim(counted, rejection, policy)
        if undone.restored_at(rejection) is None:
            claims.append(claim)
        first = min(first, end_of_rejection(rejection, claim, undone))
    if counted.impressions:
        oldest = min([shown.ts for shown in counted.impressions])
        first = min(first, oldest + policy.frequency_length)
        cap = frequency_claim(counted, policy)
        if cap is not None:
            claims.append(cap)
    if counted.no_consent is not None:
        claims.append(counted.no_consent)
    return tuple(merged(claims) if len(claims) > 1 else claims), first


def purchase_claim(counted: ScopeEvidence, line: Line, until: int) -> Claim:
    """What an owned line claims until a time."""
    return Claim(
        counted.scope, counted.value, "purchased", line.bought, until, completions_of(line)
    )


def completions_of(line: Line) -> tuple[str, ...]:
    """The events behind an owned line: its winning one, and the one with which it was bought.

    Both are mostly the same (SPEC 4).
    """
    first = line.first
    if first is None or first.event_id == line.event_id:
        return (line.event_id,)
    return tuple(sorted((line.event_id, first.event_id)))


def _lapsed_claims(counted: ScopeEvidence, lines: list[TimedLine]) -> list[Claim]:
    """What the owned lines claim that are replenished, and of which nothing came.

    One lapses unless another was bought after it.
    """
    owned = [timed for timed in lines if timed.kept]
    if not owned:
        return []
    newest = max([timed.line.bought for timed in owned])
    claims: list[Claim] = []
    for timed in owned:
        lapses = timed.lapses
        if lapses is not None and newest <= timed.line.bought:
            because = completions_of(timed.line)
            claims.append(
                Claim(counted.scope, counted.value, "lapsed", lapses, timed.ends, because)
            )
    return claims


def timed_lines(counted: ScopeEvidence, undone: Undone) -> list[TimedLine]:
    """The order lines with their times.

    One that keeps an earlier line from lapsing matters as long as that one would.
    """
    lines = [TimedLine(each, undone.kept(each.line)) for each in counted.lines]
    if counted.is_replenished:
        owned = sorted([timed for timed in lines if timed.kept], key=_bought)
        latest = held_back = EARLIEST
        bought: int | None = None
        for timed in owned:
            if bought is None or timed.line.bought > bought:
                bought, held_back = timed.line.bought, latest
            timed.matters_until = max(timed.matters_until, held_back)
            if timed.lapses is not None:
                latest = max(latest, timed.ends)
    return lines


def _bought(timed: TimedLine) -> int:
    return timed.line.bought


def dismissal_claim(counted: ScopeEvidence, rejection: Rejection, policy: Policy) -> Claim:
    """What a dismissal claims that no restoration ended."""
    rule = policy.dismissals[rejection.reason]
    until = None if rule.length is None else after(rejection.ts, rule.length)
    price = rejection.price if rule.price_drop else None
    currency = None if price is None else rejection.currency
    return Claim(
        counted.scope,
        counted.value,
        rule.reason,
        rejection.ts,
        until,
        (rejection.event_id,),
        UNSET if price is None else price,
        UNSET if currency is None else currency,
    )


def end_of_rejection(rejection: Rejection, claim: Claim, undone: Undone) -> int:
    """When a dismissal matters no more: with the claim that it makes, or once it was taken back."""
    until = end_of(claim)
    restored = undone.restored_at(rejection)
    return until if restored is None else min(until, restored)


def frequency_claim(counted: ScopeEvidence, policy: Policy) -> Claim | None:
    """What the newest impressions claim, when there are enough of them."""
    if len(counted.impressions) < policy.frequency_max:
        return None
    newest = sorted(counted.impressions, key=by_time)[-policy.frequency_max :]
    since, until = newest[-1].ts, after(newest[0].ts, policy.frequency_length)
    if until <= since:
        return None
    because = tuple(sorted({shown.impression_id for shown in newest}))
    return Claim(counted.scope, counted.value, "frequency_cap", since, until, because)


def by_time(shown: Shown) -> tuple[int, str, str]:
    """The order of impressions, the oldest first."""
    return shown.ts, shown.impression_id, shown.product_id


def consent_claim(evidence: Evidence, policy: Policy) -> Claim | None:
    """The claim on everything of a person who denied, or in `opt_in` mode did not grant."""
    choice = evidence.choice("personalised_ads")
    if not policy.consent_required if choice is None else choice.value == "granted":
        return None
    because = () if choice is None else (choice.event_id,)
    return Claim("all", EVERYTHING, "no_consent", 0, None, because)


# -- evidence that says the same


def says_the_same(one: Claim, other: Claim) -> bool:
    """Whether two claims on one scope value are one entry of a list."""
    return one.since == other.since and one.until == other.until and one.reason == other.reason


def merged(claims: Iterable[Claim]) -> list[Claim]:
    """Claims on one scope value with each combination of reason and times once, in order."""
    by_entry: dict[tuple[str, int, int | None], Claim] = {}
    for claim in claims:
        key = claim.reason, claim.since, claim.until
        known = by_entry.get(key)
        by_entry[key] = claim if known is None else joined(known, claim)
    return sorted(by_entry.values(), key=list_order)


def joined(one: Claim, other: Claim) -> Claim:
    """One claim of two that say the same: all evidence that says the same is one, with all its ids.

    It has the lowest of the prices, and none where a piece has none or two are in different
    currencies: so whoever holds only the list comes to the same answer (SPEC 5). It comes by way of
    the person only if all of it does.
    """
    price, currency = one.price, one.currency
    if currency is UNSET:
        currency = other.currency
    if price is UNSET or other.price is UNSET or other.currency not in (UNSET, currency):
        price = currency = UNSET
    elif other.price < price:
        price = other.price
    because = tuple(sorted({*one.because, *other.because}))
    via = one.via if other.via is not UNSET else UNSET
    return Claim(
        one.scope, one.value, one.reason, one.since, one.until, because, price, currency, via
    )
