"""Runs by several processes."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from streams.errors import UserError
from streams.recording.parallel.messages import Run
from streams.recording.parallel.processes import COMPRESSED, WORTH_A_PROCESS, processes_for, start
from streams.recording.summary import Summary
from streams.suppression.policy import Policy
from tests.command_line import write_recording


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "one.jsonl", ("dismissals", "u1", {"event_id": "e1"}))


def test_a_process_that_is_killed_is_told_of(recording: Path) -> None:
    run = Run([recording], [Policy.default()], Summary)
    with start(run, 2) as parallel:
        for process in multiprocessing.active_children():
            process.kill()
        with pytest.raises(UserError, match=f"exit code -{signal.SIGKILL.value}"):
            parallel.read(lambda _: None)


def test_no_process_is_left_behind(recording: Path) -> None:
    run = Run([recording], [Policy.default()], Summary)
    with start(run, 3):
        assert len(multiprocessing.active_children()) == 3
    assert multiprocessing.active_children() == []


def test_a_small_recording_is_not_worth_a_second_process(recording: Path) -> None:
    assert processes_for([recording]) == 1


def test_a_large_recording_has_a_process_for_each_core(tmp_path: Path) -> None:
    large = tmp_path / "large.jsonl"
    with large.open("wb") as file:
        file.truncate(1000 * WORTH_A_PROCESS)
    assert processes_for([large]) == len(os.sched_getaffinity(0))


def test_a_compressed_recording_is_reckoned_by_its_lines(tmp_path: Path) -> None:
    plain, compressed = tmp_path / "some.jsonl", tmp_path / "some.jsonl.zst"
    for path in (plain, compressed):
        with path.open("wb") as file:
            file.truncate(WORTH_A_PROCESS // COMPRESSED + 1)
    assert processes_for([plain]) == 1
    assert processes_for([compressed]) == min(2, len(os.sched_getaffinity(0)))
