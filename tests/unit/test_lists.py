"""The list that is published for a person (SPEC 5)."""

from typing import Any

import pytest

from schemas.records import Event
from streams.suppression.lists import LONGEST
from tests.builders import (
    DAY,
    HOUR,
    NOW,
    cancellation,
    catalog,
    dismissal,
    impression,
    policy,
    preference,
    product,
    published,
    purchase,
    restoration,
)


def entries(*events: Event, **readings: Any) -> list[dict[str, Any]]:
    suppression_list = published(*events, **readings)
    assert suppression_list is not None
    return suppression_list["entries"]


def blocked(brand: str, event_id: str = "d1", ts: int = NOW) -> Event:
    return dismissal("block_brand", event_id, ts, brand=brand)


# --- what is listed ------------------------------------------------------------------------------


def test_a_list_says_what_must_no_longer_follow_a_person() -> None:
    assert published(purchase("tv", event_id="e1", ts=NOW)) == {
        "user_id": "ann",
        "ts": NOW,
        "policy": "default",
        "granted": [],
        "entries": [
            {
                "scope": "group",
                "value": "tv",
                "reason": "purchased",
                "since": NOW,
                "until": NOW + 180 * DAY,
                "because": ["e1"],
            }
        ],
    }


def test_the_time_of_a_list_is_that_of_the_newest_evidence() -> None:
    suppression_list = published(purchase(ts=NOW), impression(ts=NOW + HOUR))
    assert suppression_list is not None
    assert suppression_list["ts"] == NOW + HOUR


def test_claims_that_have_not_begun_yet_are_listed() -> None:
    listed = entries(purchase(ts=NOW), catalog=catalog(tv={"replenish_days": 10}))
    assert [(entry["reason"], entry["since"]) for entry in listed] == [
        ("purchased", NOW),
        ("lapsed", NOW + 24 * DAY),
    ]


@pytest.mark.parametrize(("later", "listed"), [(14 * DAY - 1, ["tv"]), (14 * DAY, [])])
def test_a_claim_that_has_ended_by_the_lists_time_is_not_listed(
    later: int, listed: list[str]
) -> None:
    removed = dismissal("removed_from_cart", "d1", NOW, product_id="tv")
    found = entries(removed, blocked("acme", "d2", NOW + later))
    assert [entry["value"] for entry in found if entry["scope"] == "product"] == listed


def test_evidence_that_says_the_same_is_one_entry() -> None:
    [entry] = entries(blocked("acme", "d2"), blocked("acme", "d1"))
    assert entry["because"] == ["d1", "d2"]


def test_an_entry_that_a_better_price_may_lift_has_that_price() -> None:
    [entry] = entries(dismissal("not_interested", product_id="tv", price=99.5))
    assert entry["price"] == 99.5


@pytest.mark.parametrize(
    "event",
    [
        dismissal("not_interested", product_id="tv"),
        dismissal("block_brand", brand="acme", price=99.5),
    ],
    ids=["carries no price", "its reason has no price drop"],
)
def test_an_entry_that_no_price_may_lift_has_none(event: Event) -> None:
    [entry] = entries(event)
    assert "price" not in entry


def test_without_consent_the_list_says_so_for_everything() -> None:
    [entry] = entries(impression(), policy=policy(consent={"mode": "opt_in"}))
    assert (entry["scope"], entry["value"], entry["reason"]) == ("all", "*", "no_consent")
    assert (entry["since"], entry["until"], entry["because"]) == (0, None, [])


# --- order and length ----------------------------------------------------------------------------


