"""The decision on a request: which candidates are suppressed, why and until when (SPEC 5)."""

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.records import Candidate, Request
from streams.suppression.catalog import Catalog
from streams.suppression.claims import Claim
from streams.suppression.evidence import Attributes
from streams.suppression.policy import Policy


class ClaimIndex:
    """The claims of one person, found by what they cover; each list in the order of rank."""

    __slots__ = ("by_scope", "claims", "is_empty", "sensitive_granted")

    def __init__(self, claims: Iterable[Claim], sensitive_granted: bool) -> None:
        self.claims = sorted(claims, key=Claim.rank)
        self.is_empty = not self.claims
        self.sensitive_granted = sensitive_granted
        """Whether the person allowed ads on sensitive topics."""
        self.by_scope: dict[str, dict[str, list[Claim]]] = {}
        for claim in self.claims:
            self.by_scope.setdefault(claim.scope, {}).setdefault(claim.value, []).append(claim)

    def covering(self, product_id: str, attributes: Attributes) -> list[Claim]:
        """All claims that cover a product, active or not."""
        found: list[Claim] = []
        for scope, by_value in self.by_scope.items():
            if scope == "product":
                found += by_value.get(product_id, ())
            elif scope == "group":
                found += by_value.get(attributes.item_group_id or product_id, ())
            elif scope == "category":
                for category in dict.fromkeys(attributes.categories or ()):
                    found += by_value.get(category, ())
            elif scope == "brand":
                found += by_value.get(attributes.brand or "", ())
            elif scope == "advertiser":
                found += by_value.get(attributes.advertiser_id or "", ())
            else:
                for claims in by_value.values():
                    found += claims
        return found


def decide(
    request: Request, index: ClaimIndex, policy: Policy, catalog: Catalog
) -> dict[str, Any]:
    """The decision as it goes to `decisions`, without `as_of`."""
    suppressed: list[dict[str, Any]] = []
    allowed: list[str] = []
    ghosted: list[dict[str, Any]] = []
    for candidate in request.candidates:
        left = list(_standing_claims(candidate, request, index, policy, catalog))
        if not left:
            allowed.append(candidate.product_id)
            continue
        answer = _answer(candidate, min(left, key=Claim.rank))
        if policy.in_holdout(request.user_id) and all(
            claim.reason in policy.holdout_reasons for claim in left
        ):
            allowed.append(candidate.product_id)
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


def _answer(candidate: Candidate, claim: Claim) -> dict[str, Any]:
    return {
        "product_id": candidate.product_id,
        "reason": claim.reason,
        "scope": claim.scope,
        "value": claim.value,
        "since": claim.since,
        "until": claim.until,
        "because": claim.because,
    }


def _standing_claims(
    candidate: Candidate, request: Request, index: ClaimIndex, policy: Policy, catalog: Catalog
) -> Iterator[Claim]:
    """The claims that are active and cover the candidate, less those that are lifted."""
    at, lifts = request.ts, policy.own_site_lifts if request.own_site else ()
    attributes = catalog.attributes(candidate.product_id, candidate)
    if not index.is_empty:
        for claim in index.covering(candidate.product_id, attributes):
            if (
                claim.since <= at
                and (claim.until is None or at < claim.until)
                and claim.reason not in lifts
                and (claim.price is None or not _price_lifts(candidate, claim, policy, catalog))
            ):
                yield claim
    for claim in _candidate_claims(candidate, attributes, request, index, policy, catalog):
        if claim.reason not in lifts:
            yield claim


def _price_lifts(candidate: Candidate, claim: Claim, policy: Policy, catalog: Catalog) -> bool:
    """Whether the candidate's price is enough below the one that was dismissed."""
    price = candidate.price
    if price is None:
        product = catalog.products.get(candidate.product_id)
        price = None if product is None else product.price
    return price is not None and claim.price is not None and policy.price_lifts(price, claim.price)


def _candidate_claims(
    candidate: Candidate,
    attributes: Attributes,
    request: Request,
    index: ClaimIndex,
    policy: Policy,
    catalog: Catalog,
) -> Iterator[Claim]:
    """The claims that follow from the request alone (SPEC 4, "Claims of a candidate")."""
    at, product_id = request.ts, candidate.product_id
    product = catalog.products.get(product_id)
    if (product is not None and product.sensitive) or (
        policy.sensitive_categories
        and not policy.sensitive_categories.isdisjoint(attributes.categories or ())
    ):
        sources = len(set(candidate.sources or ()))
        if not (index.sensitive_granted and sources >= policy.min_sources):
            yield Claim("product", product_id, "sensitive", at, None, ())
    interest = candidate.interest_at
    if interest is not None:
        followed = interest + policy.follow
        if followed <= at:
            yield Claim("product", product_id, "followed_too_long", followed, None, ())
        if request.channel in policy.quiet_channels and interest <= at < interest + policy.quiet:
            yield Claim("product", product_id, "too_soon", interest, interest + policy.quiet, ())
    if candidate.basis == "inferred" and not policy.inferred_allowed:
        yield Claim("product", product_id, "inferred_interest", at, None, ())
