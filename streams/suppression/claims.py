"""From evidence to claims: what a policy makes of what was reported (SPEC 4)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.suppression.catalog import Catalog, scope_of
from streams.suppression.evidence import Evidence, Line, Rejection, Restoration, Target
from streams.suppression.policy import Policy, milliseconds
from streams.suppression.words import EVERYTHING, REASON_RANK, SCOPE_ORDER

SCOPE_OF_FIELD = {"category": "category", "brand": "brand", "advertiser_id": "advertiser"}
"""The scope of a dismissal that names something other than a product."""

FOREVER = float("inf")


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


class Terms(NamedTuple):
    """What an order line claims while it is owned: its scope and its times.

    `lapses` is when nothing more is expected to come of a replenishment, and `ends` when the
    line claims nothing any more. For a line that is not replenished, `lapses` is None.
    """

    scope: str
    value: str
    until: int
    lapses: int | None
    ends: int


def terms_of(product_id: str, line: Line, quantity: int, policy: Policy, catalog: Catalog) -> Terms:
    """The terms of a line of which so many are owned."""
    attributes = catalog.attributes(product_id, line.attributes)
    rule = policy.purchase_rule(attributes.categories or ())
    scope, value = scope_of(rule.scope, product_id, attributes, rule.category)
    product = catalog.products.get(product_id)
    days = None if product is None else product.replenish_days
    if days is None or days <= 0:  # no length at all: the catalog does not say
        days = rule.replenish_days
    if days is None:
        until = line.ts + rule.window
        return Terms(scope, value, until, None, until)
    lasts = milliseconds(days * quantity)
    until = line.ts + lasts
    lapses = until + rule.open
    return Terms(scope, value, until, lapses, lapses + lasts)


def owned_lines(evidence: Evidence) -> Iterator[tuple[str, Line, int]]:
    """Product, line and net quantity of each line that is owned (SPEC 3)."""
    if evidence.refunds:
        refunded = refunded_quantities(evidence)
        for key, line in evidence.lines.items():
            quantity = line.quantity - refunded.get(key, 0)
            if quantity > 0 and key[0] not in evidence.voided:
                yield key[1], line, quantity
    else:
        for (order_id, product_id), line in evidence.lines.items():
            if order_id not in evidence.voided:
                yield product_id, line, line.quantity


def refunded_quantities(evidence: Evidence) -> dict[tuple[str, str], int]:
    """How many of each line, by (`order_id`, `product_id`), came back in parts."""
    refunded: dict[tuple[str, str], int] = defaultdict(int)
    for (_, product_id), refund in evidence.refunds.items():
        refunded[refund.order_id, product_id] += refund.quantity
    return refunded


def ends_dismissal(restoration: Restoration, said: Rejection) -> bool:
    """Whether a restoration ends a dismissal: up to then, what it names, all if nothing."""
    return (
        said.ts <= restoration.ts
        and (restoration.target is None or restoration.target == said.target)
        and (restoration.reason is None or restoration.reason == said.reason)
    )


def frequency_values(
    evidence: Evidence, policy: Policy, catalog: Catalog
) -> dict[tuple[str, str], list[tuple[int, str, str]]]:
    """The impressions, as (ts, impression, product), by the scope value that they count for."""
    counted: dict[tuple[str, str], list[tuple[int, str, str]]] = defaultdict(list)
    for (impression_id, product_id), ts in evidence.impressions.items():
        attributes = catalog.attributes(product_id, None)
        place = scope_of(policy.frequency_scope, product_id, attributes)
        counted[place].append((ts, impression_id, product_id))
    return counted


def claims_of(evidence: Evidence, policy: Policy, catalog: Catalog) -> list[Claim]:
    """The claims of a person, each combination of scope, value, reason and times once.

    Evidence that says the same is one claim with all of its ids, and such a claim is liftable
    by price only where each piece of it is, from the lowest of their prices: so whoever holds
    only the list comes to the same answer (SPEC 5).
    """
    merged: dict[tuple[str, str, str, int, int | None], Claim] = {}
    for claim in _all_claims(evidence, policy, catalog):
        key = claim[:5]
        known = merged.get(key)
        merged[key] = claim if known is None else _merge(known, claim)
    return list(merged.values())


def _all_claims(evidence: Evidence, policy: Policy, catalog: Catalog) -> Iterator[Claim]:
    if evidence.lines:
        yield from _purchase_claims(evidence, policy, catalog)
    for event_id, said in evidence.dismissals.items():
        rule = policy.dismissals.get(said.reason)
        if rule is None or any(ends_dismissal(r, said) for r in evidence.restorations.values()):
            continue
        scope, value = _dismissed_scope(rule.scope, said, catalog)
        until = None if rule.length is None else said.ts + rule.length
        price = said.price if rule.price_drop else None
        yield Claim(scope, value, said.reason, said.ts, until, (event_id,), price)
    if evidence.impressions:
        yield from _frequency_claims(evidence, policy, catalog)
    yield from consent_claims(evidence, policy)


def _merge(one: Claim, other: Claim) -> Claim:
    because = tuple(sorted({*one.because, *other.because}))
    prices = [claim.price for claim in (one, other) if claim.price is not None]
    return one._replace(because=because, price=min(prices) if len(prices) == 2 else None)


def _purchase_claims(evidence: Evidence, policy: Policy, catalog: Catalog) -> Iterator[Claim]:
    newest: dict[tuple[str, str], int] = {}
    lapsing: list[tuple[Terms, Line]] = []
    for product_id, line, quantity in owned_lines(evidence):
        terms = terms_of(product_id, line, quantity, policy, catalog)
        place = (terms.scope, terms.value)
        newest[place] = max(newest.get(place, line.ts), line.ts)
        yield Claim(*place, "purchased", line.ts, terms.until, (line.event_id,))
        if terms.lapses is not None:
            lapsing.append((terms, line))
    for terms, line in lapsing:
        if newest[terms.scope, terms.value] <= line.ts and terms.lapses is not None:
            yield Claim(
                terms.scope, terms.value, "lapsed", terms.lapses, terms.ends, (line.event_id,)
            )


def _dismissed_scope(scope: str, said: Rejection, catalog: Catalog) -> tuple[str, str]:
    target: Target | None = said.target
    if said.reason == "opt_out_all" or target is None:
        return "all", EVERYTHING
    if target.field != "product_id":
        return SCOPE_OF_FIELD[target.field], target.value
    return scope_of(scope, target.value, catalog.attributes(target.value, said.attributes))


def _frequency_claims(evidence: Evidence, policy: Policy, catalog: Catalog) -> Iterator[Claim]:
    if len(evidence.impressions) < policy.frequency_max:
        return
    for place, impressions in frequency_values(evidence, policy, catalog).items():
        if len(impressions) < policy.frequency_max:
            continue
        newest = sorted(impressions)[-policy.frequency_max :]
        since, until = newest[-1][0], newest[0][0] + policy.frequency_length
        if until > since:
            because = tuple(sorted({impression_id for _, impression_id, _ in newest}))
            yield Claim(*place, "frequency_cap", since, until, because)


def consent_claims(evidence: Evidence, policy: Policy) -> Iterable[Claim]:
    """The claim on everything of a person who denied, or in `opt_in` mode did not grant."""
    said = evidence.preferences.get("personalised_ads")
    because: tuple[str, ...] = ()
    is_allowed = not policy.consent_required
    if said is not None:
        because = (said.event_id,)
        is_allowed = said.value == "granted"
    return () if is_allowed else (Claim("all", EVERYTHING, "no_consent", 0, None, because),)
