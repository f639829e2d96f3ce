"""An index that follows the evidence change by change claims what a new one would (SPEC 4)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Event
from streams.suppression.claim_index import ClaimIndex
from streams.suppression.claims import list_order
from streams.suppression.evidence import Evidence
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from streams.suppression.words import REASONS
from tests.builders import (
    DAY,
    NOW,
    catalog,
    index_of,
    person_with,
    policy,
    read_back,
    stored,
)
from tests.property.lives import lives, times

CATALOG = catalog(tv={"brand": "zenith", "replenish_days": 2, "aliases": ["telly"]})
EAGER = policy(
    purchase={"scope": "brand", "category": {"a": {"scope": "category", "replenish_days": 1}}},
    frequency={"scope": "product", "max": 2},
    dismissal={"block_brand": {"price_drop": True, "days": 3}},
    consent={"mode": "opt_in"},
)
SHORT = policy(
    purchase={"window_days": 1, "category": {"a": {"replenish_days": 0.5, "open_days": 0}}},
    dismissal={"not_interested": {"days": 1}, "block_brand": {"days": 1}},
    frequency={"max": 2, "days": 1},
    retention={"days": 0},
)
policies = st.sampled_from([Policy.default(), EAGER, SHORT])
LAST = NOW + 4 * DAY


def claimed(evidence: Evidence, policy: Policy) -> set[Any]:
    return set(index_of(evidence, policy, CATALOG).claims())


@given(lives, policies)
def test_what_is_read_back_claims_what_it_did(life: list[Event], policy: Policy) -> None:
    evidence = person_with(*life)
    assert claimed(read_back(evidence), policy) == claimed(evidence, policy)


@given(lives, policies)
def test_an_index_that_follows_each_event_claims_what_a_new_one_does(
    life: list[Event], policy: Policy
) -> None:
    person = Person()
    for event in life:
        person.join(event, policy, CATALOG)
        followed = set(person.index(policy, CATALOG).claims())
        assert followed == claimed(read_back(person.evidence), policy)


@given(lives, policies, st.lists(times, max_size=12))
def test_an_index_that_saw_evidence_go_claims_what_a_new_one_does(
    life: list[Event], policy: Policy, clock: list[int]
) -> None:
    person = Person()
    for event, now in zip(life, sorted(clock), strict=False):
        person.join(event, policy, CATALOG)
        person.expire(policy, CATALOG, now)
        anew = Person(read_back(person.evidence))
        anew.expire(policy, CATALOG, now)
        assert anew.due == person.due
        if not person.evidence:  # such a person is forgotten
            assert not anew.evidence
            person = Person()
            continue
        assert stored(anew.evidence) == stored(person.evidence)
        followed = set(person.index(policy, CATALOG).claims())
        assert followed == claimed(anew.evidence, policy)


@given(lives.flatmap(lambda life: st.tuples(st.just(life), st.permutations(life))), policies)
def test_the_order_of_arrival_makes_no_difference_to_what_is_left_in_the_end(
    lives: tuple[list[Event], list[Event]], policy: Policy
) -> None:
    left = []
    for life in lives:
        person = Person()
        for event in life:
            person.join(event, policy, CATALOG)
            person.index(policy, CATALOG)
        person.expire(policy, CATALOG, LAST)
        left.append((person.due, stored(person.evidence)))
    assert left[0] == left[1]


@given(lives, policies)
def test_claims_are_whole(life: list[Event], policy: Policy) -> None:
    """No two claims say the same, each has known evidence behind it and ends after it began."""
    claims = index_of(person_with(*life), policy, CATALOG).claims()
    entries = {(each.scope, each.value, each.reason, each.since, each.until) for each in claims}
    assert len(entries) == len(claims)
    assert claims == sorted(claims, key=list_order)
    for claim in claims:
        assert claim.reason in REASONS
        assert claim.until is None or claim.since < claim.until
        assert list(claim.because) == sorted(set(claim.because))
        assert set(claim.because) <= {"e1", "e2", "e3", "i1", "i2", "i3"}
        assert claim.because or claim.reason == "no_consent"


@given(lives, policies)
def test_the_changes_after_each_event_add_up_to_all_claims(
    life: list[Event], policy: Policy
) -> None:
    evidence = Evidence()
    index = ClaimIndex(evidence, policy, CATALOG)
    known: dict[Any, Any] = {}
    for event in life:
        index.update(evidence.join(event))
        known |= {(each.scope, each.value): each.claims for each in index.changes()}
        assert {claim for claims in known.values() for claim in claims} == set(index.claims())
        assert index.changes() == []
