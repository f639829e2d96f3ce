"""What an event costs in the join, part by part: no broker, one core, processor time.

Bytes are decoded, events applied, lists and states prepared at each checkpoint, and decisions,
lists and states encoded; on the bare workload and on the real one. The compiled program, the same
interpreted and the one of an earlier commit take turns, each in a process of its own. Beside each
runs a fixed piece of plain Python (`yardstick`), so that the ratio to it can be compared from
machine to machine.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from streams.recording.files import Writer
from tests.bench.builds import Build, builds, earlier
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.join_process import Parts
from tests.bench.real_workload import WORKLOADS

EVENTS: Final = 200_000
PARTS: Final = ("decode", "apply", "prepare", "encode")
GOAL: Final = Goal(2.5, 4)
"""Of the compiled program against the earlier one."""

Turns = dict[str, list[Parts]]
"""By the build's name, round by round."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Take turns on one workload, then on the other."""
    at_work = [*builds(), *earlier(bench.folder.parent)]
    for name, records in WORKLOADS.items():
        recording = bench.folder / f"{name}.jsonl"
        with Writer(recording) as writer:
            for record in records(round(bench.scale * EVENTS), 1):
                writer.write(record)
        yield from figures(name, take_turns(at_work, recording, bench.rounds))


def take_turns(at_work: Sequence[Build], recording: Path, rounds: int) -> Turns:
    """Have each build work the recording off, one after the other, in each round."""
    found: Turns = {build.name: [] for build in at_work}
    for _ in range(rounds):
        for build in at_work:
            output = build.run("tests.bench.join_process", str(recording))
            parts = msgspec.json.decode(output, type=Parts)
            assert parts.is_compiled is not build.is_interpreted, build
            found[build.name].append(parts)
    return found


def figures(workload: str, found: Turns) -> Iterator[Figure]:
    """Every part of every build, and how they compare within the rounds."""
    for name, turns in found.items():
        what = f"{workload}, {name}"
        for part in PARTS:
            yield Figure(f"{what}: {part}", median(getattr(turn, part) for turn in turns), "µs")
        yield Figure(f"{what}: an event in all", median(turn.total for turn in turns), "µs")
        yield Figure(f"{what}: against the yardstick", against_yardstick(turns), "x")
    yield from compared(workload, found, "compiled", "interpreted", None)
    yield from compared(workload, found, "compiled", "before", GOAL)
    yield from compared(workload, found, "interpreted", "before", None)


def against_yardstick(turns: Sequence[Parts]) -> float:
    """How many times as long as the yardstick an event takes, the median of the rounds."""
    return median(turn.total / turn.yardstick for turn in turns)


def compared(
    workload: str, found: Turns, one: str, other: str, goal: Goal | None
) -> Iterator[Figure]:
    """How many times as fast as another a build is, where both are there."""
    if one in found and other in found:
        pairs = zip(found[one], found[other], strict=True)
        times = median(slower.total / faster.total for faster, slower in pairs)
        yield Figure(f"{workload}: {one}, as fast as {other}", times, "x", goal)
