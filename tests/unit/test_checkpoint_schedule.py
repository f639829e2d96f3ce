"""A checkpoint is due after a time, so many records or so many bytes, and never all the time."""

import pytest

from streams.engine.checkpoint.schedule import (
    CHECKPOINT_BYTES,
    COMMITS,
    WORK_FOR_COMMITTING,
    WORK_FOR_PREPARING,
    CheckpointSchedule,
)
from streams.settings import Settings

SETTINGS = Settings(checkpoint_milliseconds=100, checkpoint_records=50)
BEHIND, CAUGHT_UP = False, True


def test_a_checkpoint_is_due_when_its_time_has_come() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    assert 0 < schedule.seconds_left(10.09, BEHIND) < 0.011
    assert schedule.seconds_left(10.11, BEHIND) == 0


def test_a_checkpoint_is_due_after_so_many_records() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    schedule.add(10.0, 49, 0)
    assert schedule.seconds_left(10.0, BEHIND) > 0
    schedule.add(10.0, 1, 0)
    assert schedule.seconds_left(10.0, BEHIND) == 0


def test_a_checkpoint_is_due_after_so_many_bytes() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    schedule.add(10.0, 1, CHECKPOINT_BYTES)
    assert schedule.seconds_left(10.0, BEHIND) == 0


def test_after_a_checkpoint_it_begins_anew() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    schedule.add(10.0, 50, CHECKPOINT_BYTES)
    schedule.prepared(10.05, preparing=0.001)
    assert 0.09 < schedule.seconds_left(10.05, BEHIND) < 0.11


def test_between_checkpoints_there_is_work_for_longer_than_preparing_takes() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    schedule.prepared(20.0, preparing=0.5)
    left = schedule.seconds_left(20.0, BEHIND)
    assert left == WORK_FOR_PREPARING * 0.5
    schedule.prepared(30.0, preparing=0.001)
    assert schedule.seconds_left(30.0, BEHIND) < left


def test_who_has_caught_up_lets_readers_wait_for_a_fifth_of_the_time() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    assert schedule.seconds_left(10.0, CAUGHT_UP) == pytest.approx(0.02)
    assert schedule.seconds_left(10.05, BEHIND) > schedule.seconds_left(10.05, CAUGHT_UP) == 0


def test_who_has_caught_up_still_works_for_longer_than_preparing_takes() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    schedule.prepared(20.0, preparing=0.5)
    for eighth in range(4 * WORK_FOR_PREPARING):
        now = 20.0 + eighth / 8
        schedule.add(now, 1, 0)
        assert schedule.seconds_left(now, CAUGHT_UP) > 0
    assert schedule.seconds_left(20.0 + WORK_FOR_PREPARING * 0.5, CAUGHT_UP) == 0


def test_who_has_nothing_else_to_do_waits_only_as_long_as_preparing_took() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    schedule.prepared(20.0, preparing=0.5)
    schedule.add(20.25, 1, 0)
    assert schedule.seconds_left(20.25, CAUGHT_UP) == pytest.approx(0.5)
    assert schedule.seconds_left(20.25, BEHIND) > 1


def test_the_longer_brokers_take_the_longer_who_has_caught_up_waits() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    schedule.committed(0.001)
    assert schedule.seconds_left(10.0, CAUGHT_UP) == pytest.approx(0.02)
    for _ in range(COMMITS):
        schedule.committed(0.015)
    assert schedule.seconds_left(10.0, CAUGHT_UP) == pytest.approx(WORK_FOR_COMMITTING * 0.015)


def test_nobody_waits_longer_for_slow_brokers_than_the_setting_says() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    schedule.committed(5.0)
    assert schedule.seconds_left(10.0, CAUGHT_UP) == pytest.approx(0.1)
    assert schedule.seconds_left(10.0, BEHIND) == pytest.approx(0.1)


def test_a_single_slow_commit_counts_for_nothing() -> None:
    schedule = CheckpointSchedule(SETTINGS, now=10.0)
    for committing in (0.001, 0.001, 5.0):
        schedule.committed(committing)
    assert schedule.seconds_left(10.0, CAUGHT_UP) == pytest.approx(0.02)
