"""Reading what a worker puts out, as an ad server or a test would."""

from collections.abc import Iterator
from time import monotonic
from typing import Any, Final, NamedTuple

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from streams.kafka.clients import client_settings
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
        self._ended: set[int] = set()
        self._partitions = partitions
        self._consumer: Any = Consumer(
            {
                **client_settings(settings),
                "log_level": 0,  # what goes wrong, `poll` says
                "group.id": settings.application,  # without joining it
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed" if committed else "read_uncommitted",
                "fetch.wait.max.ms": 10,
            }
        )
        name = settings.topic(topic)
        self._consumer.assign(
            [TopicPartition(name, n, OFFSET_BEGINNING) for n in range(partitions)]
        )

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def poll(self, seconds: float) -> list[Read]:
        """What has come, after waiting up to so long for the first. Raises `KafkaException`."""
        first = self._consumer.poll(seconds)
        messages = [] if first is None else [first, *self._consumer.consume(MOST_AT_ONCE, 0)]
        now = monotonic()
        read = []
        for message in messages:
            error = message.error()
            if error is None:
                self._ended.discard(message.partition())
                value = message.value()
                read.append(
                    Read(
                        message.key().decode(),
                        None if value is None else orjson.loads(value),
                        message.timestamp()[1],
                        now,
                    )
                )
            elif error.code() == KafkaError._PARTITION_EOF:
                self._ended.add(message.partition())
            elif not error.retriable():
                raise KafkaException(error)
        return read

    def to_the_end(self, seconds: float = 60) -> Iterator[Read]:
        """All that is there now. Raises `TimeoutError` when the end is not reached in time."""
        self._ended.clear()
        deadline = monotonic() + seconds
        while len(self._ended) < self._partitions:
            if monotonic() > deadline:
                raise TimeoutError("the end of the topic was not reached in time")
            yield from self.poll(0.2)
