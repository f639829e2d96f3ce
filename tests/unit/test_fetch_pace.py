"""What brokers may gather before they answer a fetch."""

from streams.engine.fetch_pace import BUSY, IDLE, IDLE_SECONDS, FetchPace


def test_records_gather_for_a_moment_while_there_are_some() -> None:
    pace = FetchPace(now=10.0)
    assert pace.gathering(10.0 + IDLE_SECONDS / 2) == BUSY


def test_where_nothing_has_come_for_a_while_a_fetch_waits_long_for_the_first_record() -> None:
    pace = FetchPace(now=10.0)
    assert pace.gathering(10.0 + 2 * IDLE_SECONDS) == IDLE
    assert IDLE.least_bytes == 1


def test_the_first_record_ends_that() -> None:
    pace = FetchPace(now=10.0)
    assert pace.gathering(20.0) == IDLE
    pace.hear(20.0)
    assert pace.gathering(20.0) == BUSY
