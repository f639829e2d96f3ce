"""Bulk output: sending records without waiting for each, with a bound on what is on its way."""

from abc import abstractmethod
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from streams.engine.checkpoint.outbox import Outbox, Output
from streams.kafka.clients import QUEUE_KILOBYTES, QUEUE_MESSAGES, producer_settings
from streams.settings import Settings


class BulkProducer(Outbox):
    """Sends the records of checkpoints, under either guarantee."""

    def __init__(
        self, settings: Settings, name: str, configuration: dict[str, Any], seconds: float
    ) -> None:
        """`configuration` is what the guarantee adds; a broker has `seconds` to answer."""
        super().__init__()
        self.name = name
        """The name by which the group and the broker know this worker."""
        self._timeout = seconds
        self._configuration = {**_configuration(settings), **configuration}
        self._producer = Producer(self._configuration)

    def _produce(self, record: Output) -> None:
        topic, partition, key, value, timestamp, headers, on_delivery = record
        deadline: float | None = None
        while True:
            try:
                if timestamp or headers or on_delivery:
                    self._producer.produce(
                        topic,
                        value,
                        key,
                        partition,
                        on_delivery=on_delivery,
                        timestamp=max(timestamp, 0),
                        headers=headers,
                    )
                else:  # nearly always, and in less than half of the time
                    self._producer.produce(topic, value, key, partition)
            except BufferError:
                waiting = len(self._producer)
                deadline = deadline or monotonic() + self._timeout
                if monotonic() > deadline:
                    raise KafkaException(
                        KafkaError(KafkaError._TIMED_OUT, f"{waiting} records were not taken")
                    ) from None
                self._producer.poll(0.1)
                if len(self._producer) < waiting:
                    deadline = None
            except KafkaException as error:
                raise self._reason(error) from error
            else:
                return

    @property
    def waiting(self) -> int:
        """How many records are on their way to the broker."""
        return len(self._producer)

    def poll(self) -> None:
        """Have the client handle what was acknowledged, without waiting. A commit does so too."""
        if not self.is_holding:
            self._producer.poll(0)

    @abstractmethod
    def close(self) -> None:
        """Flush or abort what was sent since the last checkpoint."""

    @abstractmethod
    def _reason(self, error: KafkaException) -> Exception:
        """The exception to raise for a record that was refused."""


def new_name(settings: Settings) -> str:
    """A name for this worker: another one at each call, unless it is an instance with a name."""
    return f"{settings.application}-{settings.member}"


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        **producer_settings(settings),
        "partitioner": "murmur2_random",
        # Only for what fills no batch: a commit sends at once all that is left. Less would be a
        # request for each partition each millisecond.
        "linger.ms": 200,
        "compression.type": "lz4",
        "batch.num.messages": 50_000,
        "batch.size": 1_000_000,
        "queue.buffering.max.messages": QUEUE_MESSAGES,
        "queue.buffering.max.kbytes": QUEUE_KILOBYTES,
    }
