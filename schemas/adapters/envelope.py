"""CloudEvents: envelopes around events, in both content modes of the Kafka binding.

In the structured mode the value is the envelope, with the event as its `data`. In the binary mode
the value is the event, and the envelope stands in headers that begin with `ce_`.
"""

from base64 import b64decode
from collections.abc import Sequence
from typing import NamedTuple

from schemas.adapters.lax_json import read_json
from schemas.adapters.node import Node
from schemas.adapters.notes import Reading
from schemas.decoding import InvalidRecord, parse
from schemas.problems import quoted

Headers = Sequence[tuple[str, bytes | None]]


class Opened(NamedTuple):
    """An event out of its envelope, and what that says of it."""

    data: object
    """The event's JSON."""
    event_id: str | None = None
    """`source` and `id`, which together name the event; None without an envelope."""
    ts: int | None = None
    """In epoch milliseconds."""


def opened(value: bytes | None, headers: Headers, reading: Reading) -> Opened:
    """The event out of its envelope, if it is in one. Raises `InvalidRecord`."""
    data = read_json(value, reading)
    attributes = {
        name.removeprefix("ce_"): (content or b"").decode(errors="replace")
        for name, content in headers
        if name.startswith("ce_")
    }
    if "specversion" in attributes:
        return _named(Node(attributes, "header ce", reading), data)
    if isinstance(data, dict) and {"specversion", "source", "type"} <= data.keys():
        envelope = Node(data, reading=reading)
        return _named(envelope, _data(envelope, data))
    return Opened(data)


def _named(envelope: Node, data: object) -> Opened:
    event_id = f"{envelope.required('source')}#{envelope.required('id')}"
    return Opened(data, event_id, envelope.time("time"))


def _data(envelope: Node, fields: dict[str, object]) -> object:
    kind = envelope.text("datacontenttype") or "application/json"
    media_type = kind.split(";")[0].strip().lower()
    if not media_type.endswith(("/json", "+json")):
        detail = f"datacontenttype: expected JSON, got {quoted(kind)}"
        raise InvalidRecord("unknown_value", detail)
    encoded = envelope.text("data_base64")
    if encoded is None:
        return fields.get("data")
    try:
        return parse(b64decode(encoded, validate=True))
    except ValueError:
        raise envelope.wrong("data_base64", "base64", "something else") from None
