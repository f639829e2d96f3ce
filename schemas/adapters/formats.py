"""The formats that the values of a topic may have, and how they are read.

A record of another format than Unhaunt's own may come to no event, to one, or to more. What of it
is sure counts, and what is left out for that is noted; only where nothing is left the record is a
dead letter. Of which kinds its events are is not bound to the topic, whose name then only says when
its records have their turn (SPEC 6).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from types import ModuleType
from typing import Final, NamedTuple, cast

import orjson

from schemas.adapters import criteo, feedback, ga4, meta, pixel, segment, snowplow
from schemas.adapters.envelope import Headers, Opened, opened
from schemas.adapters.node import Node
from schemas.adapters.notes import NO_NOTES, Note, Observer, Reading, label_of, labels
from schemas.adapters.records import NOTHING, Adapted
from schemas.adapters.statements import BOTH_NAMED, SIGNED_IN, Said, statements
from schemas.adapters.statements import TOPIC as IDENTITIES
from schemas.by_topic import by_topic
from schemas.decoding import Fields, InvalidRecord, decode
from schemas.problems import kind_of, one_of, quoted
from schemas.records import Event, EventGroup, Input
from schemas.topics import PERSON_TOPICS

OWN: Final = "unhaunt"
AUTO: Final = "auto"


CONSENT_CATEGORY: Final = "Advertising"
"""The category of consent that stands for personalised ads, where the setting names no other."""

ENVELOPE_FIELDS: Final = labels("value", "time", "header ce.time", IDENTITIES)


class Adapter(NamedTuple):
    """Reads one format."""

    recognises: Callable[[Node], bool]
    """Whether an event looks like one of the format; for `auto`."""
    read: Callable[[Node], Adapted]
    """What an event comes to. Raises `InvalidRecord` for one that cannot be placed."""
    fields: Mapping[str, str]
    """Those that a note may name (see `schemas.adapters.notes.labels`)."""
    said: Callable[[Node], Sequence[Said]] | None
    """What an event says of the person's ids; None where no event of the format does."""


def _adapter(module: ModuleType) -> Adapter:
    fields = {**module.FIELDS, **ENVELOPE_FIELDS}
    return Adapter(module.recognises, module.read, fields, getattr(module, "said", None))


ADAPTERS: Final[Mapping[str, Adapter]] = {
    "segment": _adapter(segment),
    "ga4": _adapter(ga4),
    "snowplow": _adapter(snowplow),
    "meta": _adapter(meta),
    "criteo": _adapter(criteo),
    "feedback": _adapter(feedback),
    "pixel": _adapter(pixel),
}
"""By the name of the format, in the order in which `auto` tries them."""

ID_OF: Final = {"impressions": "impression_id", "impression-requests": "request_id"}
"""The field that names an event, where that is not `event_id`."""

FORMATS: Final = (OWN, AUTO, *ADAPTERS)
SAYING: Final = one_of([name for name in FORMATS if name not in ADAPTERS or ADAPTERS[name].said])
"""The formats that statements may come out of."""
WITH_CATEGORY: Final = ("segment", AUTO)

Reader = Callable[[bytes | None, bytes | None, int, Headers], Input | None]
"""Reads a record's key, value, timestamp in milliseconds and headers.

Returns None for an event that has nothing to do with us, such as a page that was viewed. Raises
`InvalidRecord` for one that cannot be placed.
"""


def formats_of(text: str) -> dict[str, str]:
    """The format of each topic in a text such as `purchases=segment:Marketing,identities=auto`.

    After segment and auto may stand the category of consent that means personalised ads. At the end
    may stand what it means that an event names two ids (`BOTH_NAMED`): then statements come out of
    events, as they always do on `identities`. Raises `ValueError`, saying what was expected.
    """
    formats = by_topic(text, PERSON_TOPICS, FORMATS, with_option=(AUTO, *ADAPTERS))
    for topic, format_name in formats.items():
        name, category, both_named = _options(format_name)
        is_silent = name in ADAPTERS and ADAPTERS[name].said is None
        if is_silent and (topic == IDENTITIES or both_named):
            raise ValueError(f"{topic}: expected {SAYING}, got {name}, which says nothing of ids")
        if category and topic == IDENTITIES:
            expected = f"{one_of(BOTH_NAMED)} after {name}:"
            raise ValueError(f"{topic}: expected {expected}, got '{category}'")
        after = f"{one_of(BOTH_NAMED)} after {name}:"
        if category and name not in WITH_CATEGORY:
            says = name in ADAPTERS and ADAPTERS[name].said is not None
            expected = f"{name} alone, or {after}" if says else f"{name} alone"
            raise ValueError(f"{topic}: expected {expected}, got '{format_name}'")
        if ":" in category or _letters(category) in map(_letters, BOTH_NAMED):
            raise ValueError(f"{topic}: expected {after}, or a category, got '{category}'")
    return formats


