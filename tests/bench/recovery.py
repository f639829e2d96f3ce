"""How fast a lost state is restored from its changelog: `python -m tests.bench.recovery`."""

import argparse
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

from confluent_kafka import Producer

from streams.engine.restore import Restore
from streams.engine.store import PERSON, Memory, Store
from streams.operations.topics import create, plan
from streams.settings import Settings
from tests.integration.conftest import settings_of
from tests.kafka.cluster import KafkaCluster

PARTITIONS = 4
EVIDENCE = b'{"lines":{"order-1":[["tv-55-black",1,1700000000000,{"price":799.0}]]},"refunds":{}}'


def main() -> None:
    """Write a changelog, restore it, and print the rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    records = parser.parse_args().records
    with tempfile.TemporaryDirectory() as folder, KafkaCluster(Path(folder)) as kafka:
        settings = settings_of(kafka.address, Path(folder))
        create(settings, plan(settings, PARTITIONS, 1))
        size = fill(settings, records)
        memory = Memory(settings.cache_megabytes << 20, settings.write_buffer_megabytes << 20)
        with ExitStack() as stack:
            stores = {
                number: stack.enter_context(Store(Path(folder, "restored", str(number)), memory))
                for number in range(PARTITIONS)
            }
            began = monotonic()
            restored = Restore(settings).run(stores)
            seconds = monotonic() - began
    assert restored == records
    print(
        f"restored {restored:,} changelog records of {size / records:.0f} bytes in "
        f"{PARTITIONS} partitions in {seconds:.1f} s: {restored / seconds:,.0f} records/s "
        "(at least 100,000; aim 400,000)"
    )


def fill(settings: Settings, records: int) -> int:
    """Write states of persons such as a worker writes; returns their bytes."""
    producer = Producer(
        {
            "bootstrap.servers": settings.brokers,
            "compression.type": "lz4",
            "linger.ms": 20,
            "queue.buffering.max.messages": 2_000_000,
        }
    )
    size = 0
    for number in range(records):
        key = PERSON + b"person-%08d" % number
        value = b"[%d,%b,%b]" % (1700000000000 + number, EVIDENCE, os.urandom(16).hex().encode())
        producer.produce(settings.changelog, value, key, number % PARTITIONS)
        size += len(key) + len(value)
        if number % 10_000 == 0:
            producer.poll(0)
    assert producer.flush(60) == 0
    return size


if __name__ == "__main__":
    main()
