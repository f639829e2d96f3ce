"""What a worker takes in memory that has a million persons on disk."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.bench.deployed import deployed
from tests.bench.draining import Draining
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.persons import fill_changelog
from tests.bench.rate import rate
from tests.bench.workload import Crowd, mixed

PARTITIONS = 8
PERSONS = 1_000_000
EVENTS = 600_000
"""So many that the persons whom a worker keeps decoded have been replaced several times."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Restore everybody from the changelog, then work off the reference mix of all of them."""
    persons, events = round(PERSONS * bench.scale), round(EVENTS * bench.scale)
    with deployed(bench, "memory", PARTITIONS) as deployment:
        fill_changelog(deployment.settings, persons, PARTITIONS)
        deployment.load(mixed(events, PARTITIONS, crowd=Crowd(persons), seed=11))
        draining = Draining(bench.kafka, deployment)
        with deployment.worker() as worker:
            deployment.wait_until(lambda: deployment.consumed() > 0, "work", worker, seconds=300)
            _, restored = resident_megabytes(worker.process.pid)
            samples = draining.wait(worker)
            now, peak = resident_megabytes(worker.process.pid)
    yield Figure(f"resident at most, {persons:,} persons on disk", peak, "MB", Goal(600, 400))
    yield Figure("resident at most until they were restored", restored, "MB")
    yield Figure("resident at the end", now, "MB")
    yield Figure(f"reference mix of {persons:,} persons", rate(samples, events), "events/s")


def resident_megabytes(process_id: int) -> tuple[float, float]:
    """What a process has in memory now, and the most that it ever had, in 10^6 bytes."""
    status = Path(f"/proc/{process_id}/status").read_text()
    sizes = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
    return int(sizes["VmRSS"]) * 1024 / 1e6, int(sizes["VmHWM"]) * 1024 / 1e6
