"""Evidence is a set: order, duplicates and repeats cannot change it (SPEC 3)."""

from typing import Any

import pytest

from schemas.records import Event, Purchase
from streams.suppression.evidence import Evidence
from streams.suppression.facts import Completion, Shown, Target
from tests.builders import (
    DAY,
    HOUR,
    NOW,
    cancellation,
    claims,
    dismissal,
    impression,
    person_with,
    policy,
    preference,
    product,
    purchase,
    refund,
    reinstatement,
    request,
    restoration,
    stored,
)


def order_of_nothing(event: Any) -> Event:
    return Purchase(
        event_id="e1", user_id="ann", ts=NOW, event=event, order_id="order", products=[]
    )


ONE_LASTS_A_DAY = policy(purchase={"replenish_days": 1})


def owned(*events: Event) -> dict[str, int]:
    """How many of each product the person owns in the end, told by how many days they last."""
    return {
        claim.value: (claim.until - claim.since) // DAY
        for claim in claims(*events, policy=ONE_LASTS_A_DAY)
        if claim.reason == "purchased" and claim.until is not None
    }


def three(product_id: str = "tv", **fields: str) -> Event:
    return purchase(product(product_id, quantity=3), **fields)


# --- order lines ---------------------------------------------------------------------------------


def test_an_order_line_is_one_product_of_one_order() -> None:
    lines = person_with(purchase("tv", "cable"), purchase("tv", order_id="second")).lines
    assert {line.identity_of(line) for line in lines} == {
        ("order", "tv"),
        ("order", "cable"),
        ("second", "tv"),
    }


def test_the_same_product_twice_in_one_event_adds_up() -> None:
    assert owned(purchase("tv", product("tv", quantity=2))) == {"tv": 3}


def test_a_repeated_event_does_not_add_up() -> None:
    assert owned(purchase("tv"), purchase("tv")) == {"tv": 1}


@pytest.mark.parametrize("turned", [False, True])
def test_a_line_is_that_of_the_latest_event_whichever_came_first(turned: bool) -> None:
    earlier = purchase(product(quantity=5), event_id="z", ts=NOW)
    later = purchase(product(quantity=2), event_id="a", ts=NOW + 1)
    events = [later, earlier] if turned else [earlier, later]
    [line] = person_with(*events).lines
    assert (line.quantity, line.ts, line.event_id, line.bought) == (2, NOW + 1, "a", NOW)


@pytest.mark.parametrize("turned", [False, True])
def test_an_order_that_is_reported_again_was_bought_when_it_was_reported_first(
    turned: bool,
) -> None:
    events = [purchase(event_id=f"e{day}", ts=NOW + day * DAY) for day in (0, 3, 1)]
    [line] = person_with(*events[:: -1 if turned else 1]).lines
    assert (line.event_id, line.first) == ("e3", Completion(NOW, "e0"))


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_events_at_the_first_time_it_was_bought_with_the_least_id(turned: bool) -> None:
    events = [purchase(event_id=name) for name in ("b", "a", "c")]
    [line] = person_with(*events[:: -1 if turned else 1]).lines
    assert (line.event_id, line.first) == ("c", Completion(NOW, "a"))


def test_a_line_that_was_reported_once_names_no_other_event() -> None:
    [line] = person_with(purchase(), purchase()).lines
    assert (line.first, line.bought) == (None, NOW)


def test_what_an_order_lists_later_was_bought_later() -> None:
    added = purchase("tv", "cable", event_id="again", ts=NOW + DAY)
    lines = person_with(purchase("tv"), added).lines
    assert {line.product_id: line.bought for line in lines} == {"tv": NOW, "cable": NOW + DAY}


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_events_at_one_time_the_greater_id_has_the_line(turned: bool) -> None:
    events = [purchase(product(quantity=5), event_id="a"), purchase(event_id="b")]
    assert owned(*events[:: -1 if turned else 1]) == {"tv": 1}


def test_a_later_event_of_an_order_leaves_the_lines_that_it_does_not_list() -> None:
    assert owned(purchase("tv", "cable"), purchase("tv", event_id="again", ts=NOW + 1)) == {
        "tv": 1,
        "cable": 1,
    }


def test_a_line_keeps_the_attributes_of_its_winning_event() -> None:
    evidence = person_with(
        purchase(product(brand="acme", item_group_id="tvs"), ts=NOW),
        purchase(product(brand="zenith"), event_id="corrected", ts=NOW + 1),
    )
    [line] = evidence.lines
    attributes = line.attributes
    assert attributes is not None
    assert (attributes.brand, attributes.item_group_id) == ("zenith", None)


