"""What metrics cost: a partition's work with its accounts and without, and a scrape.

Without a broker, on one core, in processor time: reading records, the join, the state on disk and
the output as JSON. Two partitions take the same records in turns, a checkpoint each, so that a busy
machine troubles both alike. A whole worker also fetches and sends, so of its time it is less.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from time import process_time
from types import SimpleNamespace
from typing import Any, Final

from streams.engine.batches import in_batches
from streams.engine.intake import Fetched
from streams.engine.loop import Engine
from streams.engine.partition import Partition
from streams.engine.state.store import Memory, Store
from streams.engine.telemetry.accounting import Accounting
from streams.engine.telemetry.counts import Counts
from streams.monitoring.worker_status import WorkerStatus
from streams.recording.files import RecordedRecord
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.policy import Policy
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.in_process import collecting_nothing
from tests.bench.workload import mixed

EVENTS: Final = 600_000
WARM_UP: Final = 5
"""So many checkpoints do not count."""
SCRAPES: Final = 100
SHARE: Final = Goal(at_least=0.98, aim=0.99)
SETTINGS: Final = Settings()


class Nothing(Accounting):
    """Accounts for nothing."""

    def decided(self, decision: object) -> None:
        """Do nothing."""

    def joined(self, place: object, event: object) -> None:
        """Do nothing."""

    def committed(self, now: int) -> None:
        """Do nothing."""


class Output:
    """Stands for the output: takes everything, and hands the changelog out offsets."""

    name = "worker"
    waiting = 0

    def __init__(self) -> None:
        self.offset = 0

    def send(self, *_: object, on_delivery: Any = None, **__: object) -> None:
        """Take a record."""
        self.offset += 1
        if on_delivery is not None:
            on_delivery(None, SimpleNamespace(offset=lambda: self.offset))


def measure(bench: Bench) -> Iterator[Figure]:
    """Work a backlog off in turns, and scrape."""
    records = list(mixed(max(100_000, round(bench.scale * EVENTS)), 1))
    size = SETTINGS.checkpoint_records
    checkpoints = [records[start : start + size] for start in range(0, len(records), size)]
    spent: dict[str, list[float]] = {"with": [], "without": []}
    with ExitStack() as stack, collecting_nothing():
        metered = stack.enter_context(closing(partition(bench.folder / "with")))
        unmetered = stack.enter_context(closing(partition(bench.folder / "without")))
        unmetered._accounting = Nothing(Counts())
        turns = [("with", metered), ("without", unmetered)]
        for first, taken in enumerate(checkpoints):
            for name, at_work in turns:
                spent[name].append(work_off(at_work, taken, first * size))
            turns.reverse()
        scrape = scraping(metered)
    for name, seconds in spent.items():
        yield Figure(f"an event, {name} metrics", median(seconds[WARM_UP:]) / size * 1e6, "µs")
    pairs = list(zip(spent["with"], spent["without"], strict=True))[WARM_UP:]
    ratio = median(without / with_ for with_, without in pairs)
    yield Figure("throughput with metrics against without", ratio, "x", SHARE)
    yield Figure("a scrape", 1000 * scrape, "ms")


def partition(folder: Path) -> Partition:
    """The only partition of a deployment, with its state on disk."""
    memory = Memory(SETTINGS.cache_megabytes << 20, SETTINGS.write_buffer_megabytes << 20)
    output: Any = Output()
    policy, counts = Policy.default(), Counts()
    return Partition(0, 1, Store(folder, memory), policy, catalog(), output, SETTINGS, counts)


def catalog() -> Any:
    """Stands for the reader of a catalog, in which there is nothing."""
    return SimpleNamespace(catalog=Catalog(), invalid=deque(), position=0, read=0, forgotten=0)


def work_off(partition: Partition, records: Sequence[RecordedRecord], first: int) -> float:
    """Processor seconds for one checkpoint; `first` is the offset of its first record."""
    fetched = defaultdict(list)
    for offset, record in enumerate(records, first):
        taken = Fetched(record.topic, offset, record.timestamp, record.key, record.value, ())
        fetched[record.topic].append(taken)
    began = process_time()
    for topic, of_topic in fetched.items():
        partition.add(topic, of_topic)
    for entries, _ in in_batches(partition.alignment.take(), SETTINGS.batch_records):
        partition.process(entries)
    partition.review()
    partition.settle()
    partition.committed()
    return process_time() - began


def scraping(partition: Partition) -> float:
    """Processor seconds for a scrape of a worker with one partition."""
    output: Any = Output()
    engine = Engine(SETTINGS, Policy.default(), {}, 1, catalog(), output)
    engine.partitions[0] = partition
    status = WorkerStatus(engine)
    began = process_time()
    for _ in range(SCRAPES):
        asyncio.run(status.metrics(""))
    return (process_time() - began) / SCRAPES
