"""The formats that the values of a topic may have, and how they are read.

A record of another format than Unhaunt's own may come to no event, to one, or to several, and is
taken as a whole: where one of them is not right, the record is not. Of which kinds they are is not
bound to the topic, whose name then only says when its records have their turn (SPEC 6).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from types import ModuleType
from typing import Final, NamedTuple

import orjson

from schemas.adapters import criteo, feedback, ga4, meta, pixel, segment, snowplow
from schemas.adapters.envelope import Headers, Opened, opened
from schemas.adapters.node import Node
from schemas.adapters.told import Told
from schemas.by_topic import by_topic
from schemas.decoding import Fields, InvalidRecord, decode
from schemas.problems import kind_of, quoted
from schemas.records import EventGroup, Input
from schemas.topics import PERSON_TOPICS

OWN: Final = "unhaunt"
AUTO: Final = "auto"


class Adapter(NamedTuple):
    """Reads one format."""

    recognises: Callable[[Node], bool]
    """Whether an event looks like one of the format; for `auto`."""
    read: Callable[[Node], Told]
    """What an event comes to. Raises `InvalidRecord` for one that cannot be placed."""


def _adapter(module: ModuleType) -> Adapter:
    return Adapter(module.recognises, module.read)


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

Reader = Callable[[bytes | None, bytes | None, int, Headers], Input | None]
"""Reads a record's key, value, timestamp in milliseconds and headers.

Returns None for an event that has nothing to do with us, such as a page that was viewed. Raises
`InvalidRecord` for one that cannot be placed.
"""


def formats_of(text: str) -> dict[str, str]:
    """The format of each topic in a text such as `purchases=segment,dismissals=auto`.

    Raises `ValueError`, saying what was expected.
    """
    return by_topic(text, PERSON_TOPICS, FORMATS)


def readers_of(formats: Mapping[str, str]) -> dict[str, Reader]:
    """By topic how it is read; of Unhaunt's own format, which `decode` reads, there is nothing."""
    return {
        topic: partial(_read_any, topic) if name == AUTO else partial(_read, ADAPTERS[name])
        for topic, name in formats.items()
        if name != OWN
    }


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


def _read(
    adapter: Adapter, key: bytes | None, value: bytes | None, timestamp: int, headers: Headers
) -> Input | None:
    event = opened(value, headers)
    return _event(adapter.read(_node(event.data)), event, key, timestamp)


def _read_any(
    topic: str, key: bytes | None, value: bytes | None, timestamp: int, headers: Headers
) -> Input | None:
    """Read an event of whatever format; one that no adapter recognises is taken for our own."""
    event = opened(value, headers)
    if isinstance(event.data, dict | list):
        node = _node(event.data)
        for adapter in ADAPTERS.values():
            if _is_recognised(node, adapter):
                return _event(adapter.read(node), event, key, timestamp)
    if event.event_id is None:
        return decode(topic, key, value, timestamp)
    said = event.data
    if isinstance(said, dict):
        said = {ID_OF.get(topic, "event_id"): event.event_id, "ts": event.ts} | said
    return decode(topic, key, _json(said), timestamp)


def _is_recognised(event: Node, adapter: Adapter) -> bool:
    try:
        return adapter.recognises(event)
    except InvalidRecord:  # a field of that name, but of another kind than the format's
        return False


def _node(data: object) -> Node:
    """The event; several that were sent as an array count as an object's `events`."""
    if isinstance(data, list):
        return Node({"events": data})
    if not isinstance(data, dict):
        raise InvalidRecord("not_an_object", f"value: expected an object, got {kind_of(data)}")
    return Node(data)


def _event(told: Told, event: Opened, key: bytes | None, timestamp: int) -> Input | None:
    if not told.records:
        return None
    user_id = _person(told.persons, key)
    events = []
    for number, (topic, fields) in enumerate(told.records):
        said: Fields = {"user_id": user_id, **fields}
        if event.ts is not None:
            said.setdefault("ts", event.ts)
        name = ID_OF.get(topic, "event_id")
        if name not in said:
            said[name] = _id(topic, said, event.event_id, number if len(told.records) > 1 else None)
        events.append(decode(topic, None, _json(said), timestamp))
    if len(events) == 1:
        return events[0]
    events.sort(key=lambda one: one.ts)
    return EventGroup(user_id, events[-1].ts, events)


def _json(said: object) -> bytes:
    try:
        return orjson.dumps(said)
    except orjson.JSONEncodeError as error:  # what orjson reads it need not write: 300 levels, say
        raise InvalidRecord("not_json", f"data: cannot be written as JSON, {error}") from None


def _id(topic: str, said: Fields, envelope_id: str | None, number: int | None) -> str:
    """The envelope's id, or else a hash of all that is said, the same for a repeat of it."""
    if envelope_id is not None:
        return envelope_id if number is None else f"{envelope_id}#{number}"
    content = orjson.dumps([topic, said], option=orjson.OPT_SORT_KEYS)
    return blake2b(content, digest_size=16).hexdigest()


def _person(persons: Sequence[str], key: bytes | None) -> str:
    """The key, which must then be one of the ids in the value if there are any, or else the first.

    So people are known on every topic by the id that its keys are.
    """
    if key is None:
        if persons:
            return persons[0]
        detail = "user_id: expected an id of the person in the value or as the key, got neither"
        raise InvalidRecord("missing_field", detail)
    try:
        user_id = key.decode()
    except UnicodeDecodeError:
        raise InvalidRecord("wrong_type", "key: expected UTF-8 text") from None
    if persons and user_id not in persons:
        got = " and ".join(quoted(person) for person in persons)
        detail = f"key: expected an id of the person in the value, {got}, got {quoted(user_id)}"
        raise InvalidRecord("key_mismatch", detail)
    return user_id
