"""How far a group has come."""

from collections.abc import Iterable, Mapping
from typing import Final

from schemas.topics import PERSON_TOPICS
from streams.kafka.offsets import committed, watermarks
from streams.settings import Settings
from tests.integration.deployment import read_topic

SECONDS: Final = 60

Place = tuple[str, int]


class Progress:
    """What the group of a deployment has committed, and what is left."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        self._settings = settings
        self._partitions = partitions
        self._person_topics = [settings.topic(topic) for topic in PERSON_TOPICS]

    def has_begun(self) -> bool:
        """Whether anything was committed."""
        return any(self._committed().values())

    def left(self, numbers: Iterable[int]) -> int:
        """How many records of these partition numbers the group has not committed yet."""
        wanted = set(numbers)
        offsets, ends = self._committed(), self._ends()
        return sum(end - offsets.get(place, 0) for place, end in ends.items() if place[1] in wanted)

    def _committed(self) -> Mapping[Place, int]:
        topics = [*self._person_topics, self._settings.reroute]
        found = committed(self._settings, self._places(topics), SECONDS)
        return {place: at.offset for place, at in found.items()}

    def _ends(self) -> Mapping[Place, int]:
        """The offset after the last record of each partition."""
        places = self._places(self._person_topics)
        bounds = watermarks(self._settings, places, SECONDS)
        ends = {place: end for place, (_, end) in bounds.items()}
        # What is written in transactions ends in a marker, which nobody commits.
        for message in read_topic(self._settings, self._settings.reroute, self._partitions):
            ends[message.topic(), message.partition()] = message.offset() + 1
        return ends

    def _places(self, topics: Iterable[str]) -> list[Place]:
        return [(topic, number) for topic in topics for number in range(self._partitions)]
