"""Putting recorded records onto a cluster: key, value, time and partition as they were."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from streams.engine.output import LARGEST_RECORD, client_settings
from streams.recording.files import RecordedRecord
from streams.settings import Settings

SECONDS: Final = 60


class Replay:
    """Sends records to the topics of a deployment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._failure: KafkaError | None = None
        self._producer = Producer(
            {
                **client_settings(settings),
                "log_level": 0,  # what goes wrong, `flush` says
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 2,
                "message.max.bytes": LARGEST_RECORD,
                "queue.buffering.max.messages": 500_000,
            }
        )

    def send(self, record: RecordedRecord) -> None:
        """Send a record to the partition that it was in. Waits while too many are on their way."""
        while True:
            try:
                self._producer.produce(
                    self._settings.topic(record.topic),
                    record.value,
                    record.key,
                    record.partition,
                    timestamp=max(0, record.timestamp),
                    headers=list(record.headers),
                    on_delivery=self._delivered,
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def flush(self) -> None:
        """Wait until the broker has all of them. Raises `KafkaException` when it has not."""
        if self._producer.flush(SECONDS) and self._failure is None:
            self._failure = KafkaError(KafkaError._TIMED_OUT, "the broker did not take all records")
        if self._failure is not None:
            raise KafkaException(self._failure)

    def _delivered(self, error: KafkaError | None, _: object) -> None:
        self._failure = self._failure or error
