"""When the records of a replay are due."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.recording.files import record_of
from streams.recording.live.pacing import due


def seconds(timestamps: list[int], speed: float) -> list[float]:
    records = [record_of("purchases", b"ann", b"{}", timestamp) for timestamp in timestamps]
    paced = list(due(records, speed))
    assert [record for _, record in paced] == records
    return [after for after, _ in paced]


@pytest.mark.parametrize(
    ("speed", "expected"), [(1, [0, 1, 60]), (60, [0, 1 / 60, 1]), (0.5, [0, 2, 120])]
)
def test_time_passes_as_it_did_when_it_was_recorded_or_faster_or_slower(
    speed: float, expected: list[float]
) -> None:
    assert seconds([5_000, 6_000, 65_000], speed) == pytest.approx(expected)


def test_at_no_speed_in_particular_everything_is_due_at_once() -> None:
    assert seconds([5_000, 6_000, 65_000], inf) == [0, 0, 0]


def test_a_record_that_came_late_is_due_when_it_came() -> None:
    assert seconds([5_000, 9_000, 1_000, 10_000], 1) == [0, 4, 4, 5]


@given(st.lists(st.integers(-(2**62), 2**62)), st.floats(1e-3, 1e6))
def test_time_never_runs_back(timestamps: list[int], speed: float) -> None:
    passed = seconds(timestamps, speed)
    assert passed == sorted(passed)
    assert passed[:1] in ([], [0])
