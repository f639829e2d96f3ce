"""Events of people who have not been seen for long: each is read from disk.

A million persons are restored from the changelog; then the reference mix is drained in which nobody
has two events, so that no decoded person is ever used again.
"""

from collections.abc import Iterator
from random import Random

from tests.bench.deployed import deployed
from tests.bench.draining import Draining
from tests.bench.figures import Bench, Figure
from tests.bench.persons import fill_changelog
from tests.bench.rate import cost, rate
from tests.bench.workload import mixed

PARTITIONS = 8
PERSONS = 1_000_000
EVENTS = 300_000


def measure(bench: Bench) -> Iterator[Figure]:
    """Restore everybody, then drain the backlog."""
    persons, events = round(PERSONS * bench.scale), round(EVENTS * bench.scale)
    with deployed(bench, "cold", PARTITIONS) as deployment:
        fill_changelog(deployment.settings, persons, PARTITIONS)
        once = iter(Random(5).sample(range(persons), events))
        deployment.load(mixed(events, PARTITIONS, persons=once))
        draining = Draining(bench.kafka, deployment)
        with deployment.worker() as worker:
            samples = draining.wait(worker)
    yield Figure(f"each of another of {persons:,} persons", rate(samples, events), "events/s")
    worker_cost, broker_cost = cost(samples, events)
    yield Figure("processor time an event", worker_cost, "µs")
    yield Figure("the broker's an event", broker_cost, "µs")
