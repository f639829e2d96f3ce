"""What was not right with the events: what came late, and what came more than once."""

from collections import Counter
from typing import Final

from schemas.records import (
    Dismissal,
    Event,
    Identity,
    Impression,
    Preference,
    Purchase,
    Request,
)
from schemas.topics import PERSON_TOPICS, TOPICS
from streams.recording.report.part import Part

SECOND: Final = 1000
TOPIC_OF: Final = {TOPICS[name].record: name for name in PERSON_TOPICS}


class InputProblems(Part):
    """Counts valid events by topic, and those of them that were late or repeated."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.late: Counter[tuple[str, int]] = Counter()
        """Events that were applied when their partition had shown a newer event time already, by
        topic and by the whole seconds between."""
        self.repeated: Counter[str] = Counter()
        """Events with an id that the person's events of the topic had already."""
        self._ids: set[int] = set()

    def observe(self, event: Event, clock: int) -> None:
        """Count an event; `clock` is the newest event time of its partition."""
        topic = TOPIC_OF[type(event)]
        self.events[topic] += 1
        if event.ts < clock:
            self.late[topic, (clock - event.ts) // SECOND] += 1
        # A hash takes a fraction of the memory; that two of millions agree will not happen.
        identity = hash((topic, event.user_id, *_id(event)))
        if identity in self._ids:
            self.repeated[topic] += 1
        else:
            self._ids.add(identity)


def _id(event: Event) -> tuple[str, ...]:
    """What identifies an event among those of one topic and person (SPEC 3)."""
    match event:
        case Request():
            return (event.request_id,)
        case Impression():
            return (event.impression_id, event.product_id)
        case Purchase() | Dismissal() | Preference() | Identity():
            return (event.event_id,)
