"""A checkpoint is due after a time, so many records or so many bytes, and never all the time."""

import pytest

from streams.engine.checkpoint.schedule import CHECKPOINT_BYTES, WORK_FOR_SETTLING, Pace
from streams.settings import Settings

SETTINGS = Settings(checkpoint_milliseconds=100, checkpoint_records=50)
BEHIND, CAUGHT_UP = False, True


def test_a_checkpoint_is_due_when_its_time_has_come() -> None:
    pace = Pace(SETTINGS, now=10.0)
    assert 0 < pace.seconds_left(10.09, BEHIND) < 0.011
    assert pace.seconds_left(10.11, BEHIND) == 0


def test_a_checkpoint_is_due_after_so_many_records() -> None:
    pace = Pace(SETTINGS, now=10.0)
    pace.add(49, 0)
    assert pace.seconds_left(10.0, BEHIND) > 0
    pace.add(1, 0)
    assert pace.seconds_left(10.0, BEHIND) == 0


def test_a_checkpoint_is_due_after_so_many_bytes() -> None:
    pace = Pace(SETTINGS, now=10.0)
    pace.add(1, CHECKPOINT_BYTES)
    assert pace.seconds_left(10.0, BEHIND) == 0


def test_after_a_checkpoint_it_begins_anew() -> None:
    pace = Pace(SETTINGS, now=10.0)
    pace.add(50, CHECKPOINT_BYTES)
    pace.taken(10.05, settling=0.001)
    assert 0.09 < pace.seconds_left(10.05, BEHIND) < 0.11


def test_between_checkpoints_there_is_work_for_longer_than_settling_takes() -> None:
    pace = Pace(SETTINGS, now=10.0)
    pace.taken(20.0, settling=0.5)
    left = pace.seconds_left(20.0, BEHIND)
    assert left == WORK_FOR_SETTLING * 0.5
    pace.taken(30.0, settling=0.001)
    assert pace.seconds_left(30.0, BEHIND) < left


def test_who_has_caught_up_lets_readers_wait_for_a_fifth_of_the_time() -> None:
    pace = Pace(SETTINGS, now=10.0)
    assert pace.seconds_left(10.0, CAUGHT_UP) == pytest.approx(0.02)
    assert pace.seconds_left(10.05, BEHIND) > pace.seconds_left(10.05, CAUGHT_UP) == 0


def test_who_has_caught_up_still_works_for_longer_than_settling_takes() -> None:
    pace = Pace(SETTINGS, now=10.0)
    pace.taken(20.0, settling=0.5)
    assert pace.seconds_left(20.0, CAUGHT_UP) == WORK_FOR_SETTLING * 0.5
