"""Frames of Confluent's wire format: a value, and the id of the schema that it was written by.

A frame is the byte 0, the id in four bytes and what was written; newer producers put the schema's
GUID into a header instead and leave the value bare. JSON never begins with the byte 0, so a value
without a frame can be distinguished from one with it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from schemas.adapters.envelope import Headers
from schemas.adapters.formats import Reader, read
from schemas.decoding import MAX_VALUE_BYTES, InvalidRecord
from schemas.records import Input

ID_HEADER: Final = "__value_schema_id"
BY_NUMBER: Final = 0
BY_GUID: Final = 1

SchemaId = int | str
"""A schema's number in its registry, or its GUID."""

JsonOf = Callable[[bytes], bytes]
"""Gives the JSON of what was written by a schema. Raises `InvalidRecord` where it does not fit."""


class Frame(NamedTuple):
    """What a value holds, and by which schema."""

    schema_id: SchemaId
    content: bytes


def framed(schema_id: int, content: bytes) -> bytes:
    """Put what was written by a schema into a frame."""
    return BY_NUMBER.to_bytes(1) + schema_id.to_bytes(4) + content


def frame_of(value: bytes, headers: Headers) -> Frame | None:
    """The frame around a value; None where there is none. Raises `InvalidRecord`."""
    for name, content in headers:
        if name == ID_HEADER:
            schema_id, left = _id_in(content or b"", f"header {ID_HEADER}")
            if left:
                raise _broken(f"header {ID_HEADER}")
            return Frame(schema_id, value)
    if value[:1] in (b"\0", b"\1"):
        return Frame(*_id_in(value, "value"))
    return None


def _id_in(content: bytes, path: str) -> tuple[SchemaId, bytes]:
    """The id that stands at the beginning, and what comes after it."""
    if content[:1] == BY_NUMBER.to_bytes(1) and len(content) >= 5:
        return int.from_bytes(content[1:5]), content[5:]
    if content[:1] == BY_GUID.to_bytes(1) and len(content) >= 17:
        return str(UUID(bytes=content[1:17])), content[17:]
    raise _broken(path)


def _broken(path: str) -> InvalidRecord:
    detail = f"{path}: expected the id of a schema as a registry's frame has it, got other bytes"
    return InvalidRecord("not_json", detail)


def unframed(
    schemas: Mapping[SchemaId, JsonOf], value: bytes | None, headers: Headers
) -> bytes | None:
    """The JSON that a value stands for; one without a frame is taken for JSON itself.

    `schemas` has all ids that occur. Raises `InvalidRecord`.
    """
    if value is None or len(value) > MAX_VALUE_BYTES:
        return value  # which decoding refuses
    frame = frame_of(value, headers)
    return value if frame is None else schemas[frame.schema_id](frame.content)


def framed_readers(
    readers: Mapping[str, Reader], topics: Sequence[str], schemas: Mapping[SchemaId, JsonOf]
) -> dict[str, Reader]:
    """Readers that take the values of these topics out of their frames first."""
    return {**readers, **{topic: partial(_read, readers, topic, schemas) for topic in topics}}


def _read(
    readers: Mapping[str, Reader],
    topic: str,
    schemas: Mapping[SchemaId, JsonOf],
    key: bytes | None,
    value: bytes | None,
    timestamp: int,
    headers: Headers,
) -> Input | None:
    return read(readers, topic, key, unframed(schemas, value, headers), timestamp, headers)
