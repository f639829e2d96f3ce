"""How many ads would have followed people, by days, and which follow them most."""

from typing import Any

from tests.builders import (
    DAY,
    HOUR,
    NOW,
    candidate,
    catalog_line,
    dismissal,
    line,
    policy,
    preference,
    purchase,
    refund,
    request,
    restoration,
)
from tests.reports import report


def followed(*lines: dict[str, Any], **tables: Any) -> dict[str, Any]:
    return report(lines, policy(**tables))["followed"]


def days(found: dict[str, Any], kind: str) -> dict[int, int]:
    """The days on which there were ads, and how many."""
    return {day["day"]: day["all"] for day in found["by_days"][kind] if day["all"]}


# --- after buying or saying no -------------------------------------------------------------------


def test_an_ad_follows_from_the_time_of_the_order_on() -> None:
    found = followed(
        line(purchase(ts=NOW)),
        *(line(request(request_id=f"r{n}", ts=NOW + n)) for n in (-1, 0, 1)),
    )
    assert found["ordered"]["all"] == found["ordered"]["stopped"] == 2


def test_an_ad_follows_for_a_variant_of_what_was_ordered_or_rejected() -> None:
    variants = [catalog_line(each, item_group_id="tv") for each in ("black", "white")]
    asked = line(request("white", ts=NOW + 1))
    ordered = followed(*variants, line(purchase("black")), asked)
    assert ordered["ordered"]["stopped"] == ordered["ordered"]["all"] == 1
    rejected = followed(*variants, line(dismissal("not_interested", product_id="black")), asked)
    assert rejected["rejected"]["stopped"] == rejected["rejected"]["all"] == 1


def test_an_ad_for_another_product_or_person_does_not_follow() -> None:
    found = followed(
        line(purchase("tv", ts=NOW)),
        line(request("radio", ts=NOW + 1)),
        line(request("tv", ts=NOW + 1, user_id="bob")),
    )
    assert found["ordered_or_rejected"]["all"] == 0


def test_an_ad_follows_after_whatever_rejection_covers_it() -> None:
    rejections = {
        "product": dismissal("not_interested", product_id="tv"),
        "brand": dismissal("block_brand", brand="acme"),
        "category": dismissal("block_category", category="screens"),
        "advertiser": dismissal("block_advertiser", advertiser_id="shop"),
        "everything": dismissal("opt_out_all"),
        "consent": preference(personalised_ads="denied"),
    }
    attributes = {"categories": ["screens", "screens.tv"], "brand": "acme", "advertiser_id": "shop"}
    for name, event in rejections.items():
        found = followed(
            catalog_line("tv", **attributes), line(event), line(request("tv", ts=NOW + 1))
        )
        assert found["rejected"]["stopped"] == 1, name


def test_an_ad_that_covered_content_was_not_rejected_itself() -> None:
    found = followed(line(dismissal("covered_content", product_id="tv")), line(request("tv")))
    assert found["ordered_or_rejected"]["all"] == 0


def test_an_ad_for_what_was_bought_and_rejected_counts_once_together() -> None:
    found = followed(
        line(purchase("tv")),
        line(dismissal("not_interested", product_id="tv")),
        line(request("tv", ts=NOW + 1)),
    )
    assert [found[kind]["all"] for kind in ("ordered", "rejected", "ordered_or_rejected")] == [
        1
    ] * 3


# --- what became of them -------------------------------------------------------------------------


def test_what_was_sent_back_or_taken_back_is_let_through() -> None:
    found = followed(
        line(purchase("tv")),
        line(refund(ts=NOW + 1)),
        line(dismissal("not_interested", product_id="radio")),
        line(restoration(ts=NOW + 1)),
        line(request("tv", "radio", ts=NOW + 2)),
    )
    assert found["ordered_or_rejected"]["let_through"] == 2


def test_an_ad_leaks_when_the_order_has_not_arrived_yet() -> None:
    # The partition of purchases has shown a later time, so this order's turn comes after that.
    found = followed(
        line(purchase("radio", event_id="e0", order_id="o0", ts=NOW + 2 * HOUR)),
        line(purchase("tv", ts=NOW)),
        line(request("tv", request_id="before", ts=NOW + HOUR)),
        line(request("tv", request_id="after", ts=NOW + 3 * HOUR)),
    )
    assert (found["ordered"]["leaked"], found["ordered"]["stopped"]) == (1, 1)


