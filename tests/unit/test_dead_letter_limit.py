"""When a worker that buries most of what it reads stops, and what it says then."""

from collections import Counter

import pytest

from streams.agents.counts import SuppressCounts
from streams.dead_letters.limit import (
    FEWEST_RECORDS,
    WINDOW_SECONDS,
    DeadLetterLimit,
    TooManyDeadLetters,
)


def counts(
    right: int = 0,
    example: str = "",
    products: int = 0,
    catalog_code: str = "not_json",
    **dead: int,
) -> tuple[int, Counter[str], str]:
    """What became of the records so far, with dead letters by code."""
    counted = SuppressCounts(
        joined=right,
        dead=Counter(dead) + Counter({catalog_code: products}),
        dead_products=Counter({catalog_code: products}),
        dead_example=example,
    )
    return counted.accounted


def test_a_worker_whose_records_are_mostly_dead_stops() -> None:
    with pytest.raises(TooManyDeadLetters):
        DeadLetterLimit(50, 0).check(*counts(right=499, not_json=501), 1)


def test_a_worker_stays_when_no_more_than_the_allowed_share_is_dead() -> None:
    DeadLetterLimit(50, 0).check(*counts(right=500, not_json=500), 1)


def test_few_records_say_nothing_however_many_of_them_are_dead() -> None:
    limit = DeadLetterLimit(50, 0)
    limit.check(*counts(not_json=FEWEST_RECORDS - 1), 1)
    with pytest.raises(TooManyDeadLetters):
        limit.check(*counts(not_json=FEWEST_RECORDS), 1)


def test_zero_switches_it_off() -> None:
    DeadLetterLimit(0, 0).check(*counts(not_json=1_000_000), 1)


def test_what_went_well_before_the_window_does_not_hide_what_goes_wrong_in_it() -> None:
    limit = DeadLetterLimit(50, 0)
    limit.check(*counts(right=1_000_000), 10)
    limit.check(*counts(right=1_000_000, not_json=1_000), 10 + WINDOW_SECONDS - 1)
    with pytest.raises(TooManyDeadLetters):
        limit.check(*counts(right=1_000_000, not_json=1_000), 10 + WINDOW_SECONDS)


def test_what_went_wrong_before_the_window_does_not_count() -> None:
    limit = DeadLetterLimit(50, 0)
    limit.check(*counts(not_json=999), 10)
    limit.check(*counts(not_json=999, right=900), 10 + WINDOW_SECONDS)
    limit.check(*counts(not_json=1_100, right=900), 10 + WINDOW_SECONDS)


def test_dead_letters_of_the_catalog_do_not_count() -> None:
    DeadLetterLimit(50, 0).check(*counts(right=1_000, products=100_000), 1)


def test_the_moments_that_are_remembered_are_bounded_however_often_it_checks() -> None:
    limit = DeadLetterLimit(50, 0)
    for tenth in range(20 * int(WINDOW_SECONDS)):
        limit.check(*counts(right=tenth), tenth / 10)
    assert len(limit._moments) <= WINDOW_SECONDS + 2


def test_it_says_the_share_the_codes_where_to_look_and_what_to_do() -> None:
    with pytest.raises(TooManyDeadLetters) as stopped:
        DeadLetterLimit(20, 0).check(
            *counts(right=700, not_json=100, wrong_type=200, products=7, example="the newest"), 1
        )
    message = str(stopped.value)
    assert "300 of the last 1,000 records (30 %)" in message
    assert "the 20 % of UNHAUNT_DEAD_LETTER_PERCENT" in message
    assert "(wrong_type 200, not_json 100)" in message
    assert "the newest" in message
    assert "unhaunt dead-letters list" in message
    assert "UNHAUNT_DEAD_LETTER_PERCENT=0" in message
