"""Reading what a worker puts out, as an ad server or a test would."""

from collections.abc import Iterator
from time import monotonic
from typing import Any, Final, NamedTuple, Self

import orjson
from confluent_kafka import OFFSET_BEGINNING

from streams.kafka.offsets import watermarks
from streams.kafka.reader import Fetching, TopicReader
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings

MOST_AT_ONCE: Final = 5_000


class Read(NamedTuple):
    """A record of an output topic."""

    key: str
    value: Any
    written: int
    """When the worker sent it, in epoch milliseconds."""
    arrived: float
    """When it got here, on the monotonic clock in seconds."""


class Follower:
    """Follows one output topic from its beginning. A context manager."""

    def __init__(
        self, settings: Settings, topic: str, partitions: int, *, committed: bool = True
    ) -> None:
        """`committed` waits for checkpoints; else records are seen at once, and may be void."""
        self._settings = settings
        self._partitions = [TopicPartition(settings.topic(topic), n) for n in range(partitions)]
        self._positions = dict.fromkeys(self._partitions, 0)
        self._reader = TopicReader(
            settings,
            Fetching(wait_ms=10),
            is_committed=committed,
            offset_reset="earliest",
            is_logged=False,
        )
        self._reader.assign(dict.fromkeys(self._partitions, OFFSET_BEGINNING))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def poll(self, seconds: float) -> list[Read]:
        """What has come, after waiting up to so long for the first. Raises `KafkaException`."""
        fetched = self._reader.poll(MOST_AT_ONCE, seconds)
        now = monotonic()
        self._positions |= {partition: batch.position for partition, batch in fetched.items()}
        return [_read(message, now) for batch in fetched.values() for message in batch.records]

    def to_the_end(self, seconds: float = 60) -> Iterator[Read]:
        """All that is there now. Raises `TimeoutError` when the end is not reached in time."""
        deadline = monotonic() + seconds
        ends = watermarks(self._settings, self._partitions, seconds)
        while any(self._positions[each] < end for each, (_, end) in ends.items()):
            if monotonic() > deadline:
                raise TimeoutError("the end of the topic was not reached in time")
            yield from self.poll(0.2)


def _read(message: Any, now: float) -> Read:
    value = message.value()
    return Read(
        message.key().decode(),
        None if value is None else orjson.loads(value),
        message.timestamp()[1],
        now,
    )
