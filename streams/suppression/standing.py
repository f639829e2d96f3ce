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
from streams.suppression.words import EVERYTHING

List = Mapping[str, Any]
"""The value of a record of `suppressions`."""

Entry = Mapping[str, Any]
"""One of the entries of a list."""

NOT_ASKED: Final[Entry] = {
    "scope": "all",
    "value": EVERYTHING,
    "reason": "no_consent",
    "since": 0,
    "until": None,
    "because": (),
}
"""What is held against everything where consent is needed and was never given (SPEC 4)."""


def decide_from_list(
    request: Request,
    published: List | None,
    policy: Policy,
    catalog: Catalog,
    age: float = 0,
    beside: Sequence[Entry] = (),
) -> dict[str, Any]:
    """The decision by a person's list, None being a tombstone or no list at all.

    It is that of `decisions`, without `as_of`, as of that list: claims that ended before the
    list's `ts` are not on it, so a request from before that time cannot be answered by them. `age`
    is how many seconds ago the list was last known to be the one that stands. The entries `beside`
    it are what came with the request, such as a denial of consent: they count at any age.
    """
    return decide(request, Standing(published, policy, age, beside), policy, catalog)


def standing_entries(published: List | None, policy: Policy, age: float = 0) -> list[Entry]:
    """The entries of a list that count at its age, and one for a consent that is missing."""
    listed: Sequence[Entry] = () if published is None else published["entries"]
    granted = () if published is None else published["granted"]
    closed, opened = policy.stale_reasons(age)
    entries = [entry for entry in listed if entry["reason"] not in opened]
    if (
        policy.consent_required
        and "no_consent" not in opened
        and ("personalised_ads" not in granted or "no_consent" in closed)
        and not any(entry["reason"] == "no_consent" for entry in entries)
    ):
        entries.append(NOT_ASKED)
    return entries


def blocking(
    published: List | None, policy: Policy, age: float, user_id: str, own_site: bool
) -> list[Entry]:
    """The entries of a list that suppress whatever they cover, on this kind of site."""
    lifted = policy.own_site_lifts if own_site else ()
    spared = policy.holdout_reasons if policy.in_holdout(user_id) else ()
    return [
        entry
        for entry in standing_entries(published, policy, age)
        if entry["reason"] not in lifted and entry["reason"] not in spared
    ]


class Standing:
    """What a list holds against a person's candidates, in the place of their evidence."""

    __slots__ = ("_claims", "_scopes", "_values", "is_sensitive_granted")

    def __init__(
        self,
        published: List | None,
        policy: Policy,
        age: float = 0,
        beside: Sequence[Entry] = (),
    ) -> None:
        granted = () if published is None else published["granted"]
        closed, opened = policy.stale_reasons(age)
        self._claims: defaultdict[ScopeValue, list[Claim]] = defaultdict(list)
        for entry in (*standing_entries(published, policy, age), *beside):
            claim = _claim(entry)
            self._claims[claim.scope, claim.value].append(claim)
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


def _claim(entry: Entry) -> Claim:
    return Claim(
        entry["scope"],
        entry["value"],
        entry["reason"],
        entry["since"],
        entry["until"],
        tuple(entry["because"]),
        entry.get("price"),
    )