def _letters(word: str) -> str:
    """A word as it is without what people write between its letters, and in small ones."""
    return re.sub("[^a-z]", "", word.lower())


def _options(format_name: str) -> tuple[str, str, str]:
    """A format's name, its category of consent, and what it means that an event names two ids."""
    name, _, option = format_name.partition(":")
    category, _, last = option.rpartition(":")
    return (name, category, last) if last in BOTH_NAMED else (name, option, "")


def stating_topics(formats: Mapping[str, str]) -> frozenset[str]:
    """The topics whose records may hold statements about ids, by formats as in `formats_of`."""
    return frozenset({IDENTITIES, *(topic for topic in formats if _options(formats[topic])[2])})


def readers_of(formats: Mapping[str, str], observe: Observer | None = None) -> dict[str, Reader]:
    """By topic how it is read; of Unhaunt's own format, which `decode` reads, there is nothing.

    Args:
        formats: by topic, as `formats_of` gives them.
        observe: called for each record that is read, with its format and what is to be noted.

    """
    readers: dict[str, Reader] = {}
    for topic, format_name in formats.items():
        name, category, both_named = _options(format_name)
        if topic == IDENTITIES:
            both_named = both_named or SIGNED_IN
        if name != OWN:
            how = _How(topic, name, category or CONSENT_CATEGORY, both_named, observe)
            readers[topic] = partial(_read, how)
    return readers


def read(
    readers: Mapping[str, Reader],
    topic: str,
    key: bytes | None,
    value: bytes | None,
    timestamp: int,
    headers: Headers,
) -> Input | None:
    """Read a record of a person topic as its reader does, or as `decode` where it has none."""
    reader = readers.get(topic)
    if reader is None:
        return decode(topic, key, value, timestamp)
    return reader(key, value, timestamp, headers)


def label(format_name: str, note: Note) -> str:
    """The field of a note as the value of a metric's label: one of a fixed list for each format."""
    adapter = ADAPTERS.get(format_name)
    return label_of(note.field, ENVELOPE_FIELDS if adapter is None else adapter.fields)


class _How(NamedTuple):
    """How a topic is read."""

    topic: str
    format: str
    consent_category: str
    both_named: str
    """One of `BOTH_NAMED`; empty where no statements come out of events."""
    observe: Observer | None


def _read(
    how: _How, key: bytes | None, value: bytes | None, timestamp: int, headers: Headers
) -> Input | None:
    reading = Reading(timestamp, how.consent_category)
    name, notes = how.format, NO_NOTES
    try:
        event = opened(value, headers, reading)
        if name == AUTO:
            name = _recognised(event.data)
        if name == OWN:
            found: Input | None = _own(how.topic, event, key, value, timestamp)
        else:
            adapted = _adapted(how, ADAPTERS[name], _node(event.data, reading), key)
            found = _events(adapted, event, key, timestamp)
        if found is not None:
            notes = reading.notes
        return found
    finally:
        if how.observe is not None:
            how.observe(name, notes)


def _adapted(how: _How, adapter: Adapter, event: Node, key: bytes | None) -> Adapted:
    """What an event comes to: on the topic of identities to statements alone."""
    says = adapter.said
    if not how.both_named or says is None:
        adapted = adapter.read(event)
        return NOTHING if how.topic == IDENTITIES else adapted
    if how.topic == IDENTITIES:
        return statements(says(event), how.both_named, key)

    def said(event: Node) -> list[Adapted]:
        found = statements(says(event), how.both_named, key)
        return [found] if found.records else []

    both = (lambda event: [adapter.read(event)], said)
    return _together(event.reading.kept(both, lambda part: part(event)), key, event.reading)


