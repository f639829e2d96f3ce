"""Deciding by the list that was published of a person: it is enough to decide by (SPEC 5).

Whoever holds a list holds a copy, which may be out of date. What has happened since cannot be known
from it, and nothing is presumed of that. But from the age on that the policy names for a reason
(`[stale]`), the copy counts in one direction only. Where the reason fails closed, what the list
holds against a candidate counts and what it grants does not; where it fails open, what it holds
against a candidate does not count.
"""

from collections.abc import Sequence
from typing import Final, final

from schemas.outputs import Decision, ListEntry, SuppressionList
from schemas.records import Request
from streams.suppression.catalog import Catalog
from streams.suppression.claims import ScopeValue
from streams.suppression.claims_by_scope import ClaimsByScope, ScopeClaims
from streams.suppression.decision import decide
from streams.suppression.policy import Policy
from streams.suppression.words import EVERYTHING

NOT_ASKED: Final = ListEntry("all", EVERYTHING, "no_consent", 0, None, ())
"""What is held against everything where consent is needed and was never given (SPEC 4)."""


def decide_from_list(
    request: Request,
    published: SuppressionList | None,
    policy: Policy,
    catalog: Catalog,
    age: float = 0,
    beside: Sequence[ListEntry] = (),
) -> Decision:
    """The decision by a person's list, None being a tombstone or no list at all.

    It is that of `decisions`, without `as_of`, as of that list: claims that ended before the
    list's `ts` are not on it, so a request from before that time cannot be answered by them. `age`
    is how many seconds ago the list was last known to be the current one. The entries `beside` it
    are what came with the request, such as a denial of consent: they count at any age.
    """
    return decide(request, ListIndex(published, policy, age, beside), policy, catalog)


def counting_entries(
    published: SuppressionList | None, policy: Policy, age: float = 0
) -> list[ListEntry]:
    """The entries of a list that count at its age, and one for a consent that is missing."""
    listed: Sequence[ListEntry] = () if published is None else published.entries
    granted: Sequence[str] = () if published is None else published.granted
    closed, opened = policy.stale_reasons(age)
    entries = [entry for entry in listed if entry.reason not in opened]
    if (
        policy.consent_required
        and "no_consent" not in opened
        and ("personalised_ads" not in granted or "no_consent" in closed)
        and not any(entry.reason == "no_consent" for entry in entries)
    ):
        entries.append(NOT_ASKED)
    return entries


def blocking(
    published: SuppressionList | None, policy: Policy, age: float, user_id: str, own_site: bool
) -> list[ListEntry]:
    """The entries of a list that suppress whatever they cover, on this kind of site."""
    lifted = policy.own_site_lifts if own_site else ()
    spared = policy.holdout_reasons if policy.in_holdout(user_id) else ()
    return [
        entry
        for entry in counting_entries(published, policy, age)
        if entry.reason not in lifted and entry.reason not in spared
    ]


@final
class ListIndex(ClaimsByScope):
    """What a list holds against a person's candidates, in the place of their evidence."""

    __slots__ = ()

    def __init__(
        self,
        published: SuppressionList | None,
        policy: Policy,
        age: float = 0,
        beside: Sequence[ListEntry] = (),
    ) -> None:
        super().__init__()
        granted: Sequence[str] = () if published is None else published.granted
        closed, opened = policy.stale_reasons(age)
        by_scope: dict[ScopeValue, ScopeClaims] = {}
        for entry in (*counting_entries(published, policy, age), *beside):
            scope_value = entry.scope, entry.value
            held = by_scope.get(scope_value)
            if held is None:
                held = by_scope[scope_value] = ScopeClaims(*scope_value)
                self.add(held)
            held.claims = (*held.claims, entry)
        self.is_sensitive_granted = "sensitive" in opened or (
            "sensitive_topics" in granted and "sensitive" not in closed
        )
