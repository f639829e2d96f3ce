"""What a person and a decision take, for who has to say how large a deployment is to be."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from streams.engine.state.restore import Restore
from streams.engine.state.store import Memory, Store
from streams.suppression.stored import due_of
from tests.bench.deployed import deployed
from tests.bench.draining import Draining
from tests.bench.figures import Bench, Figure
from tests.bench.persons import FACTS, fill_changelog
from tests.bench.workload import REFERENCE, Crowd, mixed

PARTITIONS = 8
PERSONS = 500_000
EVENTS = 200_000
EVIDENCE = 1 - REFERENCE["impression-requests"] / sum(REFERENCE.values())
"""The share of events that change what is known of somebody."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Restore a changelog full of persons, then work off the reference mix of as many."""
    yield from persons_on_disk(bench, round(PERSONS * bench.scale))
    yield from outputs_on_disk(bench, round(EVENTS * bench.scale))


def persons_on_disk(bench: Bench, persons: int) -> Iterator[Figure]:
    """In the changelog when each is there once, and in RocksDB."""
    state = bench.folder / "state"
    with deployed(bench, "persons", PARTITIONS) as deployment:
        settings = deployment.settings
        values = fill_changelog(settings, persons, PARTITIONS)
        changelog = bench.kafka.bytes_of(settings.changelog)
        memory = Memory(settings.cache_megabytes << 20, settings.write_buffer_megabytes << 20)
        with ExitStack() as stack:
            stores = {
                number: stack.enter_context(Store(state / str(number), memory))
                for number in range(PARTITIONS)
            }
            Restore(settings, due_of).run(stores)
    yield Figure(f"a person of whom {FACTS} facts are known, as JSON", values / persons, "bytes")
    yield Figure("the same in the changelog", changelog / persons, "bytes")
    yield Figure("the same in RocksDB", bytes_in(state) / persons, "bytes")


def outputs_on_disk(bench: Bench, events: int) -> Iterator[Figure]:
    """What a backlog of the reference mix leaves on the topics."""
    with deployed(bench, "outputs", PARTITIONS) as deployment:
        settings, bytes_of = deployment.settings, bench.kafka.bytes_of
        deployment.load(mixed(events, PARTITIONS, crowd=Crowd(), seed=11))
        draining = Draining(bench.kafka, deployment)
        with deployment.worker() as worker:
            draining.wait(worker)
        decisions = [len(message.value()) for message in deployment.read("decisions")]
        decided = bytes_of(settings.topic("decisions"))
        lists = bytes_of(settings.topic("suppressions"))
        changes = bytes_of(settings.changelog)
    evidence = events * EVIDENCE
    yield Figure("a decision on five candidates, as JSON", sum(decisions) / len(decisions), "bytes")
    yield Figure("the same on its topic", decided / len(decisions), "bytes")
    yield Figure("changelog for a purchase or rejection", changes / evidence, "bytes")
    yield Figure("lists for a purchase or rejection", lists / evidence, "bytes")


def bytes_in(folder: Path) -> int:
    """What RocksDB's tables and its log of what is not in them yet take."""
    files = (*folder.rglob("*.sst"), *folder.rglob("*.log"))
    return sum(file.stat().st_size for file in files)
