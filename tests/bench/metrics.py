"""What metrics cost: a partition's work with its accounts and without, and a scrape.

Without a broker, on one core, in processor time: reading records, the join, the state on disk and
the output as JSON. Two partitions take the same records in turns, a checkpoint each, so that a busy
machine troubles both alike. A whole worker also fetches and sends, so of its time it is less.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import process_time
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from streams.agents import suppress
from streams.agents.accounting import Accounting
from streams.agents.intake import FetchedRecord
from streams.agents.supplier import SuppressTasks
from streams.engine.loop import BATCH_BYTES
from streams.engine.partition_processor import in_batches
from streams.monitoring.worker_status import WorkerStatus
from streams.recording.files import RecordedRecord
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.policy import Policy
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.in_process import collecting_nothing
from tests.bench.workload import mixed
from tests.engine.in_memory import InMemoryEngine

EVENTS: Final = 600_000
WARM_UP: Final = 5
"""So many checkpoints do not count."""
SCRAPES: Final = 100
SHARE: Final = Goal(at_least=0.98, aim=0.99)
SETTINGS: Final = Settings()


class NoAccounting:
    """Takes the place of `Accounting`, and accounts for nothing."""

    def __init__(self, counts: object) -> None:
        """Do nothing."""

    def decided(self, decision: object) -> None:
        """Do nothing."""

    def joined(self, key: object, event: object) -> None:
        """Do nothing."""

    def shared(self, share: object) -> None:
        """Do nothing."""

    def committed(self, now: int) -> None:
        """Do nothing."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Work a backlog off in turns, and scrape."""
    records = list(mixed(max(100_000, round(bench.scale * EVENTS)), 1))
    size = SETTINGS.checkpoint_records
    checkpoints = [records[start : start + size] for start in range(0, len(records), size)]
    spent: dict[str, list[float]] = {"with": [], "without": []}
    with ExitStack() as stack, collecting_nothing():
        metered = stack.enter_context(engine(bench.folder / "with"))
        with patch.object(suppress, "Accounting", NoAccounting):
            unmetered = stack.enter_context(engine(bench.folder / "without"))
        turns = [("with", metered, Accounting), ("without", unmetered, NoAccounting)]
        for first, checkpoint in enumerate(checkpoints):
            for name, at_work, accounting in turns:
                # The task makes a new one at each checkpoint.
                with patch.object(suppress, "Accounting", accounting):
                    spent[name].append(work_off(at_work, checkpoint, first * size))
            turns.reverse()
        scrape = scraping(metered)
    for name, seconds in spent.items():
        yield Figure(f"an event, {name} metrics", median(seconds[WARM_UP:]) / size * 1e6, "µs")
    pairs = list(zip(spent["with"], spent["without"], strict=True))[WARM_UP:]
    ratio = median(without / with_ for with_, without in pairs)
    yield Figure("throughput with metrics against without", ratio, "x", SHARE)
    yield Figure("a scrape", 1000 * scrape, "ms")


def engine(folder: Path) -> InMemoryEngine:
    """The engine of a deployment of one partition, with its state on disk."""
    return InMemoryEngine(tasks(), folder, SETTINGS)


def tasks() -> SuppressTasks:
    """What an engine is to do, by a catalog in which there is nothing."""
    reader: Any = SimpleNamespace(
        catalog=Catalog(), invalid=deque(), position=0, read=0, forgotten=0
    )
    return SuppressTasks(SETTINGS, Policy.default(), {}, reader)


def work_off(at_work: InMemoryEngine, records: Sequence[RecordedRecord], first: int) -> float:
    """Processor seconds for one checkpoint; `first` is the offset of its first record."""
    fetched = defaultdict(list)
    for offset, record in enumerate(records, first):
        fetched[record.topic].append(
            FetchedRecord(record.topic, offset, record.timestamp, record.key, record.value, ())
        )
    [processor] = at_work.engine.assignment.processors.values()
    began = process_time()
    for topic, of_topic in fetched.items():
        processor.add(topic, of_topic)
    for queue in processor.group.queues.values():
        queue.known_end = queue.next_offset  # all that there is has been fetched
    ready = processor.group.pop_ready()
    for batch, size in in_batches(ready, SETTINGS.batch_records, BATCH_BYTES):
        processor.process(batch, size)
    processor.task.punctuate()
    at_work.checkpoint()
    return process_time() - began


def scraping(at_work: InMemoryEngine) -> float:
    """Processor seconds for a scrape of a worker with one partition."""
    status = WorkerStatus(at_work.engine, at_work.tasks)
    began = process_time()
    for _ in range(SCRAPES):
        at_work.call(status.metrics(""))
    return (process_time() - began) / SCRAPES
