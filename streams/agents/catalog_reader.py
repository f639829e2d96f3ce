"""The catalog on every worker: all of it before the first person, and its changes as they come."""

import logging
from collections import deque
from time import monotonic
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from schemas.decoding import InvalidRecord
from streams.kafka.clients import client_settings
from streams.kafka.registry.schema_registry import SchemaRegistry, product_reader
from streams.settings import Settings
from streams.suppression.catalog import Catalog

logger = logging.getLogger(__name__)

BULK = 10_000
OBJECT_BYTES = 1_500
"""What an invalid record takes in memory besides its key and value."""
WAIT_SECONDS = 0.1
"""The client waits for as many records as it is asked for, up to this long."""
REMEMBERED_BYTES = 32 << 20
"""So much of invalid records is kept until somebody hands them to the dead letters."""
QUEUE_KILOBYTES = 16_384
"""So much may have been fetched that was not yet read."""


class InvalidProduct(NamedTuple):
    """A catalog record that is not right, where it was and what is wrong."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    error: InvalidRecord

    @property
    def size(self) -> int:
        """About what it takes in memory, in bytes."""
        return OBJECT_BYTES + len(self.key or b"") + len(self.value or b"")


class CatalogReader:
    """Follows the catalog topic; the catalog is optional, so the topic need not be there."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        seconds: float = 60,
        registry: SchemaRegistry | None = None,
    ) -> None:
        """`registry` has the schemas of the topics whose values are framed."""
        self.catalog = catalog
        self.fetched: list[Any] = []
        """Messages that are not taken in yet."""
        self.invalid: deque[InvalidProduct] = deque()
        """The newest records that were not right."""
        self.forgotten = 0
        """How many more there were, of which there was too much to keep."""
        self._invalid_bytes = 0
        self.read = 0
        """How many records have been read."""
        self.position = 0
        """Sum of the offsets reached: grows whenever the catalog says something new."""
        self._topic = settings.topic("catalog")
        self._read_product = product_reader(registry)
        self._timeout = seconds
        self._offsets: dict[int, int] = {}
        self._consumer: Any = Consumer(
            {
                **client_settings(settings),
                "group.id": settings.application,  # without joining it
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": QUEUE_KILOBYTES,
                # When all of that is waiting, the client would not fetch again for a second.
                "fetch.queue.backoff.ms": 5,
            }
        )

    def load(self) -> None:
        """Read the catalog to its end. Raises `KafkaException` when that cannot be done."""
        metadata = self._consumer.list_topics(self._topic, self._timeout).topics[self._topic]
        if metadata.error is not None:
            if metadata.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                return
            raise KafkaException(metadata.error)
        left = set(metadata.partitions)
        self._consumer.assign([TopicPartition(self._topic, n, OFFSET_BEGINNING) for n in left])
        heard = monotonic()
        while left:
            messages = self._consumer.consume(BULK, WAIT_SECONDS)
            if messages:
                heard = monotonic()
            elif monotonic() - heard > self._timeout:
                raise KafkaException(
                    KafkaError(KafkaError._TIMED_OUT, "the catalog did not reach its end in time")
                )
            left -= self._apply(messages)

    def fetch(self) -> None:
        """Have what is new, without waiting."""
        if self._offsets:
            self.fetched += self._consumer.consume(BULK, 0)

    def take_in(self) -> None:
        """Take in what was fetched; all of it again where a schema could not be had before."""
        self._apply(self.fetched)
        self.fetched = []

    def poll(self) -> None:
        """Take in what is new, without waiting for the broker."""
        self.fetch()
        self.take_in()

    def close(self) -> None:
        """Stop following."""
        self._consumer.close()

    def _apply(self, messages: list[Any]) -> set[int]:
        """Take in messages; returns the partitions whose end was reached."""
        ended: set[int] = set()
        for message in messages:
            error = message.error()
            number, offset = message.partition(), message.offset()
            if error is None:
                self._take(message)
                self._offsets[number] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(number)
                self._offsets[number] = offset
            elif not error.retriable():
                raise KafkaException(error)
        self.position = sum(self._offsets.values())
        return ended

    def _take(self, message: Any) -> None:
        self.read += 1
        key, value = message.key(), message.value()
        try:
            self.catalog.put(*self._read_product(key, value, message.headers() or ()))
        except InvalidRecord as error:
            self._remember(
                InvalidProduct(
                    message.partition(),
                    message.offset(),
                    message.timestamp()[1],
                    key,
                    value,
                    message.headers() or [],
                    error,
                )
            )

    def _remember(self, invalid: InvalidProduct) -> None:
        """Keep an invalid record, and say so when older ones have to go for it."""
        self.invalid.append(invalid)
        self._invalid_bytes += invalid.size
        while self._invalid_bytes > REMEMBERED_BYTES and len(self.invalid) > 1:
            oldest = self.invalid.popleft()
            self._invalid_bytes -= oldest.size
            self.forgotten += 1
            if self.forgotten == 1:
                logger.warning(
                    "%s, partition %d: too much is not right to keep it for the dead letters; from "
                    "offset %d on, some of that does not reach them",
                    self._topic,
                    oldest.partition,
                    oldest.offset,
                )
