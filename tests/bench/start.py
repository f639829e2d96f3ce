"""How long help takes, from the start of its process to the end: all of it, and each command's."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from statistics import median
from time import monotonic

from streams.cli import COMMANDS
from tests.bench.figures import Bench, Figure, Goal

TIMES = 5
"""In each round."""
GOAL = Goal(0.5, 0.25)


def measure(bench: Bench) -> Iterator[Figure]:
    """Start it again and again, beside a Python that does nothing."""
    for name in COMMANDS:
        seconds_of(unhaunt(name, "--help"))  # compiles what was not compiled yet
    slowest = max(COMMANDS, key=lambda name: seconds_of(unhaunt(name, "--help")))
    programs = {
        "unhaunt --help": unhaunt("--help"),
        f"unhaunt {slowest} --help, of all commands' the slowest": unhaunt(slowest, "--help"),
        "unhaunt --version": unhaunt("--version"),
        "Python itself": ["-c", ""],
    }
    turns = [[*map(seconds_of, programs.values())] for _ in range(TIMES * bench.rounds)]
    for name, seconds in zip(programs, zip(*turns, strict=True), strict=True):
        yield Figure(name, median(seconds), "s", GOAL if name.startswith("unhaunt") else None)


def unhaunt(*arguments: str) -> list[str]:
    """What Python is given to run it."""
    return ["-m", "streams", *arguments]


def seconds_of(program: Sequence[str]) -> float:
    """From start to end of what Python is given to run."""
    began = monotonic()
    subprocess.run(
        [sys.executable, *program], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    return monotonic() - began
