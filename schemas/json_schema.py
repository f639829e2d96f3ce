"""JSON Schema for the value of every topic, from its record type (SPEC 2)."""

from itertools import combinations
from typing import Any

from msgspec import Struct
from msgspec.json import schema_components

from schemas.records import Dismissal, Identity, Purchase
from schemas.rules import (
    PRODUCT_ATTRIBUTES,
    REASONS_WITHOUT_TARGET,
    SIGNED_OUT,
    TARGET_FIELDS,
    WITHOUT_PRODUCTS,
)
from schemas.topics import Topic

Schema = dict[str, Any]

FILLED_IN = ("user_id", "ts")
"""Fields of input records that may be absent on the wire: key and timestamp stand in for them."""


def schema_file(topic: Topic) -> Schema:
    """The JSON Schema 2020-12 document for a topic's values; null where it removes the key."""
    definitions = definitions_of(topic, "#/$defs/{name}")
    value = definitions.pop(_record(topic).__name__)
    if topic.cleanup == "compact":
        value["type"] = ["object", "null"]
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **value}
    return {**schema, "$defs": definitions} if definitions else schema


def definitions_of(topic: Topic, ref_template: str) -> dict[str, Schema]:
    """The schemas of a topic's record type and of the types inside it, by type name.

    Args:
        topic: a topic whose values have a record type.
        ref_template: how one refers to another, with `{name}` for the type's name.

    """
    record = _record(topic)
    definitions = struct_schemas(record, ref_template)
    if topic.direction == "in":
        _as_read(definitions, definitions[record.__name__], topic)
    return definitions


def struct_schemas(record: type[Struct], ref_template: str) -> dict[str, Schema]:
    """The schemas of a record type and of the types inside it, without rules between fields."""
    _, definitions = schema_components((record,), ref_template=ref_template)
    for schema in definitions.values():
        schema["properties"] = {
            name: _simplified(field) for name, field in schema["properties"].items()
        }
        if not schema["required"]:
            del schema["required"]
    return definitions


def _record(topic: Topic) -> type[Struct]:
    if topic.record is None:
        raise ValueError(f"topic {topic.name} passes values on as received: it has no record type")
    return topic.record


def _simplified(field: Schema) -> Schema:
    """Write alternatives as one list of types, and leave a null default out."""
    if "$ref" in field:
        return field
    alternatives = field.pop("anyOf", [field])
    types = [option.pop("type", "string") for option in alternatives]
    if "number" in types:
        types = [name for name in types if name != "integer"]
    simplified = {"description": field.pop("description"), "type": None, **field}
    for option in alternatives:
        simplified.update(option)
    if simplified.get("default", ...) is None:
        del simplified["default"]
    _set_types(simplified, types)
    return simplified


def _set_types(field: Schema, types: list[str]) -> None:
    field["type"] = types if len(types) > 1 else types[0]
    if "enum" in field and "null" in types and None not in field["enum"]:
        field["enum"].append(None)


def _as_read(definitions: dict[str, Schema], value: Schema, topic: Topic) -> None:
    """Loosen the schemas to what is accepted, and add the rules between fields."""
    if topic.key is not None and topic.key not in value["properties"]:
        key = {"description": "The key when absent; otherwise equal to it.", "type": "string"}
        value["properties"] = {topic.key: key, **value["properties"]}
    for name in FILLED_IN:
        if name in value["properties"]:
            del value["properties"][name]["default"]
    for schema in definitions.values():
        required = schema.get("required", [])
        for name, field in schema["properties"].items():
            if name not in required and isinstance(field["type"], str):
                _set_types(field, [field["type"], "null"])
    if topic.record is Purchase:
        value["allOf"] = _purchase_rules(value["properties"])
    if topic.record is Dismissal:
        value["allOf"] = _dismissal_rules()
    if topic.record is Identity:
        value["allOf"] = _identity_rules(value["properties"])


def _purchase_rules(properties: dict[str, Schema]) -> list[Schema]:
    products = properties["products"]
    properties["products"] = {"description": products.pop("description")}
    typed: Schema = {"properties": {"products": products}}
    for event in reversed(WITHOUT_PRODUCTS):
        typed = {"if": _has("event", {"const": event}), "else": typed}
    return [
        {
            "if": _has("event", {"const": "order_completed"}),
            "then": _has("products", {"type": "array"}),
        },
        typed,
    ]


def _dismissal_rules() -> list[Schema]:
    dismissed: Schema = {"action": {"enum": ["dismissed", None]}}
    needs_target = {**dismissed, "reason": {"not": {"enum": list(REASONS_WITHOUT_TARGET)}}}
    return [
        {"if": {"properties": dismissed}, "then": _has("reason", {"type": "string"})},
        {
            "if": {"properties": needs_target},
            "then": {"anyOf": [_has(name, {"type": "string"}) for name in TARGET_FIELDS]},
        },
        *(
            {"not": _two_targets(first, second)}
            for first, second in combinations(TARGET_FIELDS, 2)
            if not (first == "product_id" and second in PRODUCT_ATTRIBUTES)
        ),
    ]


def _identity_rules(properties: dict[str, Schema]) -> list[Schema]:
    for name in ("user_id", "person_id"):
        properties[name]["minLength"] = 1
    is_said_of_two = {"properties": {"action": {"not": {"const": SIGNED_OUT}}}}
    return [{"if": is_said_of_two, "then": _has("person_id", {"type": "string"})}]


def _two_targets(first: str, second: str) -> Schema:
    properties: Schema = {first: {"type": "string"}, second: {"type": "string"}}
    if {first, second} == set(PRODUCT_ATTRIBUTES):
        properties["product_id"] = {"type": "null"}
    return {"properties": properties, "required": [first, second]}


def _has(name: str, schema: Schema) -> Schema:
    return {"properties": {name: schema}, "required": [name]}
