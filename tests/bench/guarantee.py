"""What exactly once costs beside at least once: `python -m tests.bench.guarantee`.

One Apache Kafka, one worker, the built-in recording. All variants take turns in every round, and
medians are printed, so that a noisy machine troubles all of them alike.
"""

import argparse
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from streams.operations.demo import Demo
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings
from tests.integration.conftest import settings_of
from tests.kafka.cluster import KafkaCluster

INTERVALS = (50, 100, 500)
"""Milliseconds between checkpoints."""


class Variant(NamedTuple):
    guarantee: Any
    milliseconds: int


class Figures(NamedTuple):
    events_per_second: float
    p50: float
    p99: float
    """Milliseconds from a request to its decision, as a reader of committed records sees it."""


class Silent:
    """Nobody watches."""

    def step(self, what: str, done: int, total: int) -> None:
        """Say nothing."""

    def decided(self, decisions: object, summary: object) -> None:
        """Say nothing."""


def main() -> None:
    """Run all rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--persons", type=int, default=2_000)
    arguments = parser.parse_args()
    variants = [
        Variant(guarantee, milliseconds)
        for guarantee in ("at_least_once", "exactly_once")
        for milliseconds in INTERVALS
    ]
    records = list(simulate(persons=arguments.persons, partitions=4))
    found: dict[Variant, list[Figures]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, KafkaCluster(Path(name)) as cluster:
        measure(variants[0], records[: len(records) // 4], cluster, Path(name) / "warm")
        for number in range(arguments.rounds):
            for variant in variants:
                folder = Path(name) / f"{number}-{variant.guarantee}-{variant.milliseconds}"
                found[variant].append(measure(variant, records, cluster, folder))
    show(found, len(records))


def measure(
    variant: Variant, records: list[RecordedRecord], cluster: KafkaCluster, folder: Path
) -> Figures:
    """Work the recording off and send its last requests live."""
    folder.mkdir()
    policy = folder / "policy.toml"
    policy.write_text(DEMO_POLICY)
    settings: Settings = msgspec.structs.replace(
        settings_of(cluster.address, folder),
        instance="bench",
        policy=str(policy),
        guarantee=variant.guarantee,
        checkpoint_milliseconds=variant.milliseconds,
    )
    with ExitStack() as stack:
        run = Demo(records, policy, folder, stack)
        run.run_on(settings, Silent())
        assert run.committed is not None
        return Figures(run.events_per_second, *run.committed)


def show(found: dict[Variant, list[Figures]], records: int) -> None:
    """Print medians, and throughput beside at least once at the same interval."""
    table = Table(title=f"{records:,} records, medians of {len(next(iter(found.values())))}")
    for column in ("guarantee", "checkpoint ms", "events/s", "ratio", "p50 ms", "p99 ms"):
        table.add_column(column, justify="left" if column == "guarantee" else "right")
    medians = {
        variant: Figures(*(median(column) for column in zip(*figures, strict=True)))
        for variant, figures in found.items()
    }
    for variant, figures in medians.items():
        base = medians[Variant("at_least_once", variant.milliseconds)]
        ratio = figures.events_per_second / base.events_per_second
        table.add_row(
            variant.guarantee,
            str(variant.milliseconds),
            f"{figures.events_per_second:,.0f}",
            f"{ratio:.2f}",
            f"{figures.p50:.0f}",
            f"{figures.p99:.0f}",
        )
    Console(width=90).print(table)


if __name__ == "__main__":
    main()
