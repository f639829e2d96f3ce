"""Decoding records once, when they are fetched and before they wait for their turn.

Of a record that can be joined only its event is kept, and of one in another format that is about
something else only its topic. Any other record is kept whole: it goes to the dead letters, or by
way of the rerouting topic to its person's partition. Records of the processor's own topics lie
where they belong.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from schemas.adapters.formats import Reader
from schemas.decoding import InvalidRecord, decode
from schemas.records import Input, Share
from schemas.topics import PERSON_TOPICS, REROUTED, SHARES
from streams.engine.task import Decoded
from streams.kafka.partitioner import partition_of
from streams.suppression.identities.blocking import Blocking
from streams.suppression.identities.receiving import require_readable

OBJECT_BYTES: Final = 1_500
"""Memory of a record besides its value: the record itself and what it was decoded to."""

ORIGIN_HEADER: Final = "unhaunt.topic"
"""Names the topic that a rerouted record was first put on."""


class FetchedRecord(NamedTuple):
    """A record as it was fetched, under its topic's default name."""

    topic: str
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Invalid(NamedTuple):
    """A record that is for the dead letters."""

    record: FetchedRecord
    problem: InvalidRecord


class Misplaced(NamedTuple):
    """A record that lies in another partition than that of its person."""

    record: FetchedRecord
    user_id: str
    home: int
    """The number of the person's partition."""


class Ignored(NamedTuple):
    """A record of another format, about something else than what people bought, rejected or saw."""

    topic: str


Unjoinable = Invalid | Misplaced | Ignored
"""A record that is not joined to what is known of its person."""
UNJOINABLE: Final = (Invalid, Misplaced, Ignored)


class Home(NamedTuple):
    """The partition that a task works on, by which it tells whether a record is misplaced."""

    number: int
    partitions: int
    persons: Container[str]
    """Persons who are known to belong there."""

    def of(self, user_id: str) -> int:
        """The number of the partition where a person belongs."""
        if user_id in self.persons:
            return self.number
        return partition_of(user_id.encode(), self.partitions)


def decoded(
    stream: str,
    records: Iterable[Any],
    home: Home,
    readers: Mapping[str, Reader],
    blocking: Blocking,
) -> Iterator[Decoded]:
    """Read the next records of a stream, as aiokafka has them: each as its event or as unjoinable.

    `readers` are those of the topics in another format than Unhaunt's own.
    """
    is_rerouted = stream == REROUTED
    is_at_home = is_rerouted or stream == SHARES
    reader = readers.get(stream)
    for record in records:
        topic, key, value, offset = stream, record.key, record.value, record.offset
        size = OBJECT_BYTES + (len(value) if value else 0)
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
                    yield offset, None, Ignored(topic), size
                    continue
            if topic in blocking.topics:
                event = blocking.left_of(event)
            elif stream == SHARES and isinstance(event, Share):
                require_readable(event)
        except InvalidRecord as problem:
            yield offset, None, Invalid(_fetched(stream, topic, record), problem), size
            continue
        if not is_at_home:
            number = home.of(event.user_id)  # whom the key need not name: `schemas.adapters`
            if number != home.number:
                fetched = _fetched(stream, topic, record)
                yield offset, None, Misplaced(fetched, event.user_id, number), size
                continue
        yield offset, event.ts, event, size


def _origin(record: Any) -> str:
    """The topic that a rerouted record was first put on."""
    origin = (dict(record.headers).get(ORIGIN_HEADER) or b"").decode(errors="replace")
    if origin not in PERSON_TOPICS:
        raise InvalidRecord("unknown_value", f"header {ORIGIN_HEADER}: expected an input topic")
    return origin


def _fetched(stream: str, topic: str, record: Any) -> FetchedRecord:
    headers = record.headers
    if topic != stream:  # it was rerouted: have it as it was before that
        headers = [header for header in headers if header[0] != ORIGIN_HEADER]
    return FetchedRecord(topic, record.offset, record.timestamp, record.key, record.value, headers)
