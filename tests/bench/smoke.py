"""Whether the compiled join still costs what join_cost.toml states, as a multiple of the yardstick.

A `join` of less work, in less than a minute. The yardstick takes turns with the join in one
process, and both are counted in processor time: what troubles the machine troubles both. It fails
where the cost has grown by half.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import schemas
import streams
from streams.errors import UserError
from streams.recording.files import Writer
from tests.bench.builds import builds
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.join import against_yardstick, take_turns
from tests.bench.real_workload import WORKLOADS
from tests.compiled_modules import are_outdated

EVENTS: Final = 50_000
"""Always so many, since what is known of people changes the ratio."""
ROUNDS: Final = 5
GROWN: Final = 1.5
STATED: Final = Path(__file__).with_name("join_cost.toml")


def measure(bench: Bench) -> Iterator[Figure]:
    """The ratio on each workload, which is to be less than half as much again as stated.

    Raises `UserError` where what is installed is not compiled from these sources.
    """
    build, *_ = builds()
    if build.is_interpreted or are_outdated(map(Path, [*schemas.__path__, *streams.__path__])):
        raise UserError(
            "smoke: measures the compiled join, and the sources here are not compiled, or have "
            "changed since. UNHAUNT_COMPILE=1 python -m pip install -e '.[test]' compiles them."
        )
    for workload, goal in goals(tomllib.loads(STATED.read_text())).items():
        recording = bench.folder / f"{workload}.jsonl"
        with Writer(recording) as writer:
            for record in WORKLOADS[workload](EVENTS, 1):
                writer.write(record)
        turns = take_turns([build], recording, ROUNDS)[build.name]
        yield Figure(f"{workload}: against the yardstick", against_yardstick(turns), "x", goal)


def goals(stated: Mapping[str, float]) -> dict[str, Goal]:
    """What the ratio of each workload may be, by what is stated of it."""
    return {workload: Goal(GROWN * stated[workload], stated[workload]) for workload in WORKLOADS}
