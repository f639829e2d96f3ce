"""The decision on a request: which candidates are suppressed, why and until when (SPEC 5).

This is the hot path: it runs for every candidate of every request. So the claims of a person are
ranked once and found by what they cover, and the usual candidate, which nothing is held against,
costs a few look-ups.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from schemas.records import Candidate, Product, Request
from streams.suppression.catalog import Catalog
from streams.suppression.claims import Claim
from streams.suppression.policy import Policy

NOBODY_SAID: Sequence[str] = ()


class ClaimIndex:
    """The claims of one person in the order of rank, found by what they cover."""

    __slots__ = (
        "_by_advertiser",
        "_by_brand",
        "_by_category",
        "_by_group",
        "_by_product",
        "_everything",
        "claims",
        "sensitive_granted",
    )

    def __init__(self, claims: Iterable[Claim], sensitive_granted: bool) -> None:
        self.claims = sorted(claims, key=Claim.rank)
        self.sensitive_granted = sensitive_granted
        """Whether the person allowed ads on sensitive topics."""
        self._by_product: dict[str, list[int]] = {}
        self._by_group: dict[str, list[int]] = {}
        self._by_category: dict[str, list[int]] = {}
        self._by_brand: dict[str | None, list[int]] = {}
        self._by_advertiser: dict[str | None, list[int]] = {}
        everything: dict[str, list[int]] = {}
        by_scope: dict[str, dict[Any, list[int]]] = {
            "product": self._by_product,
            "group": self._by_group,
            "category": self._by_category,
            "brand": self._by_brand,
            "advertiser": self._by_advertiser,
            "all": everything,
        }
        for position, claim in enumerate(self.claims):
            by_scope[claim.scope].setdefault(claim.value, []).append(position)
        self._everything = [place for places in everything.values() for place in places]

    def covering(self, candidate: Candidate, product: Product | None) -> list[int]:
        """The positions of all claims that cover a candidate, active or not, by rank.

        `product` is what the catalog knows of it, which wins attribute by attribute (SPEC 2).
        """
        found = self._everything.copy()
        if self._by_product:
            found += self._by_product.get(candidate.product_id, ())
        if self._by_group:
            group = None if product is None else product.item_group_id
            if group is None:
                group = candidate.item_group_id
            found += self._by_group.get(candidate.product_id if group is None else group, ())
        if self._by_category:
            for category in set(categories_of(candidate, product)):
                found += self._by_category.get(category, ())
        if self._by_brand:
            brand = None if product is None else product.brand
            found += self._by_brand.get(candidate.brand if brand is None else brand, ())
        if self._by_advertiser:
            advertiser = None if product is None else product.advertiser_id
            if advertiser is None:
                advertiser = candidate.advertiser_id
            found += self._by_advertiser.get(advertiser, ())
        found.sort()
        return found


def categories_of(candidate: Candidate, product: Product | None) -> Sequence[str]:
    """The categories of a candidate, those of the catalog where it has any to say."""
    categories = None if product is None else product.categories
    if categories is None:
        categories = candidate.categories
    return NOBODY_SAID if categories is None else categories


def decide(request: Request, index: ClaimIndex, policy: Policy, catalog: Catalog) -> dict[str, Any]:
    """The decision as it goes to `decisions`, without `as_of`."""
    suppressed: list[dict[str, Any]] = []
    allowed: list[str] = []
    ghosted: list[dict[str, Any]] = []
    for candidate in request.candidates:
        product_id = candidate.product_id
        product = catalog.products.get(product_id)
        left = _own_claims(candidate, product, request, index, policy)
        if index.claims:
            left += _standing_claims(candidate, product, request, index, policy)
        if not left:
            allowed.append(product_id)
            continue
        answer = _answer(product_id, left[0] if len(left) == 1 else min(left, key=Claim.rank))
        if policy.in_holdout(request.user_id) and all(
            claim.reason in policy.holdout_reasons for claim in left
        ):
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


def _lifts(request: Request, policy: Policy) -> Collection[str]:
    return policy.own_site_lifts if request.own_site else ()


def _standing_claims(
    candidate: Candidate,
    product: Product | None,
    request: Request,
    index: ClaimIndex,
    policy: Policy,
) -> list[Claim]:
    """The person's claims that are active and cover the candidate, less those that are lifted."""
    at, lifts = request.ts, _lifts(request, policy)
    standing = []
    for position in index.covering(candidate, product):
        claim = index.claims[position]
        _, _, reason, since, until, _, price = claim
        if (
            since <= at
            and (until is None or at < until)
            and reason not in lifts
            and (price is None or not _price_lifts(candidate, product, price, policy))
        ):
            standing.append(claim)
    return standing


def _price_lifts(
    candidate: Candidate, product: Product | None, dismissed: float, policy: Policy
) -> bool:
    """Whether the candidate's price is enough below the one that was dismissed."""
    price = candidate.price
    if price is None and product is not None:
        price = product.price
    return price is not None and policy.price_lifts(price, dismissed)


def _own_claims(
    candidate: Candidate,
    product: Product | None,
    request: Request,
    index: ClaimIndex,
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
        if not (index.sensitive_granted and sources >= policy.min_sources):
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
    if claims and request.own_site:
        return [claim for claim in claims if claim.reason not in policy.own_site_lifts]
    return claims
