"""How fast a state that was lost is restored from its changelog."""

from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic

from streams.engine.state.restore import Restore
from streams.engine.state.store import Memory, Store
from tests.bench.deployed import deployed
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.persons import fill_changelog

PARTITIONS = 8
RECORDS = 1_000_000


def measure(bench: Bench) -> Iterator[Figure]:
    """Write a changelog, and restore it into empty stores."""
    records = round(RECORDS * bench.scale)
    with deployed(bench, "restore", PARTITIONS) as deployment, ExitStack() as stack:
        settings = deployment.settings
        size = fill_changelog(settings, records, PARTITIONS)
        memory = Memory(settings.cache_megabytes << 20, settings.write_buffer_megabytes << 20)
        stores = {
            number: stack.enter_context(Store(bench.folder / "restored" / str(number), memory))
            for number in range(PARTITIONS)
        }
        began = monotonic()
        restored = Restore(settings).run(stores)
        seconds = monotonic() - began
    assert restored == records
    yield Figure(
        "changelog records restored", restored / seconds, "records/s", Goal(100_000, 400_000)
    )
    yield Figure("bytes of a person's state", size / records, "bytes")
