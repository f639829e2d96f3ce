"""Where partitions begin and end, and where a group stopped."""

from collections.abc import Iterable, Mapping
from contextlib import closing

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.engine.output import client_settings
from streams.settings import Settings

Place = tuple[str, int]
"""A topic and a partition number."""


def watermarks(
    settings: Settings, places: Iterable[Place], seconds: float
) -> Mapping[Place, tuple[int, int]]:
    """The first offset of each partition and the one after its last, open transactions included.

    Raises `KafkaException` when the broker does not say.
    """
    consumer = Consumer(
        {
            **client_settings(settings),
            "group.id": settings.application,
            "isolation.level": "read_uncommitted",
        }
    )
    with closing(consumer):
        found = {}
        for topic, number in places:
            bounds = consumer.get_watermark_offsets(TopicPartition(topic, number), seconds)
            if bounds is None:
                raise TimeoutError(f"{topic}, partition {number}: no broker told its offsets")
            found[topic, number] = bounds
        return found


def committed(settings: Settings, places: Iterable[Place], seconds: float) -> Mapping[Place, int]:
    """The offsets that the group has committed, without those of which it never did.

    A transaction of a former owner that is being committed is waited for: a reader of committed
    records asks for stable offsets (KIP-447). Raises `KafkaException` when the broker does not
    say.
    """
    consumer = Consumer(
        {
            **client_settings(settings),
            "group.id": settings.application,
            "isolation.level": "read_committed",
        }
    )
    with closing(consumer):
        asked = [TopicPartition(topic, number) for topic, number in places]
        found = {}
        for answer in consumer.committed(asked, seconds):
            if answer.error is not None:
                raise KafkaException(answer.error)
            if answer.offset >= 0:
                found[answer.topic, answer.partition] = answer.offset
        return found
