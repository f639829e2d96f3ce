"""Putting recorded records onto a cluster: key, value, time and headers as they were."""

from time import monotonic
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from streams.kafka.clients import QUEUE_KILOBYTES, QUEUE_MESSAGES, producer_settings
from streams.recording.files import RecordedRecord
from streams.settings import Settings

SECONDS: Final = 60
"""How long the broker may take nothing before it is given up."""

LOOK_SECONDS: Final = 1.0
"""How often it is looked whether the broker takes any."""


class Replay:
    """Sends records to the topics of a deployment."""

    def __init__(self, settings: Settings) -> None:
        self.delivered = 0
        """How many records the broker has."""
        self._sent = 0
        self._settings = settings
        self._failure: KafkaError | None = None
        self._producer = Producer(
            {
                **producer_settings(settings),
                "log_level": 0,  # what goes wrong, `flush` says
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 2,
                "queue.buffering.max.messages": QUEUE_MESSAGES,
                "queue.buffering.max.kbytes": QUEUE_KILOBYTES,
            }
        )

    def send(self, record: RecordedRecord, partition: int | None = None) -> None:
        """Send a record to a partition, or else to the one that it was in.

        Waits while too many are on their way. Raises `KafkaException` when the broker has refused
        one.
        """
        while True:
            self._raise_failure()
            try:
                self._producer.produce(
                    self._settings.topic(record.topic),
                    record.value,
                    record.key,
                    record.partition if partition is None else partition,
                    timestamp=max(1, record.timestamp),  # 0 would mean now
                    headers=list(record.headers),
                    on_delivery=self._delivered,
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._sent += 1
                self._producer.poll(0)
                return

    def wait(self, seconds: float) -> None:
        """Let time pass, in which what was sent is delivered."""
        self._producer.poll(seconds)

    def flush(self) -> None:
        """Wait until the broker has all of them. Raises `KafkaException` when it has not."""
        # What was delivered is counted here: the client's own count can be nought too early.
        delivered, since = self.delivered, monotonic()
        while self.delivered < self._sent and self._failure is None:
            self._producer.flush(LOOK_SECONDS)
            if self.delivered > delivered:
                delivered, since = self.delivered, monotonic()
            elif monotonic() - since > SECONDS:
                self._failure = KafkaError(
                    KafkaError._TIMED_OUT, "the broker did not take all records"
                )
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise KafkaException(self._failure)

    def _delivered(self, error: KafkaError | None, message: Any) -> None:
        if error is None:
            self.delivered += 1
        elif self._failure is None:
            partition = f"{message.topic()}, partition {message.partition()}"
            self._failure = KafkaError(error.code(), f"{partition}: {error.str()}")
