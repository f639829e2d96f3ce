"""What the policy makes of evidence: the claims of a person (SPEC 4), row by row."""

from typing import Any

import pytest
from msgspec import UNSET

from schemas.records import Event
from streams.suppression.claims import Claim
from tests.builders import (
    DAY,
    HOUR,
    NOW,
    cancellation,
    catalog,
    claims,
    dismissal,
    impressions,
    policy,
    preference,
    product,
    purchase,
    refund,
    reinstatement,
    the_claim,
)

COFFEE = {"replenish_days": 30, "open_days": 10}
COFFEE_POLICY = policy(purchase={"category": {"coffee": COFFEE}})


def coffee(event_id: str = "bought", ts: int = NOW, quantity: int = 1) -> Event:
    beans = product("beans", categories=["coffee"], quantity=quantity)
    return purchase(beans, event_id=event_id, order_id=event_id, ts=ts)


def times(claim: Claim) -> tuple[str, int, int | None]:
    return claim.reason, claim.since, claim.until


# --- purchased -----------------------------------------------------------------------------------


def test_an_owned_line_claims_its_product_for_the_window() -> None:
    assert the_claim(purchase(ts=NOW)) == Claim(
        scope="group",
        value="tv",
        reason="purchased",
        since=NOW,
        until=NOW + 180 * DAY,
        because=("bought",),
    )


def test_an_order_that_is_reported_again_is_no_newer_purchase() -> None:
    claim = the_claim(purchase(event_id="first"), purchase(event_id="again", ts=NOW + DAY))
    assert (claim.since, claim.until) == (NOW, NOW + 180 * DAY)
    assert claim.because == ("again", "first")


def test_what_was_reported_in_between_is_not_behind_the_claim() -> None:
    events = [purchase(event_id=f"e{day}", ts=NOW + day * DAY) for day in range(3)]
    assert the_claim(*events).because == ("e0", "e2")


def test_an_event_that_was_sent_twice_is_behind_the_claim_once() -> None:
    claim = the_claim(purchase(ts=NOW), purchase(ts=NOW + DAY))
    assert (claim.since, claim.because) == (NOW, ("bought",))


def test_a_reinstated_order_claims_from_when_it_was_bought() -> None:
    claim = the_claim(purchase(), cancellation(ts=NOW + 1), reinstatement(ts=NOW + DAY))
    assert (claim.since, claim.because) == (NOW, ("bought",))


@pytest.mark.parametrize("undone", [refund("tv"), refund(), cancellation()])
def test_a_line_that_is_not_owned_claims_nothing(undone: Event) -> None:
    assert claims(purchase(), undone) == []


def test_a_part_that_came_back_leaves_the_claim_standing() -> None:
    assert the_claim(purchase(product(quantity=2)), refund("tv")).until == NOW + 180 * DAY


# --- replenishment -------------------------------------------------------------------------------


def test_a_product_that_runs_out_is_claimed_until_it_has() -> None:
    purchased, _ = claims(coffee(ts=NOW), policy=COFFEE_POLICY)
    assert times(purchased) == ("purchased", NOW, NOW + 30 * DAY)


def test_twice_as_much_lasts_twice_as_long() -> None:
    purchased, _ = claims(coffee(ts=NOW, quantity=2), policy=COFFEE_POLICY)
    assert purchased.until == NOW + 60 * DAY


def test_what_came_back_does_not_last() -> None:
    returned = refund("beans", order_id="bought")
    purchased, _ = claims(coffee(ts=NOW, quantity=3), returned, policy=COFFEE_POLICY)
    assert purchased.until == NOW + 60 * DAY


def test_the_catalogs_replenish_days_go_before_the_policys() -> None:
    shop = catalog(beans={"categories": ["coffee"], "replenish_days": 7.5})
    purchased, lapsed = claims(coffee(ts=NOW), policy=COFFEE_POLICY, catalog=shop)
    assert purchased.until == NOW + 7 * DAY + 12 * HOUR
    assert lapsed.since == purchased.until + 10 * DAY


def test_the_catalog_alone_makes_a_product_run_out_and_reopen_for_fourteen_days() -> None:
    shop = catalog(tv={"replenish_days": 10})
    purchased, lapsed = claims(purchase(ts=NOW), catalog=shop)
    assert purchased.until == NOW + 10 * DAY
    assert lapsed.since == NOW + 10 * DAY + 14 * DAY


