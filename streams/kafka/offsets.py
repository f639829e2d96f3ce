"""Where partitions begin and end, where a group stopped, and which topic it is by a name."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import partial
from time import monotonic, sleep
from typing import Any, Final, NamedTuple, TypeVar

from confluent_kafka import (
    Consumer,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from streams.kafka.clients import client_settings
from streams.kafka.errors import MOVED
from streams.kafka.offset_metadata import signer_of
from streams.settings import Settings

Place = tuple[str, int]
"""A topic and a partition number."""

Answer = TypeVar("Answer")

RETRY_SECONDS: Final = 0.1


class Committed(NamedTuple):
    """An offset that the group has committed."""

    offset: int
    committed_by: str | None
    """The name of the worker whose checkpoint it was; None when somebody else set the offset."""


def watermarks(
    settings: Settings, places: Iterable[Place], seconds: float
) -> Mapping[Place, tuple[int, int]]:
    """The first offset of each partition and the one after its last, open transactions included.

    Raises `KafkaException` when the broker does not say.
    """
    deadline = monotonic() + seconds
    with closing(_consumer(settings, "read_uncommitted")) as consumer:
        found = {}
        for place in places:
            asked = TopicPartition(*place)
            bounds = answered(partial(consumer.get_watermark_offsets, asked, seconds), deadline)
            if bounds is None:
                topic, number = place
                raise TimeoutError(f"{topic}, partition {number}: no broker told its offsets")
            found[place] = bounds
        return found


def committed(
    settings: Settings, places: Iterable[Place], seconds: float, is_stable: bool = True
) -> Mapping[Place, Committed]:
    """The offsets that the group has committed, without those of which it never did.

    Where it has to be stable, a transaction of a former owner that is being committed is waited
    for: a reader of committed records asks for stable offsets (KIP-447). Raises `KafkaException`
    when the broker does not say.
    """
    isolation = "read_committed" if is_stable else "read_uncommitted"
    with closing(_consumer(settings, isolation)) as consumer:
        asked = [TopicPartition(topic, number) for topic, number in places]
        found = {}
        for answer in _answers(consumer, asked, seconds):
            if answer.offset >= 0:
                found[answer.topic, answer.partition] = Committed(answer.offset, signer_of(answer))
        return found


def _answers(consumer: Any, asked: list[TopicPartition], seconds: float) -> list[TopicPartition]:
    def ask() -> list[TopicPartition]:
        answers: list[TopicPartition] = consumer.committed(asked, seconds)
        for answer in answers:
            if answer.error is not None:
                raise KafkaException(answer.error)
        return answers

    return answered(ask, monotonic() + seconds)


def answered(ask: Callable[[], Answer], deadline: float) -> Answer:
    """The answer, asked for again while something is handed from one broker to another.

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
    """What tells topics from those of the same names before or after them (KIP-516).

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
