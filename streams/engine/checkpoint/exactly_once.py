"""Exactly once: everything of a checkpoint in one Kafka transaction (SPEC 6).

The transaction holds decisions, lists, dead letters, rerouted records, the changelog and the
source offsets. The offsets are those of the group of Faust's consumer, which this producer is no
member of, so it shows the group's generation: a worker that the group has given up is refused
(KIP-447) and takes nothing with it.
"""

import ctypes
from collections.abc import Callable, Mapping
from time import monotonic, sleep
from typing import Final

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Producer

from streams.engine.checkpoint.answer import answered
from streams.engine.checkpoint.producer import BulkProducer, new_name
from streams.kafka.errors import FENCED
from streams.kafka.group_consumer import GroupConsumer
from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.offset_metadata import signature
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings

BROKER_SECONDS: Final = 60
RETRY_SECONDS: Final = 0.1


class Fenced(Exception):
    """The group has given this worker up; what it did since the last checkpoint is void."""


class TransactionalProducer(BulkProducer):
    """Sends records in transactions, of which one is open at any time."""

    def __init__(self, settings: Settings, seconds: float = BROKER_SECONDS) -> None:
        """Connect, for which there are `seconds`, and begin.

        Raises `KafkaException` when no broker answers in time.
        """
        name = new_name(settings)
        # No look at deliveries: a record that fails lets its transaction fail.
        transactional = {
            "transactional.id": name,
            "transaction.timeout.ms": settings.transaction_seconds * 1000,
        }
        # A transaction that takes longer is aborted by the broker: no use to wait for it.
        super().__init__(settings, name, transactional, settings.transaction_seconds)
        self._seconds = seconds
        self._begin()

    def poll(self) -> None:
        """Let the client see to what was acknowledged. Raises as `commit` does."""
        try:
            super().poll()
        except KafkaException as failure:  # it may be here that a fatal error is told first
            raise self._abort_after(failure) from failure

    def commit(self, offsets: Mapping[TopicPartition, int], metadata: GroupMetadata) -> None:
        """Commit what was sent, with the source offsets, and begin anew.

        Raises `Fenced` when the group has given the worker up, and `KafkaException` for all else;
        either way the transaction is aborted and the next one begun, if the client still can.
        """
        signed = signature(self.name)
        committed = [
            confluent_kafka.TopicPartition(*partition, offset, signed)
            for partition, offset in offsets.items()
        ]
        try:
            if committed:
                member = metadata.to_bytes()
                self._until_answered(
                    lambda seconds: self._producer.send_offsets_to_transaction(
                        committed, member, seconds
                    )
                )
            self._until_answered(self._producer.commit_transaction)
        except KafkaException as failure:
            raise self._abort_after(failure) from failure
        self._producer.begin_transaction()

    def close(self) -> None:
        """Take back what was not committed."""
        self._producer.abort_transaction(self._timeout)

    def _begin(self) -> None:
        """Fence whoever had this name before, and begin."""
        self._producer.init_transactions(self._seconds)
        self._producer.begin_transaction()

    def _reason(self, error: KafkaException) -> Exception:
        # To produce says only that the transaction has failed, to commit says why.
        if error.args[0].code() in (KafkaError._STATE, KafkaError._FATAL):
            try:
                self._producer.commit_transaction(self._timeout)
            except KafkaException as reason:
                return self._abort_after(reason)
        return error

    def _abort_after(self, failure: KafkaException) -> Exception:
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


class ExactlyOnce:
    """Outputs, changelog and source offsets become visible together, or not at all."""

    name = "exactly_once"

    def __init__(self, settings: Settings) -> None:
        self.producer = TransactionalProducer(settings)
        self._settings = settings

    async def commit(self, offsets: Mapping[TopicPartition, int], metadata: GroupMetadata) -> None:
        """Commit the transaction. Raises `Fenced`, `KafkaException` and `UserError`."""
        await answered(lambda: self.producer.commit(offsets, metadata), self._settings)

    async def acknowledge(self, _: Mapping[TopicPartition, int], __: GroupConsumer) -> None:
        """Nothing: the offsets were a part of the transaction."""


def _keep_for_good(producer: Producer) -> None:
    """Never free a client after a fatal error: librdkafka was seen to free twice what it held."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(producer))