def test_the_length_is_cut_to_milliseconds_after_it_was_multiplied() -> None:
    third_of_a_millisecond = 1 / 3 / DAY
    shop = catalog(beans={"replenish_days": third_of_a_millisecond})
    purchased, _ = claims(coffee(ts=NOW, quantity=4), catalog=shop)
    assert purchased.until == NOW + 1  # 4/3 ms cut, not four times 1/3 ms cut


@pytest.mark.parametrize("days", [0, -3])
def test_replenish_days_of_no_length_say_nothing(days: int) -> None:
    assert the_claim(purchase(), catalog=catalog(tv={"replenish_days": days})).until == (
        NOW + 180 * DAY
    )


# --- lapsed --------------------------------------------------------------------------------------


def test_when_nothing_comes_of_the_reopening_the_product_lapses_for_as_long_again() -> None:
    _, lapsed = claims(coffee(ts=NOW), policy=COFFEE_POLICY)
    assert times(lapsed) == ("lapsed", NOW + 40 * DAY, NOW + 70 * DAY)
    assert lapsed.because == ("bought",)


def test_the_reopened_product_is_free_between_its_two_claims() -> None:
    purchased, lapsed = claims(coffee(ts=NOW), policy=COFFEE_POLICY)
    assert purchased.until is not None
    assert lapsed.since - purchased.until == 10 * DAY


def test_whoever_bought_again_has_not_lapsed() -> None:
    again = coffee("again", ts=NOW + 35 * DAY)
    found = claims(coffee(ts=NOW), again, policy=COFFEE_POLICY)
    assert [claim.because for claim in found if claim.reason == "lapsed"] == [("again",)]


def test_an_order_that_is_reported_again_does_not_keep_another_one_from_lapsing() -> None:
    first, reported_again = coffee("first", ts=NOW), coffee("first", ts=NOW + 5 * DAY)
    second = coffee("second", ts=NOW + DAY)
    found = claims(first, second, reported_again, policy=COFFEE_POLICY)
    assert [claim.because for claim in found if claim.reason == "lapsed"] == [("second",)]


def test_the_first_event_is_behind_the_lapse_as_well() -> None:
    events = [purchase("beans", event_id=name, ts=NOW + n) for n, name in enumerate(("a", "b"))]
    _, lapsed = claims(*events, catalog=catalog(beans={"replenish_days": 10}))
    assert lapsed.because == ("a", "b")


def test_what_was_bought_again_and_came_back_does_not_count() -> None:
    again, returned = coffee("again", ts=NOW + DAY), refund(order_id="again")
    _, lapsed = claims(coffee(ts=NOW), again, returned, policy=COFFEE_POLICY)
    assert lapsed.because == ("bought",)


def test_a_purchase_at_the_same_time_was_not_bought_after_it() -> None:
    found = claims(coffee(ts=NOW), coffee("twin", ts=NOW), policy=COFFEE_POLICY)
    assert [claim.because for claim in found if claim.reason == "lapsed"] == [("bought", "twin")]


def test_another_product_of_the_same_scope_counts_as_buying_again() -> None:
    by_category = policy(purchase={"category": {"coffee": {**COFFEE, "scope": "category"}}})
    ground = purchase(
        product("ground", categories=["coffee"]), event_id="other", order_id="o2", ts=NOW + DAY
    )
    found = claims(coffee(ts=NOW), ground, policy=by_category)
    assert [claim.because for claim in found if claim.reason == "lapsed"] == [("other",)]


def test_a_purchase_that_claims_another_scope_does_not_count() -> None:
    tea = purchase("tea", event_id="tea", order_id="o2", ts=NOW + DAY)
    found = claims(coffee(ts=NOW), tea, policy=COFFEE_POLICY)
    assert [claim.because for claim in found if claim.reason == "lapsed"] == [("bought",)]


# --- the frequency cap ---------------------------------------------------------------------------

THREE_A_WEEK = policy(frequency={"max": 3, "days": 7})


def test_the_cap_is_from_the_newest_of_the_counted_until_the_oldest_has_its_days() -> None:
    shown = impressions(NOW, NOW + HOUR, NOW + 2 * HOUR)
    assert the_claim(*shown, policy=THREE_A_WEEK) == Claim(
        scope="group",
        value="tv",
        reason="frequency_cap",
        since=NOW + 2 * HOUR,
        until=NOW + 7 * DAY,
        because=("i1", "i2", "i3"),
    )


