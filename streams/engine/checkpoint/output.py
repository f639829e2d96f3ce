"""Bulk output: everything of a checkpoint in one Kafka transaction (SPEC 6).

The transaction holds decisions, lists, dead letters, rerouted records, the changelog and the
source offsets. The offsets are those of the group of Faust's consumer, which this producer is no
member of, so it shows the group's generation: a worker that the group has given up is refused
(KIP-447) and takes nothing with it.
"""

import ctypes
from collections.abc import Callable, Mapping
from time import monotonic, sleep
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from streams.kafka.clients import LARGEST_RECORD, QUEUE_KILOBYTES, QUEUE_MESSAGES, client_settings
from streams.kafka.errors import FENCED
from streams.kafka.group_metadata import Membership
from streams.kafka.offset_metadata import signature
from streams.settings import Settings

Headers = list[tuple[str, str | bytes | None]]

OnDelivery = Callable[[KafkaError | None, Any], None]

RETRY_SECONDS = 0.1


class Fenced(Exception):
    """The group has given this worker up; what it did since the last checkpoint is void."""


class Output:
    """Bulk output that is acknowledged: what `flush` has let pass is in Kafka for good."""

    def __init__(self, settings: Settings, seconds: float = 60) -> None:
        """`seconds` is how long to wait for a broker."""
        self.name = f"{settings.application}-{settings.member}"
        """Under which the group and the broker know this worker."""
        self._timeout = seconds
        self._failure: KafkaError | None = None
        self._configuration = {**_producer_settings(settings), **self._identity(settings)}
        self._producer = Producer(self._configuration)

    def _identity(self, _: Settings) -> dict[str, Any]:
        return {"enable.idempotence": True, "on_delivery": self._note_failure}

    def send(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        timestamp: int = 0,
        headers: Headers | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Send a record. Waits while too much is on its way.

        Raises `KafkaException` when the broker does not take any of that in time.
        """
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

    def _reason(self, error: KafkaException) -> Exception:
        """Why a record was not taken."""
        return error

    def _note_failure(self, error: KafkaError | None, _: Any) -> None:
        self._failure = self._failure or error

    @property
    def waiting(self) -> int:
        """How many records are on their way to the broker."""
        return len(self._producer)

    def poll(self) -> None:
        """Let the client see to what was acknowledged."""
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until all that was sent is acknowledged.

        Raises `KafkaException` when something was not, or not in time.
        """
        left = self._producer.flush(self._timeout)
        if left and self._failure is None:
            self._failure = KafkaError(KafkaError._TIMED_OUT, f"{left} records were not taken")
        if self._failure is not None:
            raise KafkaException(self._failure)

    def commit(self, offsets: Mapping[tuple[str, int], int], membership: Membership) -> None:
        """Only a transaction commits offsets: see `TransactionalOutput`."""
        raise NotImplementedError

    def close(self) -> None:
        """Send what is left, if the broker takes it."""
        self._producer.flush(self._timeout)


class TransactionalOutput(Output):
    """Bulk output in transactions, of which one is open at any time."""

    def __init__(self, settings: Settings, seconds: float = 60) -> None:
        """Connect, for which there are `seconds`, and begin.

        Raises `KafkaException` when no broker answers in time.
        """
        # A transaction that takes longer is aborted by the broker: no use to wait for it.
        super().__init__(settings, settings.transaction_seconds)
        self._seconds = seconds
        self._begin()

    def _begin(self) -> None:
        """Fence whoever had this name before, and begin."""
        self._producer.init_transactions(self._seconds)
        self._producer.begin_transaction()

    def _identity(self, settings: Settings) -> dict[str, Any]:
        # No look at deliveries: a record that fails lets its transaction fail.
        return {
            "transactional.id": self.name,
            "transaction.timeout.ms": settings.transaction_seconds * 1000,
        }

    def _reason(self, error: KafkaException) -> Exception:
        # To produce says only that the transaction has failed, to commit says why.
        if error.args[0].code() in (KafkaError._STATE, KafkaError._FATAL):
            try:
                self._producer.commit_transaction(self._timeout)
            except KafkaException as reason:
                return self._taken_back(reason)
        return error

    def poll(self) -> None:
        """Let the client see to what was acknowledged. Raises as `commit` does."""
        try:
            super().poll()
        except KafkaException as failure:  # it may be here that a fatal error is told first
            raise self._taken_back(failure) from failure

    def commit(self, offsets: Mapping[tuple[str, int], int], membership: Membership) -> None:
        """Commit what was sent, with the source offsets, and begin anew.

        Raises `Fenced` when the group has given the worker up, and `KafkaException` for all else;
        either way the transaction is aborted and the next one begun, if the client still can.
        """
        metadata = signature(self.name)
        places = [TopicPartition(*place, offset, metadata) for place, offset in offsets.items()]
        try:
            if places:
                member = membership.to_bytes()
                self._until_answered(
                    lambda seconds: self._producer.send_offsets_to_transaction(
                        places, member, seconds
                    )
                )
            self._until_answered(self._producer.commit_transaction)
        except KafkaException as failure:
            raise self._taken_back(failure) from failure
        self._producer.begin_transaction()

    def _taken_back(self, failure: KafkaException) -> Exception:
        """Abort and begin anew, if the client still can; returns what the failure comes to."""
        error: KafkaError = failure.args[0]
        if error.txn_requires_abort():
            self._producer.abort_transaction(self._timeout)
            self._producer.begin_transaction()
        else:
            _keep_for_good(self._producer)
            if error.code() in FENCED:
                # By whoever took us for dead, and has aborted it; only a new client gets over that.
                self._producer = Producer(self._configuration)
                self._begin()
        return Fenced(error.str()) if error.code() in FENCED else failure

    def _until_answered(self, ask: Callable[[float], None]) -> None:
        """Ask again where a broker was away for a moment, which the client does not."""
        deadline = monotonic() + self._timeout
        while True:
            try:
                return ask(max(deadline - monotonic(), 0.0))
            except KafkaException as failure:
                if not failure.args[0].retriable() or monotonic() > deadline:
                    raise
            sleep(RETRY_SECONDS)

    def close(self) -> None:
        """Take back what was not committed."""
        self._producer.abort_transaction(self._timeout)


def _keep_for_good(producer: Producer) -> None:
    """Never free a client after a fatal error: librdkafka was seen to free twice what it held."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(producer))


def output_of(settings: Settings) -> Output:
    """The output that the guarantee of the settings asks for."""
    if settings.guarantee == "exactly_once":
        return TransactionalOutput(settings)
    return Output(settings)


def _producer_settings(settings: Settings) -> dict[str, Any]:
    return {
        **client_settings(settings),
        "partitioner": "murmur2_random",
        "linger.ms": 1,
        "compression.type": "lz4",
        "batch.num.messages": 50_000,
        "batch.size": 1_000_000,
        "message.max.bytes": LARGEST_RECORD,
        "queue.buffering.max.messages": QUEUE_MESSAGES,
        "queue.buffering.max.kbytes": QUEUE_KILOBYTES,
    }
