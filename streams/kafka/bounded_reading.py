"""Reading a topic as it is now, from where it begins to where it ends, and then no further."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from streams.errors import UserError
from streams.kafka.offsets import offsets_since, watermarks
from streams.kafka.reader import Fetching, TopicReader
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings

SECONDS: Final = 30
"""How long to wait for a broker that says nothing."""
READ_AT_ONCE: Final = 1_000
WAIT_SECONDS: Final = 0.1

Bounds = Mapping[int, tuple[int, int]]
"""For each partition the first offset and the one after the last."""


def bounds_of(settings: Settings, topic: str, partitions: int) -> Bounds:
    """Where the partitions of a topic begin and end now. Raises `KafkaException`."""
    asked = [TopicPartition(topic, number) for number in range(partitions)]
    found = watermarks(settings, asked, SECONDS)
    return {each.partition: found[each] for each in asked}


def bounds_since(settings: Settings, topic: str, bounds: Bounds, since: int) -> Bounds:
    """The bounds without the records written before `since`, in epoch milliseconds.

    Raises `KafkaException`.
    """
    asked = [TopicPartition(topic, number) for number in bounds]
    found = offsets_since(settings, asked, since, SECONDS)
    ends = {number: end for number, (_, end) in bounds.items()}
    return {
        each.partition: (found.get(each, ends[each.partition]), ends[each.partition])
        for each in asked
    }


def committed_records(
    settings: Settings,
    topic: str,
    bounds: Bounds,
    advance: Callable[[int], object] = lambda _: None,
) -> Iterator[Any]:
    """The committed records within the bounds, in the order of each partition.

    `advance` is called with how many offsets were passed. Raises `KafkaException`, and `UserError`
    when the broker falls silent.
    """
    positions = {
        TopicPartition(topic, number): first
        for number, (first, end) in bounds.items()
        if first < end
    }
    with TopicReader(settings, Fetching(), offset_reset="earliest", is_logged=False) as reader:
        reader.assign(positions)
        while positions:
            for partition, fetched in reader.consume(READ_AT_ONCE, WAIT_SECONDS).items():
                if partition not in positions:
                    continue
                end = bounds[partition.partition][1]
                for message in fetched.records:
                    if message.offset() < end:
                        yield message
                # Where it ends earlier, the rest is marks of transactions.
                reached = end if fetched.is_end else min(fetched.position, end)
                advance(reached - positions[partition])
                positions[partition] = reached
                if reached == end:
                    del positions[partition]
            if reader.silence > SECONDS:
                raise UserError(f"{topic}: the broker gave no more of it for {SECONDS} seconds.")
