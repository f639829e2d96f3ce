"""How fast `unhaunt backtest` is, as people run it: a process, a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import monotonic

from streams.recording.files import Writer
from streams.recording.importing.online_retail import import_online_retail
from tests.bench.builds import Build, builds, earlier
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.real_workload import WORKLOADS
from tests.bench.workload import mixed
from tests.recorded_data import find_data

PARTITIONS = 8
EVENTS = 500_000
ONE_CORE = ("--processes", "1")
GOAL = Goal(2.5, 4)
"""Of the compiled program against the earlier one."""

NOW = 'version = "now"'
NEXT = """
version = "next"
[purchase]
window_days = 90
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """Both workloads on one core, the bare one on all, then two policies compared."""
    yield from of_one_core(bench)
    yield from of_the_mix(bench)
    yield from compared(bench)


def of_one_core(bench: Bench) -> Iterator[Figure]:
    """Recordings of both workloads, for their summaries, by this program and the earlier one."""
    events = round(EVENTS * bench.scale)
    programs = [builds()[0], *earlier(bench.folder.parent)]
    for name, records in WORKLOADS.items():
        recording = bench.folder / f"{name}.jsonl"
        with Writer(recording) as writer:
            for record in records(events, PARTITIONS):
                writer.write(record)
        turns = [rates(bench, programs, recording, events) for _ in range(bench.rounds)]
        for program, found in zip(programs, zip(*turns, strict=True), strict=True):
            yield Figure(f"{name}, one core, {program.name}", median(found), "events/s")
        if len(programs) > 1:
            times = median(now / before for now, before in turns)
            goal = None if programs[0].is_interpreted else GOAL
            yield Figure(f"{name}, one core, as fast as before", times, "x", goal)


def rates(bench: Bench, programs: Sequence[Build], recording: Path, events: int) -> list[float]:
    """Events a second of each of these programs, without start and end of its process."""
    empty = bench.folder / "empty.jsonl"
    empty.touch()
    return [
        events
        / (
            seconds_of([str(recording), *ONE_CORE], program)
            - seconds_of([str(empty), *ONE_CORE], program)
        )
        for program in programs
    ]


def of_the_mix(bench: Bench) -> Iterator[Figure]:
    """The bare workload once more: written out, and on all cores."""
    events = round(EVENTS * bench.scale)
    plain, compressed = bench.folder / "bare.jsonl", bench.folder / "bare.jsonl.zst"
    with Writer(compressed) as writer:
        for record in mixed(events, PARTITIONS):
            writer.write(record)
    outputs = [
        *("--decisions", str(bench.folder / "decisions.jsonl")),
        *("--lists", str(bench.folder / "lists.jsonl")),
        "--force",  # each round writes them anew
    ]
    variants: dict[str, list[str]] = {
        "one core, decisions and lists written, of .zst": [str(compressed), *ONE_CORE, *outputs],
        "all cores, summary only, of .jsonl": [str(plain)],
    }
    start = median(seconds_of([str(bench.folder / "empty.jsonl")]) for _ in range(bench.rounds))
    for name, arguments in variants.items():
        seconds = median(seconds_of(arguments) for _ in range(bench.rounds))
        yield Figure(f"bare, {name}", events / (seconds - start), "events/s")
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


def seconds_of(arguments: list[str], program: Build | None = None) -> float:
    """What the command takes from its start to its end."""
    began = monotonic()
    (program or builds()[0]).run("streams", "backtest", *arguments)
    return monotonic() - began
