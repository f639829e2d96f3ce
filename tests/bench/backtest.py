"""How fast `unhaunt backtest` is, as people run it: a process, a file, one core."""

import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from time import monotonic

from streams.recording.files import Writer
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.workload import mixed

PARTITIONS = 8
EVENTS = 500_000


def measure(bench: Bench) -> Iterator[Figure]:
    """A recording of the reference mix, once for its summary and once for all that it says."""
    events = round(EVENTS * bench.scale)
    plain, compressed = bench.folder / "mix.jsonl", bench.folder / "mix.jsonl.zst"
    with Writer(plain) as writer, Writer(compressed) as compressing:
        for record in mixed(events, PARTITIONS):
            writer.write(record)
            compressing.write(record)
    outputs = [
        *("--decisions", str(bench.folder / "decisions.jsonl")),
        *("--lists", str(bench.folder / "lists.jsonl")),
    ]
    empty = bench.folder / "empty.jsonl"
    empty.touch()
    variants: dict[str, list[str]] = {
        "summary only, of .jsonl": [str(plain)],
        "decisions and lists written, of .jsonl.zst": [str(compressed), *outputs],
    }
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    starts = []
    for _ in range(bench.rounds):
        starts.append(seconds_of([str(empty)]))
        for name, arguments in variants.items():
            seconds[name].append(seconds_of(arguments))
    start = median(starts)
    for name, found in seconds.items():
        rate = events / (median(found) - start)
        yield Figure(name, rate, "events/s", Goal(100_000, 250_000))
    yield Figure("beside that, start and end of the process", start, "s")


def seconds_of(arguments: list[str]) -> float:
    """What the command takes from its start to its end; it has one thread."""
    command = [sys.executable, "-m", "streams", "backtest", *arguments]
    began = monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"unhaunt backtest failed: {done.stderr.decode(errors='replace')}")
    return monotonic() - began
