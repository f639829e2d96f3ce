"""What exactly once costs beside at least once.

One worker and the built-in recording. All variants take turns in every round, and medians are
given, so that a noisy machine troubles all of them alike.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median
from typing import Any, NamedTuple

import msgspec

from streams.demo.demo import Demo
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings
from tests.bench.deployed import delete_topics
from tests.bench.figures import Bench, Figure
from tests.integration.conftest import settings_of
from tests.silent import Silent

INTERVALS = (50, 100, 500)
"""Milliseconds between checkpoints."""
PERSONS = 2_000


class Variant(NamedTuple):
    guarantee: Any
    milliseconds: int


class Run(NamedTuple):
    events_per_second: float
    p50: float
    p99: float
    """Milliseconds from a request to its decision, as a reader of committed records sees it."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Run all rounds."""
    variants = [
        Variant(guarantee, milliseconds)
        for guarantee in ("at_least_once", "exactly_once")
        for milliseconds in INTERVALS
    ]
    records = list(simulate(persons=max(100, round(PERSONS * bench.scale)), partitions=4))
    runs: dict[Variant, list[Run]] = defaultdict(list)
    work_off(bench, variants[0], records[: len(records) // 4], "warm")
    for number in range(bench.rounds):
        for variant in variants:
            name = f"{number}-{variant.guarantee}-{variant.milliseconds}"
            runs[variant].append(work_off(bench, variant, records, name))
    yield Figure("records", len(records), "records")
    for variant, found in runs.items():
        yield from figures(variant, found, runs[Variant("at_least_once", variant.milliseconds)])


def work_off(bench: Bench, variant: Variant, records: list[RecordedRecord], name: str) -> Run:
    """Work the recording off and send its last requests live."""
    folder = bench.folder / name
    folder.mkdir()
    policy = folder / "policy.toml"
    policy.write_text(DEMO_POLICY)
    settings: Settings = msgspec.structs.replace(
        settings_of(bench.kafka.address, folder),
        instance="bench",
        policy=str(policy),
        guarantee=variant.guarantee,
        checkpoint_milliseconds=variant.milliseconds,
    )
    with ExitStack() as stack:
        stack.callback(delete_topics, settings)
        run = Demo(records, policy, folder, stack)
        run.run_on(settings, Silent())
        assert run.committed is not None
        return Run(run.events_per_second, *run.committed)


def figures(variant: Variant, runs: list[Run], at_least_once: list[Run]) -> Iterator[Figure]:
    """Medians, and throughput beside at least once at the same interval, by rounds."""
    name = f"{variant.guarantee}, checkpoint every {variant.milliseconds} ms"
    yield Figure(name, median(run.events_per_second for run in runs), "events/s")
    pairs = zip(runs, at_least_once, strict=True)
    if variant.guarantee != "at_least_once":
        ratios = (run.events_per_second / base.events_per_second for run, base in pairs)
        yield Figure(f"{name}, against at_least_once", median(ratios), "x")
    yield Figure(f"{name}, p50", median(run.p50 for run in runs), "ms")
    yield Figure(f"{name}, p99", median(run.p99 for run in runs), "ms")
