"""However much there is about a person, so much is kept and no more, and what matters longest."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Event
from streams.suppression import person as person_module
from streams.suppression import surplus
from streams.suppression.expiry import endings
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests.builders import DAY, NOW, dismissal, impression, purchase
from tests.property.lives import lives
from tests.property.test_claim_index_properties import CATALOG, policies

MOST, ROOM = 4, 1


@pytest.fixture(autouse=True, scope="module")
def small_bound() -> Iterator[None]:
    """A bound that a short life reaches."""
    with (
        patch.object(surplus, "MOST_FACTS", MOST),
        patch.object(person_module, "MOST_FACTS", MOST),
        patch.object(surplus, "ROOM", ROOM),
    ):
        yield


different = st.lists(
    st.tuples(st.sampled_from(["bought", "cart", "blocked", "shown"]), st.integers(0, 40)),
    unique=True,
    max_size=12,
)
"""Facts of which none acts on another, all at different times."""


def event_of(number: int, kind: str, day: int) -> Event:
    ts = NOW + day * DAY + number
    if kind == "bought":
        return purchase(f"p{number}", order_id=f"o{number}", ts=ts)
    if kind == "shown":
        return impression(f"i{number}", f"p{number}", ts)
    if kind == "cart":
        return dismissal("removed_from_cart", f"d{number}", ts, product_id=f"p{number}")
    return dismissal("block_brand", f"d{number}", ts, brand=f"b{number}")


def joined(events: list[Event], policy: Policy) -> Person:
    person = Person()
    for event in events:
        person.join(event, policy, CATALOG)
    return person


@given(lives, policies)
def test_there_is_never_more_than_the_bound_and_what_is_missing_was_counted(
    life: list[Event], policy: Policy
) -> None:
    person = Person()
    counted = 0
    for event in life:
        counted += sum(person.join(event, policy, CATALOG).values())
        person.index(policy, CATALOG)
        assert person.evidence.size <= MOST
    assert person.forgotten == counted


@given(lives, policies, st.data())
def test_what_is_kept_does_not_depend_on_when_it_was_written_and_read_back(
    life: list[Event], policy: Policy, data: st.DataObject
) -> None:
    undisturbed, restarted = Person(), Person()
    for event in life:
        undisturbed.join(event, policy, CATALOG)
        restarted.join(event, policy, CATALOG)
        if data.draw(st.booleans()):
            restarted.index(policy, CATALOG)
            restarted = Person.from_bytes(restarted.to_bytes())
    for person in (undisturbed, restarted):
        person.index(policy, CATALOG)
    assert undisturbed.to_bytes() == restarted.to_bytes()


@given(different.flatmap(lambda facts: st.permutations(list(enumerate(facts)))))
def test_whatever_the_order_what_ends_last_is_kept(
    facts: list[tuple[int, tuple[str, int]]],
) -> None:
    policy = Policy.default()
    events = [event_of(number, *fact) for number, fact in facts]
    everything = Person()
    with patch.object(person_module, "MOST_FACTS", len(events)):
        for event in events:
            everything.join(event, policy, CATALOG)
    ranked = sorted(endings(everything.index(policy, CATALOG)), key=surplus.rank)
    kept = joined(events, policy)
    left = [fact for fact, _ in endings(kept.index(policy, CATALOG))]
    assert all(fact in left for fact, _ in ranked[-(MOST - ROOM) :])


@given(lives, policies)
def test_what_was_forgotten_is_stored_with_the_person(life: list[Event], policy: Policy) -> None:
    person = joined(life, policy)
    assert Person.from_bytes(person.to_bytes()).forgotten == person.forgotten
