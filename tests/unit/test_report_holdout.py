"""What the holdout shows, and how sure of it one can be."""

from typing import Any

import pytest

from streams.recording.report.intervals import Interval, difference, share
from tests.builders import DAY, NOW, candidate, line, policy, purchase, request
from tests.reports import report

HOLDOUT = policy(holdout={"percent": 50})
NAMES = [f"person-{number}" for number in range(40)]
HELD_OUT = [name for name in NAMES if HOLDOUT.in_holdout(name)]
OTHERS = [name for name in NAMES if not HOLDOUT.in_holdout(name)]


def bought_and_asked(user_id: str, *again: str, days: int = 2) -> list[dict[str, Any]]:
    """A person whom an ad for a TV follows; `again` is what they order some days later."""
    lines = [
        line(purchase("tv", event_id="e1", order_id="o1", user_id=user_id)),
        line(request("tv", ts=NOW + DAY, user_id=user_id, request_id=user_id)),
    ]
    if again:
        bought = purchase(*again, event_id="e2", order_id="o2", ts=NOW + days * DAY)
        bought.user_id = user_id
        lines.append(line(bought))
    return lines


def holdout(*lives: list[dict[str, Any]]) -> dict[str, Any]:
    lines = sorted((each for life in lives for each in life), key=lambda each: each["timestamp"])
    return report(lines, HOLDOUT)["holdout"]


# --- who is compared with whom -------------------------------------------------------------------


def test_ads_are_let_through_in_the_holdout_and_stopped_outside_it() -> None:
    found = holdout(bought_and_asked(HELD_OUT[0]), bought_and_asked(OTHERS[0]))
    assert found["groups"] == {
        "holdout": {"persons": 1, "ads_stopped": 0, "ads_let_through": 1},
        "others": {"persons": 1, "ads_stopped": 1, "ads_let_through": 0},
    }


def test_persons_without_an_ad_that_would_be_stopped_are_in_neither_group() -> None:
    found = holdout([line(request("tv", user_id=name, request_id=name)) for name in NAMES])
    assert [group["persons"] for group in found["groups"].values()] == [0, 0]
    assert found["bought_the_same"]["difference"] is None


def test_a_person_of_the_holdout_takes_part_though_something_else_stops_the_ad() -> None:
    # Outside the holdout the same ad is stopped for the order, so both have to count.
    lives = [
        [
            line(purchase("tv", user_id=name)),
            line(
                request(
                    candidate("tv", basis="inferred"), ts=NOW + 1, user_id=name, request_id=name
                )
            ),
        ]
        for name in (HELD_OUT[0], OTHERS[0])
    ]
    groups = holdout(*lives)["groups"]
    assert [group["persons"] for group in groups.values()] == [1, 1]
    assert [group["ads_stopped"] for group in groups.values()] == [1, 1]


# --- who bought ----------------------------------------------------------------------------------


def test_who_buys_the_product_after_the_ad_is_told_apart_from_who_buys_anything() -> None:
    found = holdout(
        bought_and_asked(HELD_OUT[0], "tv"),
        bought_and_asked(HELD_OUT[1], "mug"),
        bought_and_asked(HELD_OUT[2]),
        bought_and_asked(OTHERS[0], "tv"),
        bought_and_asked(OTHERS[1]),
    )
    assert found["bought_the_same"]["holdout"]["buyers"] == 1
    assert found["bought_anything"]["holdout"]["buyers"] == 2
    assert found["bought_the_same"]["others"]["share"]["estimate"] == 0.5


def test_what_was_bought_before_the_ad_does_not_count() -> None:
    found = holdout(bought_and_asked(HELD_OUT[0], "tv", days=1))
    assert found["bought_anything"]["holdout"]["buyers"] == 0


def test_an_order_that_is_reported_again_after_the_ad_does_not_count() -> None:
    life = bought_and_asked(HELD_OUT[0])
    again = purchase("tv", event_id="e2", order_id="o1", ts=NOW + 2 * DAY, user_id=HELD_OUT[0])
    assert holdout([*life, line(again)])["bought_anything"]["holdout"]["buyers"] == 0


def test_buyers_lost_are_the_difference_times_those_who_were_spared() -> None:
    lives = [bought_and_asked(name, "tv") for name in HELD_OUT[:4]]
    lives += [bought_and_asked(name) for name in OTHERS[:10]]
    found = holdout(*lives)["bought_the_same"]
    assert found["difference"]["estimate"] == 1
    assert found["buyers_lost"]["estimate"] == 10
    assert found["buyers_lost"]["low"] == pytest.approx(10 * found["difference"]["low"])


def test_a_policy_without_a_holdout_compares_nothing() -> None:
    found = report(bought_and_asked("ann"))["holdout"]
    assert found["percent"] == 0
    assert found["bought_the_same"]["difference"] is None


# --- intervals -----------------------------------------------------------------------------------


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263, and 0 of 20.
    assert share(81, 263) == pytest.approx((0.3080, 0.2553, 0.3662), abs=1e-4)
    assert share(0, 20) == pytest.approx((0, 0, 0.1611), abs=1e-4)


def test_the_interval_of_a_difference_is_newcombes() -> None:
    # Newcombe 1998, comparison of methods, method 10: 56 of 70 against 48 of 80.
    assert difference(share(56, 70), share(48, 80)) == pytest.approx(
        (0.2, 0.0524, 0.3339), abs=1e-4
    )


def test_a_share_of_nothing_or_of_all_has_a_bound_that_is_exact() -> None:
    assert share(0, 3).low == 0
    assert share(3, 3).high == 1


def test_a_difference_the_other_way_round_has_the_opposite_bounds() -> None:
    one, other = share(3, 10), share(7, 12)
    there, back = difference(one, other), difference(other, one)
    assert back == pytest.approx(Interval(-there.estimate, -there.high, -there.low))
