"""Avro schema for the value of every topic, from its record type (SPEC 2).

Avro has no rules between fields; what a type cannot say, decoding still checks. Where a value may
be absent in JSON it is null here, and reads as absent. Words of a fixed set are strings, so that a
word more is no other schema.
"""

from typing import Any

from msgspec import inspect

from schemas.json_schema import FILLED_IN
from schemas.topics import Topic

Schema = dict[str, Any]

NAMESPACE = "unhaunt"

_OPTIONAL_STRING: list[Any] = ["null", "string"]


def avro_schema(topic: Topic) -> Schema:
    """The Avro schema of a topic's values. Raises `ValueError` for one without a record type."""
    if topic.record is None:
        raise ValueError(f"topic {topic.name} passes values on as received: it has no record type")
    known = inspect.type_info(topic.record)
    assert isinstance(known, inspect.StructType)
    schema = _record(known, set(), FILLED_IN if topic.direction == "in" else ())
    if topic.key is not None and all(field["name"] != topic.key for field in schema["fields"]):
        doc = "The key when absent; otherwise equal to it."
        key = {"name": topic.key, "doc": doc, "type": _OPTIONAL_STRING, "default": None}
        schema["fields"].insert(0, key)
    return {**schema, "namespace": NAMESPACE}


def _record(known: inspect.StructType, named: set[str], optional: tuple[str, ...] = ()) -> Schema:
    """A record's schema; those in `named` were written out before, and their names are enough."""
    named.add(known.cls.__name__)
    return {
        "type": "record",
        "name": known.cls.__name__,
        "doc": (known.cls.__doc__ or "").strip(),
        "fields": [_field(field, named, field.name in optional) for field in known.fields],
    }


def _field(field: inspect.Field, named: set[str], is_filled_in: bool) -> Schema:
    schema: Schema = {"name": field.encode_name}
    kind = field.type
    while isinstance(kind, inspect.Metadata):
        schema["doc"] = (kind.extra_json_schema or {}).get("description", "")
        kind = kind.type
    types = _types(kind, named)
    if is_filled_in or not field.required:
        types = ["null", *(one for one in types if one != "null")]
    schema["type"] = types if len(types) > 1 else types[0]
    return {**schema, "default": None} if types[0] == "null" else schema


def _types(kind: inspect.Type, named: set[str]) -> list[Any]:
    """The alternatives, null first and no two of them numbers."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if not isinstance(kind, inspect.UnionType):
        return [_type(kind, named)]
    types = [one for part in kind.types for one in _types(part, named)]
    if "double" in types:
        types = [one for one in types if one != "long"]
    return sorted(types, key=lambda one: one != "null")


def _type(kind: inspect.Type, named: set[str]) -> Any:
    match kind:
        case inspect.StrType() | inspect.LiteralType():
            return "string"
        case inspect.IntType():
            return "long"
        case inspect.FloatType():
            return "double"
        case inspect.BoolType():
            return "boolean"
        case inspect.NoneType():
            return "null"
        case inspect.ListType() | inspect.VarTupleType():
            return {"type": "array", "items": _types(kind.item_type, named)[0]}
        case inspect.DictType():
            return {"type": "map", "values": _types(kind.value_type, named)[0]}
        case inspect.StructType() if kind.cls.__name__ in named:
            return kind.cls.__name__
        case inspect.StructType():
            return _record(kind, named)
    raise TypeError(f"{kind}: no type of Avro is known for it")
