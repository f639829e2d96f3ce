"""How long `unhaunt --help` takes, from the start of its process to the end."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from statistics import median
from time import monotonic

from tests.bench.figures import Bench, Figure, Goal

TIMES = 5
"""In each round."""
GOAL = Goal(0.5, 0.25)


def measure(bench: Bench) -> Iterator[Figure]:
    """Start it again and again, beside a Python that does nothing."""
    helping, nothing = ["-m", "streams", "--help"], ["-c", ""]
    seconds_of(helping)  # compiles what was not compiled yet
    turns = [(seconds_of(helping), seconds_of(nothing)) for _ in range(TIMES * bench.rounds)]
    yield Figure("unhaunt --help", median(helped for helped, _ in turns), "s", GOAL)
    yield Figure("Python itself", median(began for _, began in turns), "s")


def seconds_of(program: Sequence[str]) -> float:
    """From start to end of what Python is given to run."""
    began = monotonic()
    subprocess.run(
        [sys.executable, *program], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    return monotonic() - began
