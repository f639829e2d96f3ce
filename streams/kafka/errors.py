"""Errors of brokers, grouped by what they mean for a worker."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException

FENCED: Final = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError._FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
    }
)
"""What the broker answers to a worker that the group has given up."""

MOVED: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError._DESTROY_BROKER,
        KafkaError._TRANSPORT,
    }
)
"""What brokers answer while a group or a partition moves from one of them to another: a request is
then to be repeated."""


def timed_out(message: str) -> KafkaException:
    """The error of a broker that was waited for in vain."""
    return KafkaException(KafkaError(KafkaError._TIMED_OUT, message))
