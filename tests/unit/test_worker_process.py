"""Workers that are started by another process."""

import subprocess
from pathlib import Path

import pytest

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