def _together(found: Sequence[Adapted], key: bytes | None, reading: Reading) -> Adapted:
    """What happened and what is said of ids, where both are about the same one; else the first."""
    happened, said = found[0], found[-1]
    if len(found) == 1 or not happened.records:
        return said
    user_id = _person(happened, key)
    if user_id in said.persons:
        return Adapted([user_id], [*said.records, *happened.records])
    about = f"a statement about {quoted(said.persons[0])}"
    reading.notes.append(Note("left_out", IDENTITIES, about))
    return happened


def _recognised(data: object) -> str:
    """The format of an event; one that no adapter recognises is taken for our own."""
    if not isinstance(data, dict | list):
        return OWN
    node = _node(data, Reading())
    return next((name for name, each in ADAPTERS.items() if _is_recognised(node, each)), OWN)


def _is_recognised(event: Node, adapter: Adapter) -> bool:
    try:
        return adapter.recognises(event)
    except InvalidRecord:  # a field of that name, but of another kind than the format's
        return False


def _node(data: object, reading: Reading) -> Node:
    """The event; several that were sent as an array count as an object's `events`."""
    if isinstance(data, list):
        return Node({"events": data}, reading=reading)
    if not isinstance(data, dict):
        raise InvalidRecord("not_an_object", f"value: expected an object, got {kind_of(data)}")
    return Node(data, reading=reading)


def _own(
    topic: str, event: Opened, key: bytes | None, value: bytes | None, timestamp: int
) -> Input:
    """A record of Unhaunt's own format, in an envelope or without."""
    if event.event_id is None:
        return decode(topic, key, value, timestamp)
    fields = event.data
    if isinstance(fields, dict):
        fields = {ID_OF.get(topic, "event_id"): event.event_id, "ts": event.ts} | fields
    return decode(topic, key, _json(fields), timestamp)


def _events(adapted: Adapted, event: Opened, key: bytes | None, timestamp: int) -> Input | None:
    if not adapted.records:
        return None
    user_id = _person(adapted, key)
    events = []
    for number, (topic, fields) in enumerate(adapted.records):
        record: Fields = {"user_id": user_id, **fields}
        if event.ts is not None:
            record.setdefault("ts", event.ts)
        if topic == IDENTITIES:  # of which each is a fact of its own, by its time
            record.setdefault("ts", timestamp)
        name = ID_OF.get(topic, "event_id")
        if name not in record:
            position = number if len(adapted.records) > 1 else None
            record[name] = _id(topic, record, event.event_id, position)
        if topic == "purchases":
            record.setdefault("order_id", record[name])
        events.append(cast(Event, decode(topic, None, _json(record), timestamp)))
    if len(events) == 1:
        return events[0]
    events.sort(key=lambda one: one.ts)
    return EventGroup(user_id, events[-1].ts, events)


def _json(fields: object) -> bytes:
    try:
        return orjson.dumps(fields)
    except orjson.JSONEncodeError as error:  # what orjson reads it need not write: 300 levels, say
        raise InvalidRecord("not_json", f"data: cannot be written as JSON, {error}") from None


def _id(topic: str, record: Fields, envelope_id: str | None, number: int | None) -> str:
    """The envelope's id, or else a hash of the record, the same for a repeat of it."""
    if envelope_id is not None:
        return envelope_id if number is None else f"{envelope_id}#{number}"
    content = orjson.dumps([topic, record], option=orjson.OPT_SORT_KEYS)
    return blake2b(content, digest_size=16).hexdigest()


def _person(adapted: Adapted, key: bytes | None) -> str:
    """The key, which must then be one of the ids in the value if there are any, or else the first.

    So people are known on every topic by the id that its keys are. A statement whose key is the hub
    is about the leaf all the same, and is rerouted to it (SPEC 7).
    """
    persons = adapted.persons
    if key is None:
        if persons:
            return persons[0]
        detail = "key: expected an id of the person here or in the value, got neither"
        raise InvalidRecord("missing_field", detail)
    try:
        user_id = key.decode()
    except UnicodeDecodeError:
        raise InvalidRecord("wrong_type", "key: expected UTF-8 text") from None
    if user_id in adapted.others and user_id not in persons:
        return persons[0]
    if persons and user_id not in persons:
        got = " and ".join(map(quoted, dict.fromkeys((*persons, *adapted.others))))
        detail = f"key: expected an id of the person in the value, {got}, got {quoted(user_id)}"
        raise InvalidRecord("key_mismatch", detail)
    return user_id
