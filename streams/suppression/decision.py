"""The decision on a request: which candidates are suppressed, why and until when (SPEC 5).

This is the hot path: it runs for every candidate of every request. The usual candidate, which
nothing is held against, costs a few look-ups.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import UNSET

from schemas.outputs import Decision, SuppressedCandidate
from schemas.records import Candidate, Product, Request
from streams.suppression.catalog import Catalog, categories_of, has_attributes
from streams.suppression.claims import Claim, Inactive, inactive, rank
from streams.suppression.claims_by_scope import ClaimsByScope
from streams.suppression.policy import Policy, PriceObstacle
from streams.suppression.words import REASON_RANK

SetAside = Inactive | Literal["own_site", "price"]
"""Why a claim does not count: its time, or what lifts it (SPEC 5, steps 1 and 2)."""

OfferObstacle = Literal["not_priced", "not_offered", "currency"] | PriceObstacle
"""Why a price does not lift a claim: it carries none, none is offered, or what is wrong with it."""


def decide(request: Request, held: ClaimsByScope, policy: Policy, catalog: Catalog) -> Decision:
    """The decision as it goes to `decisions`, without `as_of`."""
    suppressed: list[SuppressedCandidate] = []
    allowed: list[str] = []
    ghosted: list[SuppressedCandidate] = []
    is_blank = held.is_empty
    names = None if is_blank else held.names()
    is_narrow = held.is_narrow
    products, aliases = catalog.products, catalog.aliases
    at = request.ts
    followed_since = at - policy.follow
    is_quiet = request.channel in policy.quiet_channels
    by_category = bool(policy.sensitive_categories)
    is_in_holdout: bool | None = None  # asked only if it matters
    for candidate in request.candidates:
        product_id = candidate.product_id
        product = products.get(product_id)
        if product is None and aliases and product_id in aliases:
            candidate = catalog.as_product(candidate)
            product = products[candidate.product_id]
        interest = candidate.interest_at
        left: list[Claim] | None = None
        if (
            by_category
            or candidate.basis == "inferred"
            or (interest is not None and (is_quiet or interest <= followed_since))
            or (product is not None and product.sensitive)
        ):  # the request itself may speak against it
            left = counting(
                own_claims(candidate, product, request, held, policy),
                candidate,
                product,
                request,
                policy,
            )
        if not is_blank and (
            product is not None
            or names is None
            or product_id in names
            or candidate.item_group_id is not None
            or (not is_narrow and has_attributes(candidate))
        ):
            for covering in held.covering(candidate, product):
                more = counting(covering.claims, candidate, product, request, policy)
                left = more if left is None else left + more
        if not left:
            allowed.append(product_id)
            continue
        answer = _answer(product_id, _foremost(left))
        if is_in_holdout is None:
            is_in_holdout = policy.in_holdout(request.user_id)
        if is_in_holdout and all(claim.reason in policy.holdout_reasons for claim in left):
            allowed.append(product_id)
            ghosted.append(answer)
        else:
            suppressed.append(answer)
    return Decision(
        request.request_id,
        request.user_id,
        at,
        policy.version,
        suppressed,
        allowed,
        ghosted,
    )


def counting(
    claims: Sequence[Claim],
    candidate: Candidate,
    product: Product | None,
    request: Request,
    policy: Policy,
) -> list[Claim]:
    """Those of the claims on a candidate that count against it."""
    return [
        claim for claim in claims if set_aside(claim, candidate, product, request, policy) is None
    ]


def _foremost(claims: Sequence[Claim]) -> Claim:
    """The one of the claims that ranks first."""
    foremost = claims[0]
    if len(claims) > 1:
        first = REASON_RANK[foremost.reason]
        for claim in claims[1:]:
            place = REASON_RANK[claim.reason]
            if place < first or (place == first and rank(claim) < rank(foremost)):
                foremost, first = claim, place
    return foremost


def _answer(product_id: str, claim: Claim) -> SuppressedCandidate:
    return SuppressedCandidate(
        product_id,
        claim.reason,
        claim.scope,
        claim.value,
        claim.since,
        claim.until,
        claim.because,
    )


def set_aside(
    claim: Claim, candidate: Candidate, product: Product | None, request: Request, policy: Policy
) -> SetAside | None:
    """What keeps a claim from counting against a candidate that it covers; None if nothing does.

    A claim counts while it is active, unless the site or a better price lifts it.
    """
    why = inactive(claim, request.ts)
    if why is not None:
        return why
    if request.own_site and claim.reason in policy.own_site_lifts:
        return "own_site"
    if claim.price is not UNSET and offer_obstacle(claim, candidate, product, policy) is None:
        return "price"
    return None


def offer_obstacle(
    claim: Claim, candidate: Candidate, product: Product | None, policy: Policy
) -> OfferObstacle | None:
    """What keeps a candidate's price from lifting a claim; None if it does (SPEC 5, step 2).

    Two currencies have to be known to differ: one that is absent is no obstacle.
    """
    before = claim.price
    if before is UNSET:
        return "not_priced"
    offered, currency = offer_of(candidate, product)
    if offered is None:
        return "not_offered"
    if currency is not None and claim.currency is not UNSET and claim.currency != currency:
        return "currency"
    return policy.price_obstacle(offered, before)


def offer_of(
    candidate: Candidate, product: Product | None
) -> tuple[int | float | None, str | None]:
    """What a candidate is offered at, and in which currency.

    Both are the request's where that has the price, or else the catalog's (SPEC 5, step 2).
    """
    if candidate.price is not None or product is None:
        return candidate.price, candidate.currency
    return product.price, product.currency


def own_claims(
    candidate: Candidate,
    product: Product | None,
    request: Request,
    held: ClaimsByScope,
    policy: Policy,
) -> list[Claim]:
    """The claims that follow from the request alone (SPEC 4, "Claims of a candidate")."""
    at, product_id = request.ts, candidate.product_id
    claims: list[Claim] = []
    if (product is not None and product.sensitive) or (
        policy.sensitive_categories
        and not policy.sensitive_categories.isdisjoint(categories_of(candidate, product))
    ):
        sources = len(set(candidate.sources or ()))
        if not (held.is_sensitive_granted and sources >= policy.min_sources):
            claims.append(Claim("product", product_id, "sensitive", at, None, ()))
    interest = candidate.interest_at
    if interest is not None:
        followed = interest + policy.follow
        if followed <= at:
            claims.append(Claim("product", product_id, "followed_too_long", followed, None, ()))
        if request.channel in policy.quiet_channels and interest <= at < interest + policy.quiet:
            until = interest + policy.quiet
            claims.append(Claim("product", product_id, "too_soon", interest, until, ()))
    if candidate.basis == "inferred" and not policy.inferred_allowed:
        claims.append(Claim("product", product_id, "inferred_interest", at, None, ()))
    return claims
