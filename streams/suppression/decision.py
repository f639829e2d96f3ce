"""The decision on a request: which candidates are suppressed, why and until when (SPEC 5).

This is the hot path: it runs for every candidate of every request. The usual candidate, which
nothing is held against, costs a few look-ups.
"""

from collections.abc import Container
from typing import Any, Literal, Protocol

from schemas.records import Candidate, Product, Request
from streams.suppression.catalog import Catalog, categories_of
from streams.suppression.claims import Claim, Inactive
from streams.suppression.policy import Policy

SetAside = Inactive | Literal["own_site", "price"]
"""Why a claim does not count: its time, or what lifts it (SPEC 5, steps 1 and 2)."""


class Held(Protocol):
    """What is held against a person's candidates, and where that is known from."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is held against any candidate."""

    @property
    def named(self) -> Container[str] | None:
        """What a product's id has to be among to be covered by a claim, if all that is known of
        the product is its id; None if everything is covered.
        """

    @property
    def is_sensitive_granted(self) -> bool:
        """Whether the person allowed ads on sensitive topics."""

    def claims_on(self, candidate: Candidate, product: Product | None) -> list[Claim]:
        """The claims that cover a candidate, active or not."""


def decide(request: Request, reading: Held, policy: Policy, catalog: Catalog) -> dict[str, Any]:
    """The decision as it goes to `decisions`, without `as_of`."""
    suppressed: list[dict[str, Any]] = []
    allowed: list[str] = []
    ghosted: list[dict[str, Any]] = []
    is_blank = reading.is_empty
    named = reading.named
    products = catalog.products
    is_in_holdout: bool | None = None  # asked only if it matters
    for candidate in request.candidates:
        product_id = candidate.product_id
        product = products.get(product_id)
        if (
            named is not None
            and product is None
            and product_id not in named
            and candidate.interest_at is None
            and candidate.item_group_id is None
            and candidate.categories is None
            and candidate.brand is None
            and candidate.advertiser_id is None
            and candidate.basis != "inferred"
        ):  # nothing but the id is known, and nothing is held against that
            allowed.append(product_id)
            continue
        claims = (
            []
            if _is_plain(candidate, product, policy)
            else own_claims(candidate, product, request, reading, policy)
        )
        if not is_blank:
            claims += reading.claims_on(candidate, product)
        left = claims and [
            claim
            for claim in claims
            if set_aside(claim, candidate, product, request, policy) is None
        ]
        if not left:
            allowed.append(product_id)
            continue
        answer = _answer(product_id, left[0] if len(left) == 1 else min(left, key=Claim.rank))
        if is_in_holdout is None:
            is_in_holdout = policy.in_holdout(request.user_id)
        if is_in_holdout and all(claim.reason in policy.holdout_reasons for claim in left):
            allowed.append(product_id)
            ghosted.append(answer)
        else:
            suppressed.append(answer)
    return {
        "request_id": request.request_id,
        "user_id": request.user_id,
        "ts": request.ts,
        "policy": policy.version,
        "suppressed": suppressed,
        "allowed": allowed,
        "ghosted": ghosted,
    }


def _answer(product_id: str, claim: Claim) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "reason": claim.reason,
        "scope": claim.scope,
        "value": claim.value,
        "since": claim.since,
        "until": claim.until,
        "because": claim.because,
    }


def set_aside(
    claim: Claim, candidate: Candidate, product: Product | None, request: Request, policy: Policy
) -> SetAside | None:
    """What keeps a claim from counting against a candidate that it covers; None if nothing does.

    A claim counts while it is active, unless the site or a better price lifts it.
    """
    if inactive := claim.inactive(request.ts):
        return inactive
    if request.own_site and claim.reason in policy.own_site_lifts:
        return "own_site"
    if claim.price is not None:
        offered = price_of(candidate, product)
        if offered is not None and policy.price_lifts(offered, claim.price):
            return "price"
    return None


def price_of(candidate: Candidate, product: Product | None) -> float | None:
    """What a candidate is offered at: by the request, or else by the catalog (SPEC 5, step 2)."""
    if candidate.price is not None or product is None:
        return candidate.price
    return product.price


def _is_plain(candidate: Candidate, product: Product | None, policy: Policy) -> bool:
    """Whether a request says nothing of a candidate that could speak against it."""
    return (
        candidate.interest_at is None
        and candidate.basis != "inferred"
        and not policy.sensitive_categories
        and (product is None or not product.sensitive)
    )


def own_claims(
    candidate: Candidate,
    product: Product | None,
    request: Request,
    reading: Held,
    policy: Policy,
) -> list[Claim]:
    """The claims that follow from the request alone (SPEC 4, "Claims of a candidate")."""
    at, product_id = request.ts, candidate.product_id
    claims = []
    if (product is not None and product.sensitive) or (
        policy.sensitive_categories
        and not policy.sensitive_categories.isdisjoint(categories_of(candidate, product))
    ):
        sources = len(set(candidate.sources or ()))
        if not (reading.is_sensitive_granted and sources >= policy.min_sources):
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
