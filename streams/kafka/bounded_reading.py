"""Reading a topic as it is now, from where it begins to where it ends, and then no further."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from time import monotonic
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.errors import UserError
from streams.kafka.clients import client_settings
from streams.kafka.offsets import watermarks
from streams.settings import Settings

SECONDS: Final = 30
"""How long to wait for a broker that says nothing."""
READ_AT_ONCE: Final = 1_000

Bounds = Mapping[int, tuple[int, int]]
"""For each partition the first offset and the one after the last."""


def bounds_of(settings: Settings, topic: str, partitions: int) -> Bounds:
    """Where the partitions of a topic begin and end now. Raises `KafkaException`."""
    found = watermarks(settings, [(topic, number) for number in range(partitions)], SECONDS)
    return {number: found[topic, number] for number in range(partitions)}


def later_than(settings: Settings, topic: str, bounds: Bounds, since: int) -> Bounds:
    """The bounds without what was all written before `since`, in epoch milliseconds.

    Raises `KafkaException`.
    """
    with closing(_consumer(settings)) as consumer:
        asked = [TopicPartition(topic, number, since) for number in bounds]
        found = consumer.offsets_for_times(asked, SECONDS)
    ends = {number: end for number, (_, end) in bounds.items()}
    return {
        place.partition: (
            ends[place.partition] if place.offset < 0 else place.offset,
            ends[place.partition],
        )
        for place in found
    }


def committed_records(
    settings: Settings,
    topic: str,
    bounds: Bounds,
    advance: Callable[[int], object] = lambda _: None,
) -> Iterator[Any]:
    """The committed records within the bounds, in the order of each partition.

    `advance` is told how many offsets were passed. Raises `KafkaException`, and `UserError` when
    the broker falls silent.
    """
    position = {number: first for number, (first, end) in bounds.items() if first < end}
    heard = monotonic()
    with closing(_consumer(settings)) as consumer:
        consumer.assign([TopicPartition(topic, n, first) for n, first in position.items()])
        while position:
            messages = consumer.consume(READ_AT_ONCE, 0.1)
            for message in messages:
                number, error = message.partition(), message.error()
                if number not in position:
                    continue
                end = bounds[number][1]
                reached = end  # where it ends earlier, the rest is marks of transactions
                if error is None and message.offset() < end:
                    yield message
                    reached = message.offset() + 1
                elif error is not None and error.code() != KafkaError._PARTITION_EOF:
                    if not error.retriable():
                        raise KafkaException(error)
                    continue
                advance(reached - position[number])
                position[number] = reached
                if reached == end:
                    del position[number]
            if messages:
                heard = monotonic()
            elif monotonic() - heard > SECONDS:
                raise UserError(f"{topic}: the broker gave no more of it for {SECONDS} seconds.")


def _consumer(settings: Settings) -> Any:
    return Consumer(
        {
            **client_settings(settings),
            "log_level": 0,  # what goes wrong, is raised
            "group.id": settings.application,  # without joining it
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
