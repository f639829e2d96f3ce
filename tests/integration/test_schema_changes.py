"""The contract's schemas fit those that were last released, by the rules of a real registry.

What was released lies in `released`; at a release the files of schemas/json and
schemas/avro are copied there. Who reads an input is this version, which has to read what was
written by the schema before it; who reads an output may still have the schema before it.
"""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from schemas.registered import KINDS, SCHEMA_TOPICS, schema_text
from schemas.topics import TOPICS
from tests.kafka.registry import Registry

pytestmark = pytest.mark.kafka

RELEASED = Path(__file__).parent / "released"
TOPICS_BEFORE = [name for name in SCHEMA_TOPICS if (RELEASED / f"{name}.avsc").exists()]
"""A topic that is new since then follows none."""
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


class Rules:
    """Asks a registry whether one schema may follow another."""

    def __init__(self, url: str) -> None:
        self._client = SchemaRegistryClient({"url": url})
        self._subjects = (f"changes-{number}" for number in count())

    def allow(self, topic: str, kind: str, older: Any, newer: Any) -> bool:
        is_input = TOPICS[topic].direction == "in"
        if kind == "json" and is_input:
            added = sorted(words(newer) - words(older))
            newer = with_the_fields_of(older, without_values(newer, added))
        subject = next(self._subjects)
        self._client.register_schema(subject, Schema(orjson.dumps(older).decode(), kind.upper()))
        self._client.set_compatibility(subject, "BACKWARD" if is_input else "FORWARD")
        schema = Schema(orjson.dumps(newer).decode(), kind.upper())
        return self._client.test_compatibility(subject, schema)


def with_the_fields_of(older: Any, newer: Any) -> Any:
    """The newer schema without the fields that only it names.

    They were ignored before, so nobody can have meant anything by them. To a registry they are a
    change: before, anything might have stood there.
    """

    def cut(older: Any, newer: Any) -> Any:
        named = older["properties"]
        fields = {name: field for name, field in newer["properties"].items() if name in named}
        return {**newer, "properties": fields}

    inner = older.get("definitions", {})
    definitions = {
        name: cut(inner[name], schema) if name in inner else schema
        for name, schema in newer.get("definitions", {}).items()
    }
    return {**cut(older, newer), **({"definitions": definitions} if definitions else {})}


def words(schema: Any) -> set[str]:
    """The values of all enumerations."""
    inner = schema if isinstance(schema, list) else schema.values()
    found = [words(each) for each in inner if isinstance(each, dict | list)]
    named = schema.get("enum", ()) if isinstance(schema, dict) else ()
    return set().union(*found, (each for each in named if isinstance(each, str)))


def without_values(schema: Any, values: Sequence[str]) -> Any:
    """The schema without values, and without what holds only where a field has one of them.

    They were refused before, so nobody can have written them. A registry compares conditions by
    how they are written.
    """
    if isinstance(schema, list):
        return [without_values(each, values) for each in schema if each not in values]
    if not isinstance(schema, dict):
        return schema
    condition = schema.get("if", {}).get("properties", {})
    if any(field.get("const") in values for field in condition.values()):
        return without_values(schema["else"], values)
    return {name: without_values(each, values) for name, each in schema.items()}


@pytest.fixture(scope="module")
def rules(registry: Registry) -> Rules:
    return Rules(registry.url)


def released(topic: str, kind: str) -> Any:
    if kind == "avro":
        return orjson.loads((RELEASED / f"{topic}.avsc").read_bytes())
    text = (RELEASED / f"{topic}.schema.json").read_text().replace("$defs", "definitions")
    return {**orjson.loads(text), "$schema": DRAFT_7}


def with_field(schema: Any, name: str, is_required: bool) -> Any:
    """The schema with one more field, of text."""
    if schema["type"] == "record":
        optional = {"name": name, "type": ["null", "string"], "default": None}
        field = {"name": name, "type": "string"} if is_required else optional
        return {**schema, "fields": [*schema["fields"], field]}
    properties = {**schema["properties"], name: {"type": "string"}}
    required = [*schema.get("required", []), *([name] if is_required else [])]
    return {**schema, "properties": properties, "required": required}


def with_other_type(schema: Any) -> Any:
    """The schema with another type of its last field."""
    if schema["type"] == "record":
        *others, last = schema["fields"]
        return {**schema, "fields": [*others, {"name": last["name"], "type": "bytes"}]}
    name = list(schema["properties"])[-1]
    return {**schema, "properties": {**schema["properties"], name: {"type": "boolean"}}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("topic", TOPICS_BEFORE)
def test_a_schema_fits_the_one_that_was_last_released(topic: str, kind: str, rules: Rules) -> None:
    assert rules.allow(topic, kind, released(topic, kind), orjson.loads(schema_text(topic, kind)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("topic", ["purchases", "decisions"])
def test_a_field_more_that_may_be_absent_is_no_breach(topic: str, kind: str, rules: Rules) -> None:
    schema = released(topic, kind)
    assert rules.allow(topic, kind, schema, with_field(schema, "note", is_required=False))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("topic", ["purchases", "decisions"])
def test_another_type_of_a_field_is_a_breach(topic: str, kind: str, rules: Rules) -> None:
    schema = released(topic, kind)
    assert not rules.allow(topic, kind, schema, with_other_type(schema))


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_that_needs_a_field_more_is_a_breach(kind: str, rules: Rules) -> None:
    schema = released("purchases", kind)
    newer = with_field(schema, "note", is_required=True)
    assert not rules.allow("purchases", kind, schema, newer)


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_that_has_a_field_less_is_a_breach(kind: str, rules: Rules) -> None:
    schema = released("decisions", kind)
    older = with_field(schema, "note", is_required=True)
    assert not rules.allow("decisions", kind, older, schema)