def test_a_line_is_a_gift_if_its_winning_event_says_so() -> None:
    wrapped = purchase(product(gift=True), event_id="wrapped", ts=NOW + 1)
    assert [line.gift for line in person_with(purchase(), wrapped).lines] == [True]
    assert [line.gift for line in person_with(wrapped, purchase(ts=NOW + 2)).lines] == [False]


def test_a_line_of_which_a_part_is_a_gift_is_one() -> None:
    for listed in (["tv", product(gift=True)], [product(gift=True), "tv"]):
        assert [line.gift for line in person_with(purchase(*listed)).lines] == [True]


# --- refunds and cancellations -------------------------------------------------------------------


def test_a_partial_refund_takes_its_quantity_off_the_line() -> None:
    assert owned(three(), refund(product(quantity=2))) == {"tv": 1}


def test_a_partial_refund_of_everything_ends_the_ownership() -> None:
    assert owned(purchase("tv", "cable"), refund("tv")) == {"cable": 1}


def test_refunds_of_different_events_add_up() -> None:
    assert owned(three(), refund("tv", event_id="one"), refund("tv", event_id="two")) == {"tv": 1}


def test_a_repeated_refund_counts_once() -> None:
    assert owned(three(), refund("tv"), refund("tv")) == {"tv": 2}


def test_a_refund_names_its_product_twice_and_means_two() -> None:
    assert owned(three(), refund("tv", "tv")) == {"tv": 1}


def test_a_refund_that_says_something_else_later_replaces_what_it_said() -> None:
    corrected = refund(product(quantity=1), ts=NOW + 1)
    assert owned(three(), corrected, refund(product(quantity=3))) == {"tv": 2}


def test_a_refund_that_arrives_before_its_purchase_still_takes_the_line_away() -> None:
    assert owned(refund("tv"), purchase("tv")) == {}


def test_more_refunded_than_bought_is_not_owned() -> None:
    assert owned(purchase("tv"), refund(product(quantity=5))) == {}


def test_a_refund_of_another_order_takes_nothing_away() -> None:
    assert owned(purchase("tv"), refund("tv", order_id="second")) == {"tv": 1}


@pytest.mark.parametrize("whole", [refund(), cancellation()], ids=["refund", "cancellation"])
def test_a_whole_refund_or_a_cancellation_takes_every_line_to_zero(whole: Event) -> None:
    assert owned(three("tv"), whole) == {}
    assert owned(purchase("tv", "cable"), whole) == {}


@pytest.mark.parametrize("whole", [refund(), cancellation()], ids=["refund", "cancellation"])
def test_an_order_that_came_back_whole_stays_away_though_it_is_reported_again(whole: Event) -> None:
    reported_again = purchase(event_id="again", ts=NOW + HOUR)
    assert owned(purchase(), whole, reported_again) == {}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("whole", [refund(), cancellation()], ids=["refund", "cancellation"])
def test_an_order_that_is_reinstated_is_owned_again(whole: Event, turned: bool) -> None:
    events = [three(), whole, reinstatement(ts=NOW + 1)]
    assert owned(*events[:: -1 if turned else 1]) == {"tv": 3}


@pytest.mark.parametrize(("later", "kept"), [(-1, {}), (0, {}), (1, {"tv": 1})])
def test_an_order_is_reinstated_only_after_it_came_back(later: int, kept: dict[str, int]) -> None:
    assert owned(purchase(), cancellation(), reinstatement(ts=NOW + later)) == kept


def test_an_order_that_came_back_again_is_gone_again() -> None:
    events = [purchase(), cancellation("one"), reinstatement(ts=NOW + 1)]
    assert owned(*events, refund(event_id="two", ts=NOW + 2)) == {}


def test_of_a_reinstated_order_what_came_back_in_part_stays_away() -> None:
    assert owned(three(), refund("tv"), cancellation(), reinstatement(ts=NOW + 1)) == {"tv": 2}


def test_a_reinstatement_leaves_other_orders_alone() -> None:
    other = reinstatement(order_id="second", ts=NOW + 1)
    assert owned(purchase(), cancellation(), other) == {}


def test_a_cancellation_leaves_other_orders_alone() -> None:
    assert owned(purchase("tv"), cancellation(order_id="second")) == {"tv": 1}


# --- dismissals and restorations -----------------------------------------------------------------


