"""A changelog full of persons, as workers would have left it."""

import os
from random import Random

from confluent_kafka import Producer

from streams.engine.state.store import PERSON
from streams.kafka.clients import client_settings
from streams.kafka.partitioner import partition_of
from streams.settings import Settings
from tests.bench.domain import apply, encode_state, new_join, prepare
from tests.bench.in_process import decoded
from tests.bench.workload import REFERENCE, Crowd, mixed

FACTS = 4
"""How much is known of a person on average, purchases and dismissals as in the reference mix."""
DIFFERENT = 5_000
"""So many persons are made up; everybody else is as one of them."""

EVIDENCE = {topic: weight for topic, weight in REFERENCE.items() if topic != "impression-requests"}


def fill_changelog(settings: Settings, persons: int, partitions: int) -> int:
    """Write the states of persons u000000 and so on; returns the bytes of their values."""
    states = different_states()
    random = Random(3)
    producer = Producer(
        {
            **client_settings(settings),
            "compression.type": "lz4",
            "linger.ms": 20,
            "queue.buffering.max.messages": 200_000,
        }
    )
    size = 0
    for number in range(persons):
        key = b"u%06d" % number
        value = random.choice(states) % os.urandom(8).hex().encode()
        size += len(value)
        while True:
            try:
                producer.produce(
                    settings.changelog, value, PERSON + key, partition_of(key, partitions)
                )
                break
            except BufferError:
                producer.poll(0.05)
    left = producer.flush(60)
    assert left == 0, f"{left} records were not taken by the broker"
    return size


def different_states() -> list[bytes]:
    """Stored forms of different persons, with a %b for the digest of what was last published."""
    joined = new_join()
    crowd = Crowd(persons=DIFFERENT)
    for event in decoded(mixed(FACTS * DIFFERENT, 1, EVIDENCE, crowd, seed=2)):
        apply(joined, event)
    states = []
    for _, person, _ in prepare(joined):
        person.published = "%b"
        states.append(encode_state(person) or b"")
    return states
