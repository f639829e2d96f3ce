"""Workers that are started by another process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.commands.errors import INTERRUPTED
from streams.commands.worker import UNIT_WORKER
from streams.supervision.worker_process import PROGRAM, command_of


@pytest.mark.parametrize("program", [(*PROGRAM, "--help"), UNIT_WORKER])
def test_what_lies_in_the_folder_that_a_worker_is_started_in_is_not_imported(
    program: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "typing.py").write_text('raise SystemExit("imported")')
    done = subprocess.run(
        command_of(program), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "imported" not in done.stderr


TOLD_TO_STOP = """
import os, signal
from streams.commands.errors import exit_code_of
from streams.commands.signals import end_upon_sigterm

def work() -> None:
    exec("os.kill(os.getpid(), signal.SIGTERM); [None for _ in range(10_000)]")

if __name__ == "__main__":
    end_upon_sigterm()
    raise SystemExit(exit_code_of(work))
"""


def test_a_worker_that_is_told_to_stop_while_it_executes_a_text_ends_as_at_any_other_time(
    tmp_path: Path,
) -> None:
    (tmp_path / "told.py").write_text(TOLD_TO_STOP)
    python_path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "told"], env={**os.environ, "PYTHONPATH": python_path}, check=False
    )
    assert done.returncode == INTERRUPTED
