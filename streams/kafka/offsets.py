"""The offsets at which partitions begin and end, those a group has committed, and topic ids."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import partial
from time import monotonic, sleep
from typing import Any, Final, NamedTuple, TypeVar

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from streams.kafka.clients import client_settings
from streams.kafka.errors import MOVED
from streams.kafka.offset_metadata import signer_of
from streams.settings import Settings

Partition = TypeVar("Partition", bound=tuple[str, int])
"""A `TopicPartition` or another tuple of a topic and a partition number, such as Faust's `TP`."""

Answer = TypeVar("Answer")

RETRY_SECONDS: Final = 0.1


class Committed(NamedTuple):
    """An offset that the group has committed."""

    offset: int
    committed_by: str | None
    """The name of the worker whose checkpoint it was; None when somebody else set the offset."""


def watermarks(
    settings: Settings, partitions: Iterable[Partition], seconds: float
) -> Mapping[Partition, tuple[int, int]]:
    """The first offset of each partition and the one after its last, open transactions included.

    Raises `KafkaException` when the broker does not say.
    """
    deadline = monotonic() + seconds
    with closing(_consumer(settings, "read_uncommitted")) as consumer:
        found = {}
        for partition in partitions:
            [asked] = _client_partitions([partition])
            ask = partial(consumer.get_watermark_offsets, asked, seconds)
            bounds = retry_while_moving(ask, deadline)
            if bounds is None:
                topic, number = partition
                raise TimeoutError(f"{topic}, partition {number}: no broker told its offsets")
            found[partition] = bounds
        return found


def committed(
    settings: Settings, partitions: Iterable[Partition], seconds: float, is_stable: bool = True
) -> Mapping[Partition, Committed]:
    """The offsets that the group has committed, without partitions of which it has none.

    Where it has to be stable, a transaction of a former owner that is being committed is waited
    for: a reader of committed records asks for stable offsets (KIP-447). Raises `KafkaException`
    when the broker does not say.
    """
    partitions = list(partitions)
    isolation = "read_committed" if is_stable else "read_uncommitted"
    with closing(_consumer(settings, isolation)) as consumer:
        ask = partial(consumer.committed, _client_partitions(partitions), seconds)
        answers = _checked_answers(ask, seconds)
    return {
        partition: Committed(answer.offset, signer_of(answer))
        for partition, answer in zip(partitions, answers, strict=True)
        if answer.offset >= 0
    }


def offsets_since(
    settings: Settings, partitions: Iterable[Partition], since: int, seconds: float
) -> Mapping[Partition, int]:
    """The first offset of each partition that was written at `since` or later, if there is one.

    `since` is in epoch milliseconds. Raises `KafkaException` when the broker does not say.
    """
    partitions = list(partitions)
    asked = _client_partitions(partitions, since)
    with closing(_consumer(settings, "read_committed")) as consumer:
        answers = consumer.offsets_for_times(asked, seconds)
    found = zip(partitions, answers, strict=True)
    return {partition: answer.offset for partition, answer in found if answer.offset >= 0}


def _client_partitions(
    partitions: Iterable[tuple[str, int]], offset: int = confluent_kafka.OFFSET_INVALID
) -> list[confluent_kafka.TopicPartition]:
    """Partitions as confluent-kafka has them."""
    return [confluent_kafka.TopicPartition(*each, offset) for each in partitions]


def _checked_answers(
    ask: Callable[[], list[confluent_kafka.TopicPartition]], seconds: float
) -> list[confluent_kafka.TopicPartition]:
    def ask_for_all() -> list[confluent_kafka.TopicPartition]:
        answers = ask()
        for answer in answers:
            if answer.error is not None:
                raise KafkaException(answer.error)
        return answers

    return retry_while_moving(ask_for_all, monotonic() + seconds)


def retry_while_moving(ask: Callable[[], Answer], deadline: float) -> Answer:
    """Ask, and ask again while a group or a partition moves from one broker to another.

    `deadline` is on the monotonic clock, in seconds. Raises `KafkaException` after it, and at once
    for all else.
    """
    while True:
        try:
            return ask()
        except KafkaException as failure:
            if failure.args[0].code() not in MOVED or monotonic() > deadline:
                raise
        sleep(RETRY_SECONDS)


def topic_ids(settings: Settings, topics: Iterable[str], seconds: float) -> dict[str, str]:
    """The ids of topics: a topic that is created again has another id (KIP-516).

    Raises `KafkaException` when the broker does not say.
    """
    client = AdminClient(client_settings(settings))
    answers = client.describe_topics(TopicCollection(list(topics)), request_timeout=seconds)
    return {topic: str(answer.result().topic_id) for topic, answer in answers.items()}


def _consumer(settings: Settings, isolation: str) -> Any:
    return Consumer(
        {
            **client_settings(settings),
            "group.id": settings.application,
            "isolation.level": isolation,
        }
    )
