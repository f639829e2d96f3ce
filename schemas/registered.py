"""What a schema registry holds for a topic: the topics with schemas, and the schemas' text."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from schemas.avro_schema import avro_schema
from schemas.by_topic import by_topic
from schemas.decoding import InvalidRecord
from schemas.framing import JsonOf, SchemaId
from schemas.json_schema import schema_file
from schemas.topics import TOPICS

KINDS: Final = ("json", "avro")
"""In what the values of a topic with schemas are written."""

SCHEMA_TOPICS: Final = tuple(topic.name for topic in TOPICS.values() if topic.record is not None)
"""The topics whose values may have schemas."""

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
"""The newest draft of JSON Schema that registries of all kinds check for compatibility."""


def schemas_of(text: str) -> dict[str, str]:
    """The kind of schema of each topic in a text such as `purchases=avro,decisions=json`.

    Raises `ValueError`, saying what was expected.
    """
    return by_topic(text, SCHEMA_TOPICS, KINDS)


def schema_text(topic: str, kind: str) -> str:
    """The schema of a topic's values, as a registry is given it."""
    deployed = TOPICS[topic]
    if kind == "avro":
        return orjson.dumps(avro_schema(deployed)).decode()
    return orjson.dumps(_as_draft_7(schema_file(deployed))).decode()


def _as_draft_7(schema: dict[str, Any]) -> dict[str, Any]:
    """The same in the older draft, of what is used here nothing but two names differ."""
    text = orjson.dumps({**schema, "$schema": DRAFT}).decode()
    renamed: dict[str, Any] = orjson.loads(text.replace("$defs", "definitions"))
    return renamed


def json_of(kind: str, schema_id: SchemaId, schemas: Sequence[str]) -> JsonOf:
    """How what was written by the last of these schemas is read, by the registry's word for it.

    A value in JSON is not held against the schema that it names: the contract says more of it.
    """
    if kind == "JSON":
        return bytes
    if kind == "AVRO":
        from schemas.avro import avro_reader  # noqa: PLC0415 -- only an extra brings it

        try:
            return avro_reader(schema_id, schemas)
        except ValueError as error:
            return _refusal(f"value: schema {schema_id} cannot be used: {error}")
    return _refusal(f"value: expected a schema of JSON or Avro, got {schema_id}, of {kind}")


def unknown(schema_id: SchemaId) -> JsonOf:
    """How what names a schema is read that the registry does not have: not at all."""
    return _refusal(f"value: expected a schema that the registry has, got {schema_id}")


def _refusal(detail: str) -> JsonOf:
    def refuse(_: bytes) -> bytes:
        raise InvalidRecord("unknown_value", detail)

    return refuse
