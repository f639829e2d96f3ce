"""The catalog on every worker: all of it before the first person, and its changes as they come."""

import logging
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException

from schemas.decoding import InvalidRecord
from streams.kafka.errors import timed_out
from streams.kafka.reader import Fetched, Fetching, TopicReader
from streams.kafka.registry.schema_registry import SchemaRegistry, product_reader
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings
from streams.suppression.catalog import Catalog

logger = logging.getLogger(__name__)

BULK = 10_000
OBJECT_BYTES = 1_500
"""Memory of an invalid record besides its key and value."""
WAIT_SECONDS = 0.1
"""The client waits for as many records as it is asked for, up to this long."""
REMEMBERED_BYTES = 32 << 20
"""So much of invalid records is kept until they are dead-lettered."""
QUEUE_KILOBYTES = 16_384
"""So much may have been fetched that was not yet read."""


class InvalidProduct(NamedTuple):
    """An invalid record of the catalog, where it was and what is wrong."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    error: InvalidRecord

    @property
    def size(self) -> int:
        """About how many bytes it occupies in memory."""
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
        """Messages that are not applied yet."""
        self.invalid: deque[InvalidProduct] = deque()
        """The newest invalid records."""
        self.forgotten = 0
        """How many invalid records were dropped, since there were too many to keep."""
        self._invalid_bytes = 0
        self.read = 0
        """How many records have been read."""
        self.position = 0
        """Sum of the offsets reached: grows whenever the catalog has changed."""
        self._topic = settings.topic("catalog")
        self._registry = registry
        self._read_product = product_reader(registry)
        self._timeout = seconds
        self._fetched_to: dict[TopicPartition, int] = {}
        """The offsets reached once `fetched` is applied, of all partitions that are followed."""
        self._reader = TopicReader(
            settings, Fetching(queue_kilobytes=QUEUE_KILOBYTES), offset_reset="earliest"
        )

    def load(self) -> None:
        """Read the catalog to its end. Raises `KafkaException` when that cannot be done."""
        try:
            numbers = self._reader.partitions(self._topic, self._timeout)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                return
            raise
        left = {TopicPartition(self._topic, number) for number in numbers}
        self._reader.assign(dict.fromkeys(left, OFFSET_BEGINNING))
        while left:
            fetched = self._reader.consume(BULK, WAIT_SECONDS)
            self._add(fetched)
            self.update()
            left -= {partition for partition, batch in fetched.items() if batch.is_end}
            if self._reader.silence > self._timeout:
                raise timed_out("the catalog did not reach its end in time")

    def fetch(self) -> None:
        """Fetch what is new, without waiting and without applying it. Raises `KafkaException`."""
        if self._fetched_to:
            self._add(self._reader.consume(BULK, 0))

    def update(self) -> None:
        """Apply what was fetched; all of it again where a schema was missing before."""
        for message in self.fetched:
            self._apply(message)
        self.fetched = []
        self.position = sum(self._fetched_to.values())

    def poll(self) -> None:
        """Apply what is new, without waiting for the broker. Raises `KafkaException`."""
        if self._registry is not None:
            self._registry.unknown.forget()
        self.fetch()
        self.update()

    def close(self) -> None:
        """Stop following."""
        self._reader.close()

    def _add(self, fetched: Mapping[TopicPartition, Fetched]) -> None:
        for partition, batch in fetched.items():
            self.fetched += batch.records
            self._fetched_to[partition] = batch.position

    def _apply(self, message: Any) -> None:
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
        """Keep an invalid record; log when older ones are dropped for it."""
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
