"""A worker as a process of its own, as it runs in production; for the demo and for tests."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streams.errors import UserError
from streams.settings import PREFIX, Settings, variables_of
from streams.supervision.child_process import ending_with_this_process

STOP_SECONDS: Final = 20
PROGRAM: Final = ("-P", "-m", "streams", "worker")
"""What Python is given to run a worker, which imports nothing from the folder it is started in."""


class WorkerProcess:
    """`unhaunt worker` with these settings. A context manager that stops it in order."""

    def __init__(self, settings: Settings, log: Path, program: Sequence[str] = PROGRAM) -> None:
        """`log` is the file for its output; `program` is for tests that need another worker."""
        self.log = log
        self._program = program
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command_of(self._program),
                env=environment_of(self._settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C is for the parent, which then stops it
            )
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The running process."""
        assert self._process is not None, "not started"
        return self._process

    def check(self) -> None:
        """Raise `UserError` with its last words if it has ended by itself."""
        code = self.process.poll()
        if code is not None:
            output = self.log.read_text(errors="replace").strip()[-2_000:]
            raise UserError(f"The worker ended by itself, exit code {code}. It said:\n{output}")

    def stop(self) -> int:
        """Ask it to stop, and see to it that it does; returns its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def command_of(program: Sequence[str]) -> list[str]:
    """The command line for what Python is given to run a worker, which ends with this process."""
    return ending_with_this_process(sys.executable, *program)


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a worker: what this process has, with these settings and no others."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return environment | variables_of(settings)
