"""How often a worker fetches, and how long it lets brokers wait for records."""

import pytest

from streams.engine.fetch_pace import (
    EVERY_SECONDS,
    IDLE_SECONDS,
    IDLE_WAIT_MILLISECONDS,
    WAIT_MILLISECONDS,
    FetchPace,
)


def test_who_is_behind_fetches_again_at_once() -> None:
    pace = FetchPace(now=10.0)
    pace.fetched(11.0, has_records=True, has_all=False)
    assert pace.seconds_left(11.0) == 0


def test_who_has_read_everything_lets_records_gather() -> None:
    pace = FetchPace(now=10.0)
    pace.fetched(11.0, has_records=True, has_all=True)
    assert pace.seconds_left(11.0) == pytest.approx(EVERY_SECONDS)
    assert pace.seconds_left(11.0 + EVERY_SECONDS) == 0


def test_what_comes_after_a_pause_is_fetched_at_once() -> None:
    pace = FetchPace(now=10.0)
    pace.fetched(11.0, has_records=False, has_all=True)
    assert pace.seconds_left(12.0) == 0


def test_where_nothing_has_come_for_a_while_brokers_may_wait_longer() -> None:
    pace = FetchPace(now=10.0)
    assert pace.wait_milliseconds(10.0 + IDLE_SECONDS / 2) == WAIT_MILLISECONDS
    assert pace.wait_milliseconds(10.0 + 2 * IDLE_SECONDS) == IDLE_WAIT_MILLISECONDS


def test_the_first_record_ends_that() -> None:
    pace = FetchPace(now=10.0)
    pace.fetched(20.0, has_records=False, has_all=True)
    assert pace.wait_milliseconds(20.0) == IDLE_WAIT_MILLISECONDS
    pace.fetched(20.0, has_records=True, has_all=True)
    assert pace.wait_milliseconds(20.0) == WAIT_MILLISECONDS