def test_an_ad_that_only_the_holdout_lets_through_is_held_out() -> None:
    salts = (f"salt-{number}" for number in range(99))
    salt = next(s for s in salts if policy(holdout={"percent": 50, "salt": s}).in_holdout("ann"))
    found = followed(line(purchase()), line(request()), holdout={"percent": 50, "salt": salt})
    assert (found["ordered"]["held_out"], found["ordered"]["stopped"]) == (1, 0)


def test_candidates_of_one_product_keep_their_own_outcomes() -> None:
    found = followed(
        line(dismissal("not_interested", product_id="tv", price=100)),
        line(request(candidate("tv", price=100), candidate("tv", price=50), ts=NOW + 1)),
    )
    assert (found["rejected"]["stopped"], found["rejected"]["let_through"]) == (1, 1)


# --- by days -------------------------------------------------------------------------------------


def test_day_0_are_the_first_24_hours_after_the_order_and_day_minus_1_the_last_before() -> None:
    times = (-DAY, -1, 0, DAY - 1, DAY)
    found = followed(
        line(purchase(ts=NOW)),
        *(line(request(request_id=f"r{n}", ts=NOW + n)) for n in times),
    )
    assert days(found, "ordered") == {-1: 2, 0: 2, 1: 1}


def test_days_reach_from_30_before_to_30_after() -> None:
    times = (-30 * DAY - 1, -30 * DAY, 30 * DAY - 1, 30 * DAY)
    found = followed(
        line(purchase(ts=NOW)),
        *(line(request(request_id=f"r{n}", ts=NOW + n)) for n in times),
    )
    assert days(found, "ordered") == {-30: 1, 29: 1}
    assert [day["day"] for day in found["by_days"]["ordered"]] == list(range(-30, 30))


def test_the_earliest_order_and_the_earliest_rejection_count() -> None:
    found = followed(
        line(purchase(event_id="e2", order_id="o2", ts=NOW + DAY)),
        line(purchase(event_id="e1", order_id="o1", ts=NOW)),
        line(dismissal("not_interested", "d2", NOW + 2 * DAY, product_id="tv")),
        line(dismissal("opt_out_all", "d1", NOW + DAY)),
        line(request(ts=NOW + 3 * DAY)),
    )
    assert days(found, "ordered") == {3: 1}
    assert days(found, "rejected") == {2: 1}


def test_the_share_after_the_order_is_told_of_all_ads_and_of_those_let_through() -> None:
    found = followed(
        line(purchase(ts=NOW)),
        *(line(request(request_id=f"r{n}", ts=NOW + n * DAY)) for n in (-1, 0, 1, 2)),
    )
    assert found["share_after_order"] == {"wanted": 0.75, "shown": 0.0, "published": 0.52}


def test_without_orders_there_is_no_share_after_them() -> None:
    assert followed(line(request()))["share_after_order"]["wanted"] is None


# --- what follows most ---------------------------------------------------------------------------


def test_categories_brands_and_sites_are_told_by_the_ads_that_followed() -> None:
    attributes = {"categories": ["screens", "screens.tv"], "brand": "acme"}
    made = report(
        [
            catalog_line("tv", **attributes),
            line(purchase("tv", ts=NOW)),
            line(request("tv", "radio", request_id="r1", ts=NOW - 1, site="news")),
            line(request("tv", "radio", request_id="r2", ts=NOW + 1, site="news")),
            line(request("tv", request_id="r3", ts=NOW + 2)),
        ]
    )["follow_most"]
    [category], [brand] = made["category"], made["brand"]
    assert (category["name"], category["followed"]["all"], category["ads"]) == ("screens.tv", 2, 3)
    assert (brand["name"], brand["followed"]["stopped"]) == ("acme", 2)
    assert {site["name"]: site["ads"] for site in made["site"]} == {"news": 4, None: 1}


def test_ten_names_are_told_the_most_first_and_equal_ones_by_name() -> None:
    lines = [line(dismissal("opt_out_all"))]
    for number in range(12):
        lines.append(line(request(request_id=f"r{number}", ts=NOW + 1, site=f"s{number:02}")))
    lines.append(line(request(request_id="again", ts=NOW + 1, site="s11")))
    sites = [site["name"] for site in report(lines)["follow_most"]["site"]]
    assert sites == ["s11", *(f"s{number:02}" for number in range(9))]
