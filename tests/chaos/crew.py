"""The workers of a run, each a static member that is started again whenever it has ended."""

import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from streams.commands.errors import INTERRUPTED
from streams.settings import Settings
from streams.supervision.worker_process import WorkerProcess

STOP_SECONDS: Final = 45
"""How long a worker that is told to stop may take, be brokers away or not. One that takes longer
is aborted, whereupon its log shows what its threads were at."""
PAUSE_SECONDS: Final = 1
"""Before a worker that has ended by itself is started again."""
TOLD_TO: Final = (0, 1, 2, INTERRUPTED, -signal.SIGTERM, -signal.SIGKILL)
"""How a worker may end that is told to or killed; before it has begun, a signal just ends it."""
BY_ITSELF: Final = (1, 2)
"""How a worker may end that nobody told to: for a reason that it names."""


class Member:
    """One worker by its name, through all its lives."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """`settings` have its name; `folder` takes what it says."""
        self.name = settings.instance
        self.findings: list[str] = []
        """What it must not do and did."""
        self.endings: Counter[str] = Counter()
        """Its last words where it ended by itself, and how often."""
        self._settings = settings
        self._folder = folder
        self._lives = 0
        self._worker: WorkerProcess | None = None
        self._is_held = False
        self._is_struck = False
        self._loses_state = False
        self._must_end_by = float("inf")
        self._starts_at = 0.0

    @property
    def is_running(self) -> bool:
        return self._worker is not None and self._worker.process.poll() is None

    def kill(self, *, and_state: bool) -> None:
        """End it on the spot; it stays away until `release`."""
        self._strike(signal.SIGKILL, and_state)

    def terminate(self, *, and_state: bool) -> None:
        """Tell it to stop; it stays away until `release`."""
        if self.is_running:
            self._must_end_by = monotonic() + STOP_SECONDS
        self._strike(signal.SIGTERM, and_state)

    def pause(self) -> None:
        """Let it stand still until `release`."""
        self._signal(signal.SIGSTOP)

    def restart(self, settings: Settings) -> None:
        """Tell it to stop, and let it come back with other settings."""
        self._settings = msgspec.structs.replace(settings, instance=self.name)
        self.terminate(and_state=False)
        self.release()

    def release(self) -> None:
        """Let it go on, or come back."""
        self._signal(signal.SIGCONT)
        self._is_held = False

    def see_to_it(self) -> None:
        """Start it if it is not there and may be; called again and again."""
        if self.is_running:
            if monotonic() > self._must_end_by:
                self.findings.append(f"{self.name} did not stop in {STOP_SECONDS} s")
                self._signal(signal.SIGABRT)
            return
        if self._worker is not None:
            self._look_at_the_end(self._worker)
            self._worker = None
        if not self._is_held and monotonic() > self._starts_at:
            self._start()

    def end(self) -> None:
        """Whatever it does, it ends; its log then shows where it was."""
        self._signal(signal.SIGABRT)
        self._signal(signal.SIGCONT)
        if self._worker is not None:
            self._worker.process.wait()

    def _start(self) -> None:
        self._lives += 1
        self._is_struck = False
        self._must_end_by = float("inf")
        os.environ["PYTHONFAULTHANDLER"] = "1"  # inherited: see STOP_SECONDS
        log = self._folder / f"worker-{self.name}-{self._lives}.log"
        self._worker = WorkerProcess(self._settings, log).__enter__()

    def _strike(self, number: signal.Signals, and_state: bool) -> None:
        self._is_held = self._is_struck = True
        self._loses_state = and_state
        self._signal(number)

    def _signal(self, number: signal.Signals) -> None:
        if self._worker is not None:
            self._worker.process.send_signal(number)

    def _look_at_the_end(self, worker: WorkerProcess) -> None:
        code = worker.process.returncode
        log = worker.log.read_text(errors="replace")
        if "Traceback" in log:
            self.findings.append(f"{self.name} ended with a traceback, see {worker.log}")
        expected: Collection[int] = TOLD_TO
        if not self._is_struck:
            expected = BY_ITSELF
            last = log.strip().rpartition("\n")[2]
            self.endings[re.sub(r"\d+", "…", last)] += 1
            self._starts_at = monotonic() + PAUSE_SECONDS
        if code not in expected:
            self.findings.append(
                f"{self.name} ended with exit code {code}, not one of {expected}, see {worker.log}"
            )
        if self._loses_state:
            shutil.rmtree(self._settings.folder, ignore_errors=True)
            self._loses_state = False


def crew(settings: Settings, names: tuple[str, ...], folder: Path) -> dict[str, Member]:
    """Members with these names, none of them started yet."""
    return {
        name: Member(msgspec.structs.replace(settings, instance=name), folder) for name in names
    }


def see_to_all(crew: Mapping[str, Member]) -> None:
    """Start whoever is not there and may be."""
    for member in crew.values():
        member.see_to_it()
