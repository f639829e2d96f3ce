"""At least once: output and changelog are acknowledged before offsets are committed."""

from collections.abc import Mapping

from confluent_kafka import KafkaError, KafkaException

from streams.engine.checkpoint.commit_timeout import within_transaction_timeout
from streams.engine.checkpoint.producer import BulkProducer, new_name
from streams.kafka.group_consumer import GroupConsumer
from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings

BROKER_SECONDS = 60


class AcknowledgedProducer(BulkProducer):
    """Sends records that, once `flush` has returned, are in Kafka for good."""

    def __init__(self, settings: Settings, seconds: float = BROKER_SECONDS) -> None:
        """`seconds` is how long to wait for a broker."""
        self._failure: KafkaError | None = None
        idempotent = {"enable.idempotence": True, "on_delivery": self._note_failure}
        super().__init__(settings, new_name(settings), idempotent, seconds)

    def flush(self) -> None:
        """Wait until all that was sent is acknowledged.

        Raises `KafkaException` when something was not, or not in time.
        """
        left = self._producer.flush(self._timeout)
        if left and self._failure is None:
            self._failure = KafkaError(KafkaError._TIMED_OUT, f"{left} records were not taken")
        if self._failure is not None:
            raise KafkaException(self._failure)

    def close(self) -> None:
        """Send what is left, if the broker accepts it."""
        self._producer.flush(self._timeout)

    def _reason(self, error: KafkaException) -> Exception:
        return error

    def _note_failure(self, error: KafkaError | None, _: object) -> None:
        self._failure = self._failure or error


class AtLeastOnce:
    """A crash between storing the state and committing offsets has the same records come again."""

    name = "at_least_once"

    def __init__(self, settings: Settings) -> None:
        self.producer = AcknowledgedProducer(settings)
        self._settings = settings

    async def commit(self, _: Mapping[TopicPartition, int], __: GroupMetadata) -> None:
        """Wait until all that was sent is acknowledged. Raises `KafkaException` and `UserError`."""
        await within_transaction_timeout(self.producer.flush, self._settings)

    async def acknowledge(
        self, offsets: Mapping[TopicPartition, int], consumer: GroupConsumer
    ) -> None:
        """Commit the source offsets, now that the state includes what lies before them."""
        await consumer.commit_offsets(offsets)
