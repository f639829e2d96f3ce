"""How long an order or a rejection takes to stop an ad, what leaks, and what is stopped."""

from typing import Any

from tests.builders import (
    DAY,
    HOUR,
    NOW,
    dismissal,
    impression,
    line,
    policy,
    preference,
    purchase,
    request,
)
from tests.reports import report


def effect(*lines: dict[str, Any], **tables: Any) -> dict[str, Any]:
    return report(lines, policy(**tables))["effect"]


LATE_ORDER = [
    # The partition of purchases has shown a later time, so the TV's turn comes after that.
    line(purchase("radio", event_id="e0", order_id="o0", ts=NOW + 5 * HOUR)),
    line(purchase("tv", event_id="e1", order_id="o1", ts=NOW)),
]


# --- how long ------------------------------------------------------------------------------------


def test_the_time_is_that_from_the_event_to_the_first_request_where_it_stops_an_ad() -> None:
    found = effect(
        line(purchase(ts=NOW)),
        line(request("radio", request_id="r1", ts=NOW + HOUR)),
        line(request("tv", request_id="r2", ts=NOW + 2 * HOUR)),
        line(request("tv", request_id="r3", ts=NOW + 9 * HOUR)),
    )
    assert found["orders"]["that_stopped_an_ad"] == 1
    assert found["orders"]["median_seconds"] == 2 * 3600


def test_an_event_behind_a_better_reason_has_not_stopped_an_ad_yet() -> None:
    found = effect(
        line(purchase("tv")),
        line(dismissal("not_interested", product_id="tv")),
        line(request("tv", ts=NOW + 1)),
    )
    assert found["orders"]["that_stopped_an_ad"] == 1
    assert found["rejections"] | {"by_seconds": [], "by_ads_leaked": []} == {
        "all": 1,
        "that_stopped_an_ad": 0,
        "median_seconds": None,
        "by_seconds": [],
        "ads_leaked": 0,
        "by_ads_leaked": [],
    }


def test_a_denial_of_consent_is_a_rejection() -> None:
    found = effect(line(preference(personalised_ads="denied")), line(request(ts=NOW + 1000)))
    assert found["rejections"]["that_stopped_an_ad"] == 1


def test_impressions_that_fill_the_cap_are_neither() -> None:
    found = effect(line(impression()), line(request(ts=NOW + 1)), frequency={"max": 1})
    assert found["orders"]["all"] == found["rejections"]["all"] == 0


def test_times_are_told_by_length() -> None:
    found = effect(
        line(purchase(ts=NOW)),
        line(dismissal("opt_out_all", ts=NOW)),
        line(request(ts=NOW + 59_999)),
    )
    lengths = {
        (each["from"], each["to"]): each["count"] for each in found["rejections"]["by_seconds"]
    }
    assert lengths[0, 60] == 1
    assert sum(lengths.values()) == 1
    assert list(lengths)[-1] == (30 * 86_400, None)


# --- what leaks ----------------------------------------------------------------------------------


def test_ads_leak_between_the_time_of_a_late_order_and_its_turn() -> None:
    found = effect(
        *LATE_ORDER,
        line(request("tv", request_id="r0", ts=NOW - 1)),
        line(request("tv", "tv", request_id="r1", ts=NOW + HOUR)),
        line(request("tv", request_id="r2", ts=NOW + 6 * HOUR)),
    )["orders"]
    assert found["ads_leaked"] == 2
    assert [each["count"] for each in found["by_ads_leaked"]] == [0, 0, 1, 0, 0, 0]


def test_an_ad_that_something_else_stops_does_not_leak() -> None:
    found = effect(
        *LATE_ORDER,
        line(dismissal("opt_out_all", ts=NOW - 1)),
        line(request("tv", request_id="r1", ts=NOW + HOUR)),
    )
    assert found["orders"]["ads_leaked"] == 0


def test_an_order_that_is_repeated_late_has_arrived_before() -> None:
    found = effect(
        line(purchase("tv", ts=NOW)),
        *LATE_ORDER[:1],
        line(purchase("tv", ts=NOW)),
        line(request("tv", request_id="r1", ts=NOW + HOUR)),
    )["orders"]
    assert (found["all"], found["ads_leaked"], found["median_seconds"]) == (2, 0, 3600)


# --- what is stopped, and what it saves ----------------------------------------------------------


def test_what_is_stopped_is_told_by_reason_and_scope_in_the_order_of_their_ranks() -> None:
    found = report(
        [
            line(purchase("tv")),
            line(dismissal("removed_from_cart", "d1", product_id="radio")),
            line(dismissal("block_brand", "d2", product_id="mug")),
            line(request("tv", "radio", "mug", "socks", ts=NOW + 1)),
        ]
    )
    assert [list(each.values()) for each in found["stopped"]["reasons"]] == [
        ["block_brand", "group", 1, 0],
        ["purchased", "group", 1, 0],
        ["removed_from_cart", "product", 1, 0],
    ]
    assert found["ads"] == {"all": 4, "stopped": 3, "held_out": 0, "leaked": 0, "let_through": 1}
    assert found["stopped"]["requests_left_with_nothing"] == 0


def test_a_request_whose_ads_are_all_stopped_is_left_with_nothing() -> None:
    found = report([line(dismissal("opt_out_all")), line(request("tv", "radio", ts=NOW + 1))])
    assert found["stopped"]["requests_left_with_nothing"] == 1


SHOWN = {**line(impression("i1", "tv", NOW + 2)), "topic": "impressions"}
SHOWN["value"] = {**SHOWN["value"], "request_id": "asked"}


def test_savings_are_counted_by_ads_shown_by_requests_left_with_nothing_and_by_ads_stopped() -> (
    None
):
    lines = [
        line(purchase("tv", "radio")),
        line(request("tv", "radio", ts=NOW + 1)),
        line(request("tv", "mug", request_id="other", ts=NOW + DAY)),
        SHOWN,
    ]
    assert report(lines, cpm=2000)["savings"] == {
        "cpm": 2000,
        "shown": {"ads": 1, "money": 2.0},
        "shown_of_stopped": {"ads": 1, "money": 2.0},
        "requests_left_with_nothing": {"ads": 1, "money": 2.0},
        "stopped": {"ads": 3, "money": 6.0},
    }


def test_without_a_price_savings_are_in_ads() -> None:
    found = report([line(purchase()), line(request(ts=NOW + 1))])["savings"]
    assert found["stopped"] == {"ads": 1, "money": None}


def test_an_impression_of_a_request_that_is_repeated_counts_once() -> None:
    lines = [line(purchase("tv")), *[line(request("tv", ts=NOW + 1))] * 2, SHOWN]
    assert report(lines)["savings"]["shown_of_stopped"]["ads"] == 1
