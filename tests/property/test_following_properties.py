"""Claims that follow what is shared, change by change, are those of all the evidence made anew.

Without aliases in the catalog nobody's claims are made anew for a share, which may bring any facts
together: an order with its refunds, a dismissal with its end.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records import Event
from streams.suppression.person import Person
from tests.builders import (
    HOUR,
    NOW,
    cancellation,
    dismissal,
    product,
    purchase,
    refund,
    reinstatement,
    restoration,
)
from tests.identities import Partitions, linked, signed_in, signed_out

IDS = ("phone", "laptop", "account")
PRODUCTS = st.sampled_from(["tv", "mug"])
ORDERS = st.sampled_from(["one", "two"])
SMALL = st.integers(1, 3)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Anything that may be reported of one of the ids, at one of a few times."""
    event_id = f"e{draw(st.integers(0, 9))}"
    about: dict[str, Any] = {
        "ts": NOW + draw(st.integers(0, 9)) * HOUR,
        "event_id": event_id,
        "user_id": draw(st.sampled_from(IDS)),
    }
    listed = product(draw(PRODUCTS), quantity=draw(SMALL))
    dismissed = product(draw(PRODUCTS)).product_id
    made = {
        "bought": lambda: purchase(listed, order_id=draw(ORDERS), **about),
        "sent back": lambda: refund(listed, order_id=draw(ORDERS), **about),
        "cancelled": lambda: cancellation(order_id=draw(ORDERS), **about),
        "reinstated": lambda: reinstatement(order_id=draw(ORDERS), **about),
        "dismissed": lambda: dismissal("not_interested", product_id=dismissed, **about),
        "restored": lambda: restoration(**about),
        "signed in": lambda: signed_in(
            draw(st.sampled_from(IDS[:2])), "account", ts=about["ts"], event_id=event_id
        ),
        "signed out": lambda: signed_out(
            draw(st.sampled_from(IDS[:2])), ts=about["ts"], event_id=event_id
        ),
    }
    return made[draw(st.sampled_from(sorted(made)))]()


@given(st.lists(st.lists(events(), max_size=6), max_size=8))
@settings(max_examples=500, deadline=None)
def test_claims_that_are_kept_up_to_date_are_those_of_the_evidence_made_anew(
    between_shares: list[list[Event]],
) -> None:
    there = Partitions()
    there.tell(linked("phone", "account", ts=NOW - 1), signed_in("laptop", "account", ts=NOW - 1))
    assert_as_made_anew(there)
    for reported in between_shares:
        for event in reported:
            there.apply(event)
        there.settle()
        assert_as_made_anew(there)


def assert_as_made_anew(there: Partitions) -> None:
    """Whoever is asked has claims from then on, which follow what is shared."""
    [join] = there.joins
    for person in join.persons.values():
        anew = Person.from_bytes(person.to_bytes()).index(join.policy, join.catalog)
        assert person.index(join.policy, join.catalog).claims() == anew.claims()
