"""What an event costs when much is known of people, against what it cost at the beginning.

One worker drains the reference mix of 50,000 persons, of each of whom ever more is known. The
second tenth counts as the beginning: in the first, processes start.
"""

from collections.abc import Iterator
from statistics import median

from tests.bench.backlog import Backlog
from tests.bench.contenders import UNHAUNT
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.rate import Cost, cost
from tests.bench.workload import mixed

PARTITIONS = 8
EVENTS = 900_000
GOAL = Goal(1.2, 1)


def measure(bench: Bench) -> Iterator[Figure]:
    """Drain a backlog in every round; what is compared is of the same one."""
    events = round(bench.scale * EVENTS)
    folder = bench.folder / "backlog"
    backlog = Backlog(bench.kafka, folder, PARTITIONS, mixed(events, PARTITIONS))
    runs = [backlog.drain(UNHAUNT).samples for _ in range(bench.rounds)]
    second = [cost(samples, events, 0.1, 0.2) for samples in runs]
    last = [cost(samples, events, 0.9, 1.0) for samples in runs]
    yield from figures(second, last)


def figures(second: list[Cost], last: list[Cost]) -> Iterator[Figure]:
    """Medians, and those of the ratios within each run."""
    for name, costs in (("second", second), ("last", last)):
        worker = median(each.worker for each in costs)
        yield Figure(f"processor time an event, {name} tenth", worker, "µs")
    pairs = list(zip(last, second, strict=True))
    ratio = median(late.worker / early.worker for late, early in pairs)
    yield Figure("last tenth against second", ratio, "x", GOAL)
    ratio = median(late.broker / early.broker for late, early in pairs)
    yield Figure("the broker's, last tenth against second", ratio, "x")
