"""The bound on one person's evidence (`streams.suppression.surplus`)."""

from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from streams.suppression.surplus import MOST_FACTS, ROOM
from tests.builders import NOW, dismissal, purchase, request


def flooded(*first: object, many: int = MOST_FACTS + 1) -> Join:
    """A join in which, after what comes first, somebody buys a great many things."""
    joined = Join(Policy.default(), Catalog())
    for event in first:
        joined.take(event)
    for number in range(many):
        joined.take(purchase(f"p{number}", order_id=f"o{number}", ts=NOW + number))
    return joined


def test_as_many_facts_as_are_allowed_are_all_kept() -> None:
    joined = flooded(many=MOST_FACTS)
    assert len(joined.persons["ann"].evidence.lines) == MOST_FACTS
    assert joined.forgotten == 0


def test_beyond_that_the_oldest_are_forgotten_and_counted() -> None:
    joined = flooded()
    lines = joined.persons["ann"].evidence.lines
    assert len(lines) == MOST_FACTS - ROOM
    assert joined.forgotten == ROOM + 1
    assert ("o0", "p0") not in lines
    assert (f"o{MOST_FACTS}", f"p{MOST_FACTS}") in lines


def test_a_forgotten_line_suppresses_no_more_and_a_kept_one_still_does() -> None:
    joined = flooded()
    decision = joined.take(request("p0", f"p{MOST_FACTS}", ts=NOW + MOST_FACTS))
    assert decision is not None
    assert decision["allowed"] == ["p0"]
    assert [answer["product_id"] for answer in decision["suppressed"]] == [f"p{MOST_FACTS}"]


def test_a_wish_to_be_left_alone_outlives_any_number_of_other_dismissals() -> None:
    joined = Join(Policy.default(), Catalog())
    joined.take(dismissal("opt_out_all", event_id="leave me alone", ts=NOW))
    for number in range(MOST_FACTS):
        said = dismissal("not_interested", f"d{number}", NOW + 1 + number, product_id=f"p{number}")
        joined.take(said)
    assert "leave me alone" in joined.persons["ann"].evidence.dismissals
    assert joined.forgotten > 0