def test_a_dismissal_is_one_fact_per_event() -> None:
    evidence = person_with(
        dismissal("not_interested", "d1", product_id="tv"),
        dismissal("not_interested", "d1", product_id="tv"),
        dismissal("not_interested", "d2", product_id="tv"),
    )
    assert [fact.event_id for fact in evidence.dismissals] == ["d1", "d2"]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_versions_of_a_dismissal_the_later_stays(turned: bool) -> None:
    events = [
        dismissal("not_interested", ts=NOW, product_id="tv"),
        dismissal("already_bought", ts=NOW + 1, product_id="tv"),
    ]
    [rejection] = person_with(*events[:: -1 if turned else 1]).dismissals
    assert rejection.reason == "already_bought"


def test_only_the_target_product_of_a_dismissal_brings_attributes() -> None:
    evidence = person_with(
        dismissal("not_interested", "d1", product_id="tv", brand="acme"),
        dismissal("block_brand", "d2", brand="acme", item_group_id="tvs"),
    )
    of_product, of_brand = evidence.dismissals
    assert of_product.attributes is not None
    assert of_product.attributes.brand == "acme"
    assert of_brand.attributes is None
    assert of_brand.target == Target("brand", "acme")


@pytest.mark.parametrize("turned", [False, True])
def test_an_event_that_first_restored_and_then_dismissed_is_a_dismissal_only(
    turned: bool,
) -> None:
    events = [
        restoration("undecided", ts=NOW),
        dismissal("not_interested", "undecided", ts=NOW + 1, product_id="cable"),
    ]
    evidence = person_with(*events[:: -1 if turned else 1])
    assert [fact.event_id for fact in evidence.dismissals] == ["undecided"]
    assert evidence.restorations == ()


def test_the_same_price_written_in_two_ways_leaves_the_same_bytes_in_either_order() -> None:
    whole = dismissal("not_interested", product_id="tv", price=10)
    fraction = dismissal("not_interested", product_id="tv", price=10.0)
    assert stored(person_with(whole, fraction)) == stored(person_with(fraction, whole))


# --- impressions and preferences -----------------------------------------------------------------


def test_an_impression_counts_once_at_the_greatest_time_seen() -> None:
    evidence = person_with(
        impression("i1", ts=NOW), impression("i1", ts=NOW + 5), impression("i1", ts=NOW + 3)
    )
    assert evidence.impressions == (Shown("i1", "tv", NOW + 5),)


def test_one_impression_of_two_products_counts_for_each() -> None:
    evidence = person_with(impression("i1", "tv"), impression("i1", "cable"))
    assert {fact.identity_of(fact) for fact in evidence.impressions} == {
        ("i1", "tv"),
        ("i1", "cable"),
    }


@pytest.mark.parametrize("turned", [False, True])
def test_a_preference_has_the_value_said_last_field_by_field(turned: bool) -> None:
    events = [
        preference("c1", NOW, personalised_ads="granted", sensitive_topics="granted"),
        preference("c2", NOW + 1, personalised_ads="denied"),
    ]
    evidence = person_with(*events[:: -1 if turned else 1])
    assert evidence.granted() == ["sensitive_topics"]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_preferences_at_one_time_the_greater_id_stands(turned: bool) -> None:
    events = [
        preference("c2", personalised_ads="granted"),
        preference("c10", personalised_ads="denied"),
    ]
    assert person_with(*events[:: -1 if turned else 1]).granted() == ["personalised_ads"]


# --- the set as a whole --------------------------------------------------------------------------


def test_the_newest_time_is_that_of_the_newest_evidence_whichever_came_last() -> None:
    assert person_with(impression(ts=NOW + 5), preference(sensitive_topics="denied")).newest == (
        NOW + 5
    )


def test_the_first_evidence_sets_the_time_even_before_1970() -> None:
    assert person_with(purchase(ts=-5)).newest == -5


@pytest.mark.parametrize(
    "event",
    [
        preference(),
        order_of_nothing("order_completed"),
        order_of_nothing("order_refunded"),
    ],
    ids=["preference of nothing", "order of nothing", "refund of nothing"],
)
def test_an_event_that_states_no_fact_is_no_evidence(event: Event) -> None:
    evidence = person_with(event)
    assert not evidence
    assert evidence.newest == 0


def test_a_request_is_no_evidence() -> None:
    with pytest.raises(TypeError, match="Request is no evidence"):
        Evidence().join(request())
