"""What stands of a person on the list that was published: enough to decide by (SPEC 5).

Whoever holds a list holds a copy, which may be out of date. What has been said since cannot be
known from it, and nothing is presumed of that. But from the age on that the policy names for a
reason (`[stale]`), the copy counts in one direction only. Where the reason fails closed, what the
list holds against a candidate counts and what it grants does not; where it fails open, what it
holds against a candidate does not count.
"""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from typing import Any, Final

from schemas.records import Candidate, Product, Request
from streams.suppression.catalog import Catalog, scope_values
from streams.suppression.claims import Claim, ScopeValue
from streams.suppression.decision import decide
from streams.suppression.place import EVERYWHERE
from streams.suppression.policy import Policy

List = Mapping[str, Any]
"""The value of a record of `suppressions`."""

NOT_ASKED: Final = Claim(*EVERYWHERE, "no_consent", 0, None, ())
"""What is held against everything where consent is needed and was never given (SPEC 4)."""


def decide_from_list(
    request: Request, published: List | None, policy: Policy, catalog: Catalog, age: float = 0
) -> dict[str, Any]:
    """The decision by a person's list, None being a tombstone or no list at all.

    It is that of `decisions`, without `as_of`, as of that list: claims that ended before the
    list's `ts` are not on it, so a request from before that time cannot be answered by them. `age`
    is how many seconds ago the list was last known to be the one that stands.
    """
    return decide(request, Standing(published, policy, age), policy, catalog)


class Standing:
    """What a list holds against a person's candidates, in the place of their evidence."""

    __slots__ = ("_claims", "_scopes", "_values", "is_sensitive_granted")

    def __init__(self, published: List | None, policy: Policy, age: float = 0) -> None:
        entries: Sequence[List] = () if published is None else published["entries"]
        granted = () if published is None else published["granted"]
        closed, opened = policy.stale_reasons(age)
        self._claims: defaultdict[ScopeValue, list[Claim]] = defaultdict(list)
        for entry in entries:
            if entry["reason"] not in opened:
                claim = _claim(entry)
                self._claims[claim.scope, claim.value].append(claim)
        if (
            policy.consent_required
            and "no_consent" not in opened
            and ("personalised_ads" not in granted or "no_consent" in closed)
            and not any(claim.reason == "no_consent" for claim in self._claims.get(EVERYWHERE, ()))
        ):
            self._claims[EVERYWHERE].append(NOT_ASKED)
        self._scopes = {scope for scope, _ in self._claims}
        self._values = {value for _, value in self._claims}
        self.is_sensitive_granted = "sensitive" in opened or (
            "sensitive_topics" in granted and "sensitive" not in closed
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is held against any candidate."""
        return not self._claims

    @property
    def named(self) -> Container[str] | None:
        """What a product's id has to be among to be covered by a claim, if all that is known of
        the product is its id; None if everything is covered.
        """
        return None if EVERYWHERE in self._claims else self._values

    def claims_on(self, candidate: Candidate, product: Product | None) -> list[Claim]:
        """The claims that cover a candidate, active or not."""
        claims = self._claims
        return [
            claim
            for scope_value in scope_values(candidate, product, self._scopes)
            if scope_value in claims
            for claim in claims[scope_value]
        ]


def _claim(entry: List) -> Claim:
    return Claim(
        entry["scope"],
        entry["value"],
        entry["reason"],
        entry["since"],
        entry["until"],
        tuple(entry["because"]),
        entry.get("price"),
    )
