"""Benchmarks: `python -m tests.bench [NAME…] [--json FILE]`.

All that are named, or else all there are, on one broker in one run, with a table at the end. The
exit code is 0 whether or not a goal is reached: a figure that is missed is stated as missed. Only
`smoke` and `against_faust`, which have to be named, are checks: the exit code is 1 when they miss
what they must reach.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from streams.errors import FailedCheck, UserError
from tests.bench.figures import Bench, Figure, Measure
from tests.bench.machine import describe
from tests.bench.report import show, write_json, written
from tests.kafka.cluster import FAST, KafkaCluster

NAMES: Final = (
    "join",
    "throughput",
    "growth",
    "latency",
    "broker_load",
    "restore",
    "failover",
    "memory",
    "cold_persons",
    "sizing",
    "wide_person",
    "many_candidates",
    "backtest",
    "profile",
    "guarantee",
    "metrics",
    "hot_person",
    "serve",
    "links",
    "start",
)
"""Each is a module with a `measure`, in the order in which they run."""

WITHOUT_BROKER: Final = frozenset(
    {
        "join",
        "wide_person",
        "many_candidates",
        "backtest",
        "metrics",
        "hot_person",
        "start",
        "smoke",
    }
)
"""Those that need neither Java nor Kafka: where only they are named, no broker is started."""

CHECKS: Final = ("smoke", "against_faust")
"""Those that fail where a figure misses its goal; they run only when they are named."""

BROKER: Final[dict[str, Any]] = {
    # One that a busy machine keeps waiting must not be fenced.
    "broker_session_timeout_ms": "60000",
    # A new group waits so long for more members before it shares out partitions: workers that are
    # started together have their shares from the first record on.
    "group_initial_rebalance_delay_ms": "2000",
    # As by default: the cleaner is not to run all the time.
    "log_cleaner_backoff_ms": "15000",
    "log_cleaner_dedupe_buffer_size": "134217728",
}


def main() -> None:
    """Run benchmarks and print their table."""
    arguments = _arguments()
    try:
        found = _run(arguments)
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(1 if isinstance(error, FailedCheck) else 2)
    machine = describe()
    show(found, machine)
    if arguments.json:
        write_json(arguments.json, found, machine)
    missed = failures(found)
    if missed:
        sys.exit("\n".join(missed))


def _run(arguments: argparse.Namespace) -> dict[str, list[Figure]]:
    found: dict[str, list[Figure]] = {}
    names = arguments.names or NAMES
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        kafka = KafkaCluster(Path(name), java=FAST, **BROKER)
        if not WITHOUT_BROKER.issuperset(names):
            stack.enter_context(kafka)
        for bench in names:
            folder = Path(name, bench)
            folder.mkdir()
            arguments.output.mkdir(parents=True, exist_ok=True)
            measure: Measure = import_module(f"tests.bench.{bench}").measure
            given = Bench(kafka, folder, arguments.output, arguments.scale, arguments.rounds)
            found[bench] = list(measure(given))
            show({bench: found[bench]})
    return found


def failures(found: Mapping[str, Sequence[Figure]]) -> list[str]:
    """A sentence for each figure of a check that misses what it must reach."""
    return [
        f"{bench}: {figure.name} is {written(figure.value, figure.unit)}, and "
        f"at {'least' if figure.goal.is_more_better else 'most'} "
        f"{written(figure.goal.at_least, figure.unit)} is wanted. tests/bench/README.md says what "
        "to do about it."
        for bench in CHECKS
        for figure in found.get(bench, ())
        if figure.goal is not None and figure.goal.verdict(figure.value) == "missed"
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[*NAMES, *CHECKS, []], default=[]
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    parser.add_argument(
        "--output", type=Path, default=Path("bench-output"), help="folder for flame graphs"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1 for a quick look")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender")
    return parser.parse_args()


if __name__ == "__main__":
    main()
