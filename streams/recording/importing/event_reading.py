"""Events of a file as records of the contract, by the adapters of their formats."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from msgspec import json, structs, to_builtins

from schemas.adapters.formats import AUTO, FORMATS, OWN, formats_of, read, readers_of
from schemas.adapters.notes import Note
from schemas.decoding import InvalidRecord, decode_product, parse_object
from schemas.openrtb.bid_request import NOBODY, read_bid_request
from schemas.records import Identity, events_of
from schemas.topics import PERSON_TOPICS, TOPICS
from streams.errors import UserError
from streams.recording.note_counts import NoteCounts

OPENRTB: Final = "openrtb"
READABLE: Final = (*FORMATS, OPENRTB)
"""What the events of a file may be."""

NAMELESS: Final = (OWN, AUTO)
"""Formats of events that do not say of which topic they are."""

REQUESTS: Final = "impression-requests"
CATALOG: Final = "catalog"
ANY_TOPIC: Final = "purchases"
"""Events of another format come to the same on any topic but `identities`, where they come to what
they say of ids."""

TOPIC_OF: Final = {TOPICS[name].record: name for name in PERSON_TOPICS}


class Made(NamedTuple):
    """A record of the contract that an event comes to."""

    topic: str
    key: str
    value: bytes
    ts: int
    """When it happened, in epoch milliseconds."""


class EventReader(Protocol):
    """Reads the events of a file."""

    def read(self, value: bytes, key: str | None, timestamp: int) -> Sequence[Made]:
        """What an event comes to; nothing where it is about something else, which is counted.

        Args:
            value: the event as JSON.
            key: the person, or None for whom the event itself names.
            timestamp: when the event came, in epoch milliseconds.

        Raises `InvalidRecord` for one that cannot be placed.

        """


def event_reader(
    format_name: str,
    topic: str | None,
    candidates: Sequence[Mapping[str, Any]],
    counts: "EventCounts",
) -> EventReader:
    """What reads the events of a format.

    Args:
        format_name: one of ``READABLE``, with what `formats_of` lets stand after it.
        topic: of which topic records in Unhaunt's own format are.
        candidates: for impressions of bid requests that bring none.
        counts: where is counted what does not become a record, or not as it stands.

    Raises `UserError` for a topic that does not go with the format, and for what is no format.

    """
    name = format_name.partition(":")[0]
    if name not in READABLE or format_name.startswith(f"{OPENRTB}:"):
        raise UserError(f"--format: expected one of {', '.join(READABLE)}, got '{format_name}'")
    if topic is not None and topic not in (*PERSON_TOPICS, CATALOG):
        raise UserError(
            f"--topic: expected one of {', '.join((*PERSON_TOPICS, CATALOG))}, got '{topic}'"
        )
    if format_name == OPENRTB:
        if topic not in (None, REQUESTS):
            raise UserError(f"--topic: a bid request is one of {REQUESTS}, got '{topic}'")
        return _BidRequests(candidates, counts)
    if topic is None and name in NAMELESS:
        raise UserError(
            f"--topic: needed with {name}, for records in Unhaunt's own format do not say "
            "of which topic they are."
        )
    if topic == CATALOG:
        if format_name != OWN:
            raise UserError(f"--topic: {CATALOG} goes with --format {OWN} only.")
        return _Products()
    return _Events(format_name, topic or ANY_TOPIC, counts)


class EventCounts:
    """What does not become a record, and what was not read as it stands."""

    def __init__(self) -> None:
        self.events = 0
        """Events that were read."""
        self.left_out: Counter[str] = Counter()
        """Why, in words."""
        self.notes = NoteCounts()

    def note(self, format_name: str, notes: Sequence[Note]) -> None:
        """Count what was left out, corrected or derived in an event."""
        if notes:
            self.notes.add(format_name, notes, self.events)


class _Events:
    """Events of people, in a format that an adapter reads, or our own."""

    def __init__(self, format_name: str, topic: str, counts: EventCounts) -> None:
        self._topic = topic
        try:
            formats = formats_of(f"{topic}={format_name}")
        except ValueError as error:
            words = str(error).removeprefix(f"{topic}: ").replace(f"'{topic}=", "'")
            raise UserError(f"--format: {words}") from None
        self._readers = readers_of(formats, counts.note)
        self._counts = counts

    def read(self, value: bytes, key: str | None, timestamp: int) -> Sequence[Made]:
        event = self._input(value, key, timestamp)
        if event is None:
            self._counts.left_out["about something else"] += 1
            return ()
        made = []
        for each in events_of(event):
            if key is not None and each.user_id != key and not isinstance(each, Identity):
                each = structs.replace(each, user_id=key)
            made.append(Made(TOPIC_OF[type(each)], each.user_id, _value(each), each.ts))
        return made

    def _input(self, value: bytes, key: str | None, timestamp: int) -> Any:
        """The key need not be an id that the event's format knows of, so it may name another.

        Of a statement it must be one of the two that it is about: which of them another id stands
        for is not known.
        """
        encoded = None if key is None else key.encode()
        try:
            return read(self._readers, self._topic, encoded, value, timestamp, ())
        except InvalidRecord as refused:
            if refused.code != "key_mismatch" or key is None:
                raise
            event = read(self._readers, self._topic, None, value, timestamp, ())
            if event is not None and any(isinstance(each, Identity) for each in events_of(event)):
                raise
            return event


class _BidRequests:
    """Bid requests of OpenRTB, each a request for every impression in it."""

    def __init__(self, candidates: Sequence[Mapping[str, Any]], counts: EventCounts) -> None:
        self._candidates = candidates
        self._counts = counts

    def read(self, value: bytes, key: str | None, timestamp: int) -> Sequence[Made]:
        bid = read_bid_request(parse_object(value), timestamp, candidates=self._candidates)
        user_id = key or bid.user_id
        left_out = self._counts.left_out
        if user_id == NOBODY:
            left_out["bid requests that name nobody"] += 1
            return ()
        impressions = bid.fields["imp"]
        bare = (len(impressions) if isinstance(impressions, list) else 1) - len(bid.requests)
        if bare:
            left_out["impressions without candidates"] += bare
        if bid.denial() is not None:
            left_out["denials of consent, which hold for one bid request"] += 1
        return [
            Made(REQUESTS, user_id, _value(structs.replace(request, user_id=user_id)), timestamp)
            for request in bid.requests.values()
        ]


class _Products:
    """Products in Unhaunt's own format, as the catalog has them."""

    def read(self, value: bytes, key: str | None, timestamp: int) -> Sequence[Made]:
        product_id, product = decode_product(None if key is None else key.encode(), value)
        return [Made(CATALOG, product_id, _value(product), timestamp)]


def _value(record: object) -> bytes:
    """A record of the contract as JSON, without what it does not say."""
    return json.encode(_said(to_builtins(record)))


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _said(each) for name, each in value.items() if each is not None}
    return [*map(_said, value)] if isinstance(value, list) else value
