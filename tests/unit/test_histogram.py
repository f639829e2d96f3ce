"""How often a value was how large."""

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.telemetry.histogram import Histogram

NOW = 1_700_000_000_000


def test_a_value_counts_for_the_first_bound_that_it_does_not_exceed() -> None:
    histogram = Histogram((1, 10))
    for value in (0, 1, 1.5, 10, 11, 1_000):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 2]
    assert histogram.total == 1_023.5


def test_ages_are_seconds_until_now() -> None:
    histogram = Histogram((0.5, 1, 60))
    histogram.observe_ages([NOW, NOW - 500, NOW - 501, NOW - 60_000, NOW - 60_001], NOW)
    assert histogram.counts == [2, 1, 1, 1]
    assert histogram.total == 0.5 + 0.501 + 60 + 60.001


def test_a_time_to_come_counts_as_now() -> None:
    histogram = Histogram((0.5, 1))
    histogram.observe_ages([NOW + 5_000], NOW)
    assert (histogram.counts, histogram.total) == ([1, 0, 0], 0)


@given(st.lists(st.integers(NOW - 100_000, NOW)))
def test_many_ages_count_as_each_by_itself_would(times: list[int]) -> None:
    at_once, one_by_one = Histogram((0.25, 1, 16, 64)), Histogram((0.25, 1, 16, 64))
    for time in times:
        one_by_one.observe((NOW - time) / 1000)
    at_once.observe_ages(times, NOW)
    assert at_once.counts == one_by_one.counts
    assert abs(at_once.total - one_by_one.total) < 1e-6
