"""Exactly once: everything of a checkpoint in one Kafka transaction (SPEC 6).

The transaction holds decisions, lists, dead letters, rerouted records, the changelog and the
source offsets. The offsets are those of the group of Faust's consumer, which this producer is no
member of, so it shows the group's generation: a worker that the group has given up is refused
(KIP-447), and nothing of its transaction takes effect.
"""

import ctypes
from collections.abc import Callable, Mapping
from time import monotonic, sleep
from typing import Final

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Producer

from streams.engine.checkpoint.commit_timeout import within_transaction_timeout
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
        """Have the client handle what was acknowledged. Raises as `commit` does."""
        try:
            super().poll()
        except KafkaException as failure:  # a fatal error may first be reported here
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
                self._with_retries(
                    lambda seconds: self._producer.send_offsets_to_transaction(
                        committed, member, seconds
                    )
                )
            self._with_retries(self._producer.commit_transaction)
        except KafkaException as failure:
            raise self._abort_after(failure) from failure
        self._producer.begin_transaction()

    def close(self) -> None:
        """Abort the open transaction."""
        self._producer.abort_transaction(self._timeout)

    def _begin(self) -> None:
        """Fence whoever had this name before, and begin."""
        self._producer.init_transactions(self._seconds)
        self._producer.begin_transaction()

    def _reason(self, error: KafkaException) -> Exception:
        # `produce` reports only that the transaction has failed; `commit` reports why.
        if error.args[0].code() in (KafkaError._STATE, KafkaError._FATAL):
            try:
                self._producer.commit_transaction(self._timeout)
            except KafkaException as reason:
                return self._abort_after(reason)
        return error

    def _abort_after(self, failure: KafkaException) -> Exception:
        """Abort and begin anew, if the client still can; returns the exception to raise."""
        error: KafkaError = failure.args[0]
        if error.txn_requires_abort():
            try:
                self._producer.abort_transaction(self._timeout)
            except KafkaException as refused:
                if refused.args[0].code() not in FENCED:
                    raise
                return self._abort_after(refused)  # another has the name since
            self._producer.begin_transaction()
        else:
            _keep_for_good(self._producer)
            if error.code() in FENCED:
                # Another worker has aborted its transaction and fenced it: it needs a new client.
                self._producer = Producer(self._configuration)
                self._begin()
        return Fenced(error.str()) if error.code() in FENCED else failure

    def _with_retries(self, ask: Callable[[float], None]) -> None:
        """Retry what is retriable until the timeout; the client does not do so by itself."""
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
        await within_transaction_timeout(
            lambda: self.producer.commit(offsets, metadata), self._settings
        )

    async def acknowledge(self, _: Mapping[TopicPartition, int], __: GroupConsumer) -> None:
        """Do nothing: the offsets were a part of the transaction."""


def _keep_for_good(producer: Producer) -> None:
    """Never free a client after a fatal error: librdkafka was seen to free twice what it held."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(producer))