def test_fewer_impressions_than_the_maximum_claim_nothing() -> None:
    assert claims(*impressions(NOW, NOW + HOUR), policy=THREE_A_WEEK) == []


def test_only_the_newest_impressions_are_counted() -> None:
    shown = impressions(NOW, NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR)
    claim = the_claim(*shown, policy=THREE_A_WEEK)
    assert (claim.until, claim.because) == (NOW + HOUR + 7 * DAY, ("i2", "i3", "i4"))


def test_of_impressions_at_one_time_those_with_the_greater_ids_are_counted() -> None:
    claim = the_claim(*impressions(NOW, NOW, NOW, NOW), policy=THREE_A_WEEK)
    assert claim.because == ("i2", "i3", "i4")


@pytest.mark.parametrize(("gap", "caps"), [(7 * DAY - 1, 1), (7 * DAY, 0), (8 * DAY, 0)])
def test_a_cap_that_would_end_before_it_begins_is_no_claim(gap: int, caps: int) -> None:
    shown = impressions(NOW, NOW + HOUR, NOW + gap)
    assert len(claims(*shown, policy=THREE_A_WEEK)) == caps


def test_impressions_of_variants_count_together() -> None:
    shop = catalog(tv={"item_group_id": "tvs"}, big_tv={"item_group_id": "tvs"})
    of_one, of_other = impressions(NOW, NOW), impressions(NOW, product_id="big_tv")
    claim = the_claim(*of_one, *of_other, policy=THREE_A_WEEK, catalog=shop)
    assert (claim.value, claim.because) == ("tvs", ("i1", "i2"))  # i1 showed both


def test_each_value_of_the_scope_has_a_cap_of_its_own() -> None:
    shown = [*impressions(NOW, NOW, NOW), *impressions(NOW, NOW, NOW, product_id="radio")]
    assert {claim.value for claim in claims(*shown, policy=THREE_A_WEEK)} == {"tv", "radio"}


def test_by_default_the_seventh_impression_of_a_week_is_the_last() -> None:
    assert claims(*impressions(*[NOW] * 6)) == []
    assert the_claim(*impressions(*[NOW] * 7)).reason == "frequency_cap"


# --- consent -------------------------------------------------------------------------------------

OPT_IN = policy(consent={"mode": "opt_in"})


def no_consent(*because: str) -> list[Claim]:
    return [Claim("all", "*", "no_consent", since=0, until=None, because=because)]


def test_a_denial_claims_everything_from_the_beginning_of_time() -> None:
    assert claims(preference("c1", personalised_ads="denied")) == no_consent("c1")
    assert claims(preference("c1", personalised_ads="denied"), policy=OPT_IN) == no_consent("c1")


@pytest.mark.parametrize("mode", ["opt_out", "opt_in"])
def test_a_grant_claims_nothing(mode: str) -> None:
    granted = preference(personalised_ads="granted")
    assert claims(granted, policy=policy(consent={"mode": mode})) == []


def test_silence_is_consent_only_where_people_have_to_opt_out() -> None:
    said_of_something_else = preference(sensitive_topics="granted")
    assert claims(said_of_something_else) == []
    assert claims(said_of_something_else, policy=OPT_IN) == no_consent()


# --- merging -------------------------------------------------------------------------------------


def test_evidence_that_says_the_same_is_one_claim_with_all_of_its_ids() -> None:
    twice = [dismissal("block_brand", event_id, brand="acme") for event_id in ("d2", "d1")]
    claim = the_claim(dismissal("block_brand", "d3", ts=NOW, brand="acme"), *twice)
    assert claim.because == ("d1", "d2", "d3")


def test_claims_of_different_times_stay_apart() -> None:
    first = dismissal("block_brand", "d1", ts=NOW, brand="acme")
    second = dismissal("block_brand", "d2", ts=NOW + 1, brand="acme")
    assert len(claims(first, second)) == 2


@pytest.mark.parametrize(
    ("prices", "lifted_from"), [((100, 80), 80), ((80, 100), 80), ((100, None), UNSET)]
)
def test_a_merged_claim_is_lifted_only_where_each_piece_of_it_would_be(
    prices: tuple[int | None, int | None], lifted_from: Any
) -> None:
    pieces = [
        dismissal("not_interested", f"d{n}", product_id="tv", price=price)
        for n, price in enumerate(prices)
    ]
    assert the_claim(*pieces).price == lifted_from
    assert the_claim(*pieces[::-1]).price == lifted_from
