"""What an event costs when much is known of people, against what it cost at the beginning.

One worker drains the reference mix of 50,000 persons, of each of whom ever more is known. The
second tenth counts as the beginning: in the first, processes start.
"""

from collections.abc import Iterator

from tests.bench.deployed import deployed
from tests.bench.draining import Draining
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.rate import cost
from tests.bench.workload import mixed

PARTITIONS = 8
EVENTS = 900_000
GOAL = Goal(1.2, 1)


def measure(bench: Bench) -> Iterator[Figure]:
    """Drain a backlog once; what is compared is of the same run."""
    events = round(bench.scale * EVENTS)
    with deployed(bench, "growth", PARTITIONS) as deployment:
        deployment.load(mixed(events, PARTITIONS))
        draining = Draining(bench.kafka, deployment)
        with deployment.worker() as worker:
            samples = draining.wait(worker)
    early, late = cost(samples, events, 0.1, 0.2), cost(samples, events, 0.9, 1.0)
    yield Figure("processor time an event, second tenth", early.worker, "µs")
    yield Figure("processor time an event, last tenth", late.worker, "µs")
    yield Figure("last tenth against second", late.worker / early.worker, "x", GOAL)
    yield Figure("the broker's, last tenth against second", late.broker / early.broker, "x")
