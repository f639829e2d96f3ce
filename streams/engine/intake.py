"""Reading what was fetched, once, before it waits for its turn.

Of a record that can be joined only its event is kept, and nothing of one in another format that
says nothing of use. Any other is kept whole: it goes to the dead letters, or by way of the
rerouting topic to its person's partition.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from schemas.adapters.formats import Reader
from schemas.decoding import InvalidRecord, decode
from schemas.records import Input
from schemas.topics import PERSON_TOPICS, REROUTED
from streams.engine.alignment import Stream
from streams.kafka.partitioner import partition_of

OBJECT_BYTES: Final = 1_500
"""What a record takes in memory besides its value: it, and what it was read as."""

ORIGIN_HEADER: Final = "unhaunt.topic"


class Fetched(NamedTuple):
    """A record as it was fetched, under its topic's default name."""

    topic: str
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Invalid(NamedTuple):
    """A record that is for the dead letters."""

    record: Fetched
    problem: InvalidRecord


class Misplaced(NamedTuple):
    """A record that lies in another partition than that of its person."""

    record: Fetched
    user_id: str
    home: int
    """The number of the person's partition."""


class Ignored(NamedTuple):
    """A record of another format, about something else than what people bought, said or saw."""

    topic: str


Misfit = Invalid | Misplaced | Ignored
MISFITS: Final = (Invalid, Misplaced, Ignored)

Entry = tuple[Input | Misfit, int]
"""What a record was read as, and about how many bytes of memory it takes."""


class Home(NamedTuple):
    """Who belongs into a partition."""

    number: int
    partitions: int
    persons: Container[str]
    """Persons who are known to belong there."""

    def of(self, user_id: str, key: bytes | None) -> int:
        """The number of the partition where a person belongs."""
        if user_id in self.persons:
            return self.number
        return partition_of(user_id.encode() if key is None else key, self.partitions)


def take_in(
    stream: Stream[Entry],
    name: str,
    records: Iterable[Any],
    home: Home,
    readers: Mapping[str, Reader],
) -> int:
    """Read the next records of a stream, as aiokafka has them, and let them wait for their turn.

    `readers` are those of the topics in another format than Unhaunt's own. Returns about how many
    bytes of memory the records take.
    """
    is_rerouted = name == REROUTED
    reader = readers.get(name)
    total = 0
    for record in records:
        topic, key, value = name, record.key, record.value
        size = OBJECT_BYTES + (len(value) if value else 0)
        total += size
        try:
            if is_rerouted:
                topic = _origin(record)
                reader = readers.get(topic)
            event: Input | None
            if reader is None:
                event = decode(topic, key, value, record.timestamp)
            else:
                event = reader(key, value, record.timestamp, record.headers)
                if event is None:
                    stream.add(record.offset, None, (Ignored(topic), size))
                    continue
        except InvalidRecord as problem:
            invalid = Invalid(_fetched(name, topic, record), problem)
            stream.add(record.offset, None, (invalid, size))
            continue
        if not is_rerouted:
            number = home.of(event.user_id, key)
            if number != home.number:
                misplaced = Misplaced(_fetched(name, topic, record), event.user_id, number)
                stream.add(record.offset, None, (misplaced, size))
                continue
        stream.add(record.offset, event.ts, (event, size))
    return total


def _origin(record: Any) -> str:
    """The topic that a rerouted record was first put on."""
    origin = (dict(record.headers).get(ORIGIN_HEADER) or b"").decode(errors="replace")
    if origin not in PERSON_TOPICS:
        raise InvalidRecord("unknown_value", f"header {ORIGIN_HEADER}: expected an input topic")
    return origin


def _fetched(name: str, topic: str, record: Any) -> Fetched:
    headers = record.headers
    if topic != name:  # it was rerouted: have it as it was before that
        headers = [header for header in headers if header[0] != ORIGIN_HEADER]
    return Fetched(topic, record.offset, record.timestamp, record.key, record.value, headers)
