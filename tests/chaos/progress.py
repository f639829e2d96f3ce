"""How far a group has come."""

from collections.abc import Iterable, Mapping
from typing import Final

from schemas.topics import PERSON_TOPICS
from streams.kafka.offsets import committed, watermarks
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings
from tests.integration.deployment import read_topic

SECONDS: Final = 60


class Progress:
    """What the group of a deployment has committed, and what is left."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        self._settings = settings
        self._partitions = partitions
        self._own_topics = [settings.reroute, settings.shares]
        self._person_topics = [settings.topic(topic) for topic in PERSON_TOPICS]

    def has_begun(self) -> bool:
        """Whether anything was committed."""
        return any(self._committed().values())

    def left(self, numbers: Iterable[int]) -> int:
        """How many records of these partition numbers the group has not committed yet."""
        wanted = set(numbers)
        offsets, ends = self._committed(), self._ends()
        return sum(
            end - offsets.get(each, 0) for each, end in ends.items() if each.partition in wanted
        )

    def _committed(self) -> Mapping[TopicPartition, int]:
        topics = [*self._person_topics, *self._own_topics]
        found = committed(self._settings, self._of(topics), SECONDS)
        return {each: at.offset for each, at in found.items()}

    def _ends(self) -> Mapping[TopicPartition, int]:
        """The offset after the last record of each partition."""
        partitions = self._of(self._person_topics)
        bounds = watermarks(self._settings, partitions, SECONDS)
        ends = {each: end for each, (_, end) in bounds.items()}
        # What is written in transactions ends in a marker, which nobody commits.
        for topic in self._own_topics:
            for message in read_topic(self._settings, topic, self._partitions):
                ends[TopicPartition(message.topic(), message.partition())] = message.offset() + 1
        return ends

    def _of(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [
            TopicPartition(topic, number) for topic in topics for number in range(self._partitions)
        ]
