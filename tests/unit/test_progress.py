"""Who waits at a terminal sees what is being done, from before the work on; nobody else does."""

import os
import pty
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from tests.command_line import run_process, write_recording
from tests.kafka.cluster import free_ports
from tests.waiting import SECONDS

READING: Final = (
    "backtest given.jsonl",
    "backtest given.jsonl --policy one.toml --policy two.toml",
    "report given.jsonl --json figures.json",
    "explain given.jsonl --user ann",
    "anonymise given.jsonl --key-file key -o made.jsonl",
    "catalog check given.jsonl",
    "formats check given.jsonl",
    "import jdata given.csv --products given.csv -o made.jsonl",
    "import online-retail given.csv -o made.jsonl",
    "import datacratic given.jsonl -o made.jsonl",
    "import events given.jsonl --format segment -o made.jsonl",
    "replay recording.jsonl",
)
"""What they read is a pipe that nobody writes to, or brokers that never answer."""

ASKING: Final = (
    "record -o made.jsonl",
    "explain --live --user ann",
    "catalog check recording.jsonl --live",
    "dead-letters list",
    "dead-letters show 0/1",
    "dead-letters replay",
    "topics plan",
    "topics apply",
    "topics check",
)

WAITING: Final = (
    *((command, "Reading") for command in READING),
    *((command, "Asking the brokers") for command in ASKING),
    ("simulate --persons 1000000 -o made.jsonl", "Simulating"),
    ("serve --demo --port {free}", "Deciding on the built-in recording"),
)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a broker that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("given.jsonl", "given.csv"):
        os.mkfifo(tmp_path / name)
    for name in ("one.toml", "two.toml"):
        (tmp_path / name).write_text("")
    (tmp_path / "key").write_text("k" * 64)
    (tmp_path / "key").chmod(0o600)
    write_recording(tmp_path / "recording.jsonl", ("purchases", "ann", {}))
    return tmp_path


@contextmanager
def at_a_terminal(folder: Path, command: str, brokers: str) -> Iterator[int]:
    """A command whose standard error is a terminal; yields what a person would look at."""
    screen, terminal = pty.openpty()
    variables = {n: v for n, v in os.environ.items() if not n.startswith("UNHAUNT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "streams", *command.split()],
        cwd=folder,
        env={
            **variables,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "TERM": "xterm",
            "UNHAUNT_BROKERS": brokers,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    try:
        yield screen
    finally:
        process.kill()
        process.wait()
        os.close(screen)


def wait_for(screen: int, words: str) -> None:
    """Read what is on a screen until these words are there."""
    seen, deadline = "", monotonic() + SECONDS
    shown = select.poll()  # `select.select` takes no file above number 1,023
    shown.register(screen, select.POLLIN)
    while words not in seen:
        if monotonic() > deadline:
            raise TimeoutError(f"{words}: not shown, but {seen}")
        if shown.poll(1_000):
            seen += os.read(screen, 4_096).decode(errors="replace")


@pytest.mark.parametrize(("command", "words"), WAITING)
def test_it_shows_what_it_is_at_before_the_work_has_begun(
    folder: Path, silent: str, command: str, words: str
) -> None:
    [free] = free_ports(1)
    with at_a_terminal(folder, command.format(free=free), silent) as screen:
        wait_for(screen, words)


def test_nothing_is_shown_where_nobody_watches(tmp_path: Path) -> None:
    made = run_process("simulate", "--persons", "5", "-o", tmp_path / "made.jsonl")
    assert (made.returncode, made.stderr) == (0, "")
