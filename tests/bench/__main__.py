"""Benchmarks: `python -m tests.bench [NAME…] [--json FILE]`.

All that are named, or else all there are, on one broker in one run, with a table at the end. The
exit code is 0 whether or not a goal is reached: a figure that is missed is stated as missed.
"""

import argparse
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Final

from tests.bench.figures import Bench, Figure, Measure
from tests.bench.machine import describe
from tests.bench.report import show, write_json
from tests.kafka.cluster import KafkaCluster

NAMES: Final = (
    "throughput",
    "latency",
    "restore",
    "failover",
    "memory",
    "wide_person",
    "many_candidates",
    "backtest",
    "profile",
    "guarantee",
    "hot_person",
)
"""Each is a module with a `measure`, in the order in which they run."""


def main() -> None:
    """Run benchmarks and print their table."""
    arguments = _arguments()
    found: dict[str, list[Figure]] = {}
    with tempfile.TemporaryDirectory() as name, KafkaCluster(Path(name)) as kafka:
        for bench in arguments.names or NAMES:
            folder = Path(name, bench)
            folder.mkdir()
            arguments.output.mkdir(parents=True, exist_ok=True)
            measure: Measure = import_module(f"tests.bench.{bench}").measure
            given = Bench(kafka, folder, arguments.output, arguments.scale, arguments.rounds)
            found[bench] = list(measure(given))
            show({bench: found[bench]})
    machine = describe()
    show(found, machine)
    if arguments.json:
        write_json(arguments.json, found, machine)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*NAMES, []], default=[])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    parser.add_argument(
        "--output", type=Path, default=Path("bench-output"), help="folder for flame graphs"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1 for a quick look")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender")
    return parser.parse_args()


if __name__ == "__main__":
    main()
