"""What metrics cost: one worker that is scraped every second, and one that accounts for nothing.

They take turns, and what counts is processor time for each event, which a busy machine troubles
less than the time that it takes. A worker keeps a core busy, so its throughput is the inverse.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Final, NamedTuple

from streams.operations.worker_process import PROGRAM, WorkerProcess
from tests.bench.backlog import deployed, drain
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.workload import mixed
from tests.integration.probes import free_port, get

EVENTS: Final = 300_000
PARTITIONS: Final = 8
SCRAPE_SECONDS: Final = 1.0
"""Prometheus' own default is 60; so often nobody does it."""
UNMETERED: Final = ("-m", "tests.bench.unmetered_worker")
SHARE: Final = Goal(at_least=0.98, aim=0.99)


class Run(NamedTuple):
    microseconds: float
    """Processor time for each event."""
    scrapes: list[float]
    """Seconds that each scrape took."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Drain a backlog in turns, with and without."""
    runs: dict[bool, list[Run]] = {True: [], False: []}
    for number in range(bench.rounds):
        for is_metered, found in runs.items():
            found.append(work_off(bench, number, is_metered))
    metered = [run.microseconds for run in runs[True]]
    unmetered = [run.microseconds for run in runs[False]]
    ratios = [without / with_ for with_, without in zip(metered, unmetered, strict=True)]
    yield Figure("processor time for an event, with metrics", median(metered), "µs")
    yield Figure("processor time for an event, without", median(unmetered), "µs")
    yield Figure("throughput with metrics against without", median(ratios), "x", SHARE)
    scrapes = [seconds for run in runs[True] for seconds in run.scrapes]
    yield Figure("a scrape of a busy worker", 1000 * median(scrapes or [0.0]), "ms")


def work_off(bench: Bench, number: int, is_metered: bool) -> Run:
    """Drain a backlog by a worker that is scraped, or by one that accounts for nothing."""
    events = round(EVENTS * bench.scale)
    port = free_port() if is_metered else 0
    program = PROGRAM if is_metered else UNMETERED
    with deployed(bench, f"{number}-{is_metered}", PARTITIONS) as deployment:
        deployment.load(mixed(events, PARTITIONS))
        with deployment.worker(program=program, http_port=port) as worker, scraped(port) as scrapes:
            deployment.wait_until(lambda: deployment.consumed() > 0, "work", worker)
            before, done = processor_seconds(worker), deployment.consumed()
            drain(deployment, worker)
            spent = processor_seconds(worker) - before
    return Run(spent / (events * (1 - done)) * 1e6, scrapes)


@contextmanager
def scraped(port: int) -> Iterator[list[float]]:
    """Scrape while the block runs, from another thread; not at all without a port."""
    seconds: list[float] = []
    stopped = threading.Event()

    def scrape() -> None:
        while not stopped.wait(SCRAPE_SECONDS):
            began = monotonic()
            if get(port, "/metrics")[0] == 200:
                seconds.append(monotonic() - began)

    thread = threading.Thread(target=scrape)
    if port:
        thread.start()
    try:
        yield seconds
    finally:
        stopped.set()
        if port:
            thread.join()


def processor_seconds(worker: WorkerProcess) -> float:
    """What a running worker has used of all cores, in all its threads."""
    fields = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
