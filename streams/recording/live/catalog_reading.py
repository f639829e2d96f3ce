"""The catalog of a deployment as it is now."""

from collections.abc import Callable

from schemas.decoding import InvalidRecord
from streams.errors import UserError
from streams.kafka.bounded_reading import Bounds, bounds_of, committed_records
from streams.kafka.registry.schema_registry import product_reader, registry_of
from streams.kafka.topics import existing
from streams.recording.catalog_check import RecordedCatalog
from streams.settings import Settings


class CatalogReading:
    """The topic of the catalog, from its begin to where it ends now."""

    def __init__(self, settings: Settings) -> None:
        """Raises `UserError` when no broker or registry answers or there is no such topic."""
        self._settings = settings
        self._topic = settings.topic("catalog")
        self._read_product = product_reader(registry_of(settings))
        partitions = existing(settings).get(self._topic)
        if partitions is None:
            raise UserError(
                f"{self._topic}: there is no such topic at {settings.kafka.brokers}. "
                "UNHAUNT_BROKERS and UNHAUNT_TOPIC_PREFIX say where and what it is."
            )
        self._bounds: Bounds = bounds_of(settings, self._topic, partitions)

    @property
    def records(self) -> int:
        """About how many records there are to read."""
        return sum(end - first for first, end in self._bounds.values())

    def read(self, advance: Callable[[int], object]) -> RecordedCatalog:
        """The products. `advance` is called with how many of `records` were passed.

        Raises `KafkaException`, and `UserError` when the broker falls silent.
        """
        recorded = RecordedCatalog()
        for message in committed_records(self._settings, self._topic, self._bounds, advance):
            key, value = message.key(), message.value()
            try:
                product_id, product = self._read_product(key, value, message.headers() or ())
            except InvalidRecord:
                continue  # a worker leaves it out as well, and buries it
            recorded.put(product_id, product, message.timestamp()[1], value)
        return recorded
