"""Claims: what a policy makes of the evidence that counts for one scope value (SPEC 4)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from streams.suppression.catalog import Catalog, scope_of
from streams.suppression.evidence import (
    Evidence,
    Line,
    LineKey,
    Rejection,
    ShownKey,
)
from streams.suppression.policy import Policy, PurchaseRule, milliseconds
from streams.suppression.words import EVERYTHING, LATEST, REASON_RANK, SCOPE_ORDER

SCOPE_OF_FIELD = {"category": "category", "brand": "brand", "advertiser_id": "advertiser"}
"""The scope of a dismissal that names something other than a product."""

FOREVER = float("inf")

ScopeValue = tuple[str, str]
"""A scope and its value."""

Inactive = Literal["not_begun", "ended"]
"""Why a claim is not active."""


def after(time: int, length: int) -> int:
    """The time so many milliseconds later."""
    end = time + length
    return end if end < LATEST else LATEST


class Claim(NamedTuple):
    """Evidence read through the policy; active at t when since <= t and t < until (SPEC 1)."""

    scope: str
    value: str
    reason: str
    since: int
    until: int | None
    """None until the person undoes it."""
    because: tuple[str, ...]
    price: float | None = None
    """The price that a better one may lift the claim from, where the policy lets it."""

    def inactive(self, at: int) -> Inactive | None:
        """Why it is not active at a time; None if it is (SPEC 1)."""
        if at < self.since:
            return "not_begun"
        if self.until is not None and self.until <= at:
            return "ended"
        return None

    def rank(self) -> tuple[int, float, int, str, tuple[str, ...]]:
        """The place among claims on one candidate: the least is the answer (SPEC 5, step 3)."""
        ends = FOREVER if self.until is None else self.until
        return (
            REASON_RANK[self.reason],
            -ends,
            SCOPE_ORDER[self.scope],
            self.value,
            self.because,
        )


class LineRule(NamedTuple):
    """How the policy and the catalog read one order line."""

    purchase: PurchaseRule
    replenish_days: float | None

    def end(self, bought: int) -> int:
        """When a line that is not replenished, bought then, claims nothing any more."""
        return after(bought, self.purchase.window)

    def times(self, bought: int, quantity: int) -> "LineTimes":
        """When so many, bought then, claim what."""
        if self.replenish_days is None:
            until = self.end(bought)
            return LineTimes(until, None, until)
        lasts = milliseconds(self.replenish_days * quantity)
        until = after(bought, lasts)
        lapses = after(until, self.purchase.open)
        return LineTimes(until, lapses, after(lapses, lasts))


class LineTimes(NamedTuple):
    """The times of an order line while it is owned."""

    until: int
    lapses: int | None
    """When nothing more is expected to come of a replenishment; None if it is not replenished."""
    ends: int
    """When the line claims nothing any more."""


class OwnedLine(NamedTuple):
    """An order line of which something was kept."""

    key: LineKey
    line: Line
    times: LineTimes


def line_rule(
    product_id: str, line: Line, policy: Policy, catalog: Catalog
) -> tuple[ScopeValue, LineRule]:
    """Where an order line counts, and how it is read."""
    attributes = catalog.attributes(product_id, line.attributes)
    rule = policy.purchase_rule(attributes.categories or ())
    place = scope_of(rule.scope, product_id, attributes, rule.category)
    product = catalog.products.get(product_id)
    days = None if product is None else product.replenish_days
    if days is None or days <= 0:  # no length at all: the catalog does not say
        days = rule.replenish_days
    return place, LineRule(rule, days)


def purchase_claims(place: ScopeValue, owned: Collection[OwnedLine]) -> Iterator[Claim]:
    """What the owned lines of one scope value claim.

    One lapses unless another was bought after it: something came of its replenishment.
    """
    scope, value = place
    newest: int | None = None
    for _, line, times in owned:
        because = (line.event_id,)
        yield Claim(scope, value, "purchased", line.ts, times.until, because)
        if times.lapses is not None:
            if newest is None:
                newest = max(line.ts for _, line, _ in owned)
            if newest <= line.ts:
                yield Claim(scope, value, "lapsed", times.lapses, times.ends, because)


def dismissal_place(said: Rejection, policy: Policy, catalog: Catalog) -> ScopeValue | None:
    """Where a dismissal counts; None for a reason that makes no claim."""
    rule = policy.dismissals.get(said.reason)
    if rule is None:
        return None
    target = said.target
    if said.reason == "opt_out_all" or target is None:
        return "all", EVERYTHING
    if target.field != "product_id":
        return SCOPE_OF_FIELD[target.field], target.value
    return scope_of(rule.scope, target.value, catalog.attributes(target.value, said.attributes))


def dismissal_claim(place: ScopeValue, event_id: str, said: Rejection, policy: Policy) -> Claim:
    """What a dismissal claims that no restoration ended."""
    rule = policy.dismissals[said.reason]
    until = None if rule.length is None else after(said.ts, rule.length)
    price = said.price if rule.price_drop else None
    scope, value = place
    return Claim(scope, value, said.reason, said.ts, until, (event_id,), price)


def frequency_claim(
    place: ScopeValue, impressions: Mapping[ShownKey, int], policy: Policy
) -> Claim | None:
    """What the newest impressions of one scope value claim, when there are enough of them."""
    if len(impressions) < policy.frequency_max:
        return None
    newest = sorted((ts, *key) for key, ts in impressions.items())[-policy.frequency_max :]
    since, until = newest[-1][0], after(newest[0][0], policy.frequency_length)
    if until <= since:
        return None
    because = {impression_id for _, impression_id, _ in newest}
    return Claim(*place, "frequency_cap", since, until, tuple(sorted(because)))


def consent_claim(evidence: Evidence, policy: Policy) -> Claim | None:
    """The claim on everything of a person who denied, or in `opt_in` mode did not grant."""
    said = evidence.preferences.get("personalised_ads")
    because: tuple[str, ...] = ()
    is_allowed = not policy.consent_required
    if said is not None:
        because = (said.event_id,)
        is_allowed = said.value == "granted"
    return None if is_allowed else Claim("all", EVERYTHING, "no_consent", 0, None, because)


def merged(claims: Iterable[Claim]) -> list[Claim]:
    """The claims with each combination of scope, value, reason and times once, by rank.

    Evidence that says the same is one claim with all of its ids, and such a claim is liftable
    by price only where each piece of it is, from the lowest of their prices: so whoever holds
    only the list comes to the same answer (SPEC 5).
    """
    by_entry: dict[tuple[str, str, str, int, int | None], Claim] = {}
    for claim in claims:
        key = claim[:5]
        known = by_entry.get(key)
        by_entry[key] = claim if known is None else _merge(known, claim)
    if len(by_entry) == 1:
        return list(by_entry.values())
    return sorted(by_entry.values(), key=Claim.rank)


def _merge(one: Claim, other: Claim) -> Claim:
    because = tuple(sorted({*one.because, *other.because}))
    prices = [claim.price for claim in (one, other) if claim.price is not None]
    return one._replace(because=because, price=min(prices) if len(prices) == 2 else None)
