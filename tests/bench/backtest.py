"""How fast `unhaunt backtest` is, as people run it: a process, a file."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import monotonic

from streams.recording.files import Writer
from streams.recording.importing.online_retail import import_online_retail
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.workload import mixed
from tests.recorded_data import find_data

PARTITIONS = 8
EVENTS = 500_000

NOW = 'version = "now"'
NEXT = """
version = "next"
[purchase]
window_days = 90
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """The reference mix on one core and on all, then two policies compared on real orders."""
    yield from of_the_mix(bench)
    yield from compared(bench)


def of_the_mix(bench: Bench) -> Iterator[Figure]:
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
    one_core = ["--processes", "1"]
    variants: dict[str, list[str]] = {
        "one core, summary only, of .jsonl": [str(plain), *one_core],
        "one core, decisions and lists written, of .zst": [str(compressed), *one_core, *outputs],
        "all cores, summary only, of .jsonl": [str(plain)],
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
        goal = None if name.startswith("all") else Goal(100_000, 250_000)
        yield Figure(name, rate, "events/s", goal)
    yield Figure("beside that, start and end of the process", start, "s")


def compared(bench: Bench) -> Iterator[Figure]:
    """Two policies on Online Retail's invoices, all cores, with start and end of the process."""
    invoices = find_data("online_retail.csv.xz")
    if invoices is None:
        return
    recording = bench.folder / "retail.jsonl.zst"
    import_online_retail(invoices, recording)
    policies = {"now.toml": NOW, "next.toml": NEXT}
    arguments = [str(recording)]
    for name, text in policies.items():
        Path(bench.folder, name).write_text(text)
        arguments += ["--policy", str(bench.folder / name)]
    seconds = median(seconds_of(arguments) for _ in range(bench.rounds))
    yield Figure("two policies compared on Online Retail", seconds, "s", Goal(15, 5))


def seconds_of(arguments: list[str]) -> float:
    """What the command takes from its start to its end."""
    command = [sys.executable, "-m", "streams", "backtest", *arguments]
    began = monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"unhaunt backtest failed: {done.stderr.decode(errors='replace')}")
    return monotonic() - began