def test_entries_are_sorted_by_scope_value_reason_since_and_until() -> None:
    rules = policy(dismissal={"already_bought": {"days": 5}, "block_category": {"scope": "group"}})
    dismissals = [
        dismissal("opt_out_all", "d1"),
        dismissal("block_advertiser", "d2", advertiser_id="shop"),
        blocked("acme", "d3"),
        dismissal("block_category", "d4", category="tvs"),
        dismissal("removed_from_cart", "d5", product_id="z"),
        dismissal("not_interested", "d6", product_id="b"),
        dismissal("not_interested", "d7", product_id="a"),
        dismissal("already_bought", "d8", product_id="a"),
        dismissal("already_bought", "d9", ts=NOW - 1, product_id="a"),
        dismissal("block_category", "d10", product_id="a"),
        dismissal("removed_from_cart", "d11", product_id="a"),
    ]
    order = ["d11", "d5", "d10", "d9", "d8", "d7", "d6", "d4", "d3", "d2", "d1"]
    assert [entry["because"] for entry in entries(*dismissals, policy=rules)] == [
        [last] for last in order
    ]


def test_of_entries_that_differ_in_their_end_only_the_endless_one_is_last() -> None:
    endless = {"scope": "brand", "days": 0}
    rules = policy(
        purchase={"category": {"runs-out": {"replenish_days": 3}}},
        dismissal={"not_interested": endless},
    )
    listed = entries(
        purchase("tv", event_id="e1"),
        purchase(product("tv", categories=["runs-out"]), event_id="e2", order_id="o2"),
        policy=rules,
    )
    assert [(entry["since"], entry["until"]) for entry in listed if entry["since"] == NOW] == [
        (NOW, NOW + 3 * DAY),
        (NOW, NOW + 180 * DAY),
    ]


def test_a_list_holds_the_thousand_entries_that_end_last() -> None:
    ending = [
        dismissal("removed_from_cart", f"d{n}", NOW + n, product_id=f"p{n:04}")
        for n in range(LONGEST + 1)
    ]
    listed = entries(*ending, blocked("acme", "forever"))
    assert len(listed) == LONGEST == 1_000
    assert [entry["value"] for entry in listed] == [f"p{n:04}" for n in range(2, 1_001)] + ["acme"]


def test_of_entries_that_end_together_the_first_in_order_are_kept() -> None:
    listed = entries(*[blocked(f"b{n:04}", f"d{n}") for n in range(LONGEST + 3)])
    assert [entry["value"] for entry in listed] == [f"b{n:04}" for n in range(LONGEST)]


# --- grants and tombstones -----------------------------------------------------------------------


def test_granted_names_the_preferences_that_stand_at_granted_sorted() -> None:
    both = preference(sensitive_topics="granted", personalised_ads="granted")
    suppression_list = published(both)
    assert suppression_list is not None
    assert suppression_list["granted"] == ["personalised_ads", "sensitive_topics"]
    assert suppression_list["entries"] == []


def test_a_preference_that_was_taken_back_is_not_granted() -> None:
    granted = preference("c1", NOW, sensitive_topics="granted")
    assert published(granted, preference("c2", NOW + 1, sensitive_topics="denied")) is None


@pytest.mark.parametrize(
    "undone",
    [(purchase(), cancellation()), (blocked("acme"), restoration(ts=NOW)), (impression(),)],
    ids=["cancelled", "restored", "never a claim"],
)
def test_with_neither_entries_nor_grants_there_is_no_list(undone: tuple[Event, ...]) -> None:
    assert published(*undone) is None


@pytest.mark.parametrize(("later", "is_published"), [(14 * DAY - 1, True), (14 * DAY, False)])
def test_a_list_ends_with_its_last_claim_when_time_goes_on_without_the_person(
    later: int, is_published: bool
) -> None:
    removed = dismissal("removed_from_cart", ts=NOW, product_id="tv")
    assert (published(removed, newest=NOW + later) is not None) is is_published


def test_a_list_with_grants_does_not_end_with_its_claims() -> None:
    events = (
        preference(ts=NOW, sensitive_topics="granted"),
        dismissal("removed_from_cart", ts=NOW, product_id="tv"),
    )
    assert published(*events, newest=NOW + 1_000 * DAY) == published(*events)


def test_a_list_that_still_stands_keeps_the_entries_that_have_ended_since() -> None:
    removed = dismissal("removed_from_cart", "d1", NOW, product_id="tv")
    suppression_list = published(removed, blocked("acme", "d2"), newest=NOW + 100 * DAY)
    assert suppression_list is not None
    assert len(suppression_list["entries"]) == 2
