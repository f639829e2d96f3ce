"""Values in Avro, by the contract's schemas and by others."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import generate
from schemas.avro import avro_reader, avro_writer
from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.registered import SCHEMA_TOPICS, schema_text
from schemas.topics import PERSON_TOPICS
from tests.builders import NOW

EXAMPLES = Path(generate.__file__).parent / "examples"
UNTYPED = "-products-ignored"
"""Have something else than a list where it does not matter, which Avro cannot write."""


def valid_examples() -> list[Any]:
    return [
        pytest.param(topic, path, id=f"{topic}/{path.stem}")
        for topic in SCHEMA_TOPICS
        for path in sorted((EXAMPLES / topic).glob("valid-*.json"))
        if not path.stem.endswith(UNTYPED)
        and orjson.loads(path.read_bytes()).get("value") is not None
    ]


def decoded(topic: str, key: bytes | None, value: bytes, timestamp: int) -> object:
    if topic in PERSON_TOPICS:
        return decode(topic, key, value, timestamp)
    return decode_product(key, value) if topic == "catalog" else orjson.loads(value)


@pytest.mark.parametrize(("topic", "path"), valid_examples())
def test_a_valid_example_says_the_same_in_avro(topic: str, path: Path) -> None:
    example = orjson.loads(path.read_bytes())
    key = None if example["key"] is None else example["key"].encode()
    schema = schema_text(topic, "avro")
    in_avro = avro_reader(1, [schema])(avro_writer(schema)(example["value"]))
    expected = decoded(topic, key, orjson.dumps(example["value"]), example["timestamp"])
    again = decoded(topic, key, in_avro, example["timestamp"])
    if topic not in (*PERSON_TOPICS, "catalog"):
        again = without_nulls(again, expected)
    assert again == expected


def without_nulls(value: Any, model: Any) -> Any:
    """What Avro has as null and JSON does not have at all, left out."""
    if isinstance(value, list):
        return [without_nulls(*pair) for pair in zip(value, model, strict=True)]
    if not isinstance(value, dict):
        return value
    return {
        name: without_nulls(field, model.get(name))
        for name, field in value.items()
        if field is not None or name in model
    }


@given(st.sampled_from(SCHEMA_TOPICS), st.binary(max_size=200))
def test_whatever_the_bytes_are_they_are_read_or_refused(topic: str, content: bytes) -> None:
    expected = "not_json: value: expected Avro of schema 7, got other bytes ("
    try:
        orjson.loads(avro_reader(7, [schema_text(topic, "avro")])(content))
    except InvalidRecord as refused:
        refusal = str(refused)
    else:
        refusal = expected
    assert refusal.startswith(expected)


def test_bytes_beyond_the_value_are_refused() -> None:
    with pytest.raises(InvalidRecord, match="1 bytes more than it takes"):
        avro_reader(7, ['"long"'])(b"\2\2")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            at := datetime(2023, 11, 14, 22, 13, 20, 250_000, UTC),
            NOW + 250,
        ),
        ({"type": "long", "logicalType": "timestamp-micros"}, at, NOW + 250),
        (
            {"type": "long", "logicalType": "local-timestamp-millis"},
            at.replace(tzinfo=None),
            NOW + 250,
        ),
        ({"type": "int", "logicalType": "date"}, date(2023, 11, 14), "2023-11-14"),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
            Decimal("12.50"),
            12.5,
        ),
        ("bytes", "grün".encode(), "grün"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, "b", "b"),
    ],
)
def test_avros_types_become_those_of_the_contract(
    kind: Any, value: object, expected: object
) -> None:
    written = BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(kind), value)
    assert (
        orjson.loads(avro_reader(7, [orjson.dumps(kind).decode()])(written.getvalue())) == expected
    )


def test_bytes_that_are_no_text_have_no_json() -> None:
    with pytest.raises(InvalidRecord, match="expected Avro of schema 7"):
        avro_reader(7, ['"bytes"'])(b"\2\xff")


def test_a_schema_may_name_others_that_come_before_it() -> None:
    price = '{"type": "record", "name": "Price", "fields": [{"name": "amount", "type": "long"}]}'
    offer = '{"type": "record", "name": "Offer", "fields": [{"name": "price", "type": "Price"}]}'
    assert avro_reader(7, [price, offer])(b"\2") == b'{"price":{"amount":1}}'


# --- schemas by which few bytes stand for much ---------------------------------------------------

LIST = '{"type": "record", "name": "shop.List", "fields": [{"name": "next", "type": %s}]}'


@pytest.mark.parametrize(
    ("schemas", "problem"),
    [
        ([LIST % '["null", "shop.List"]'], "shop.List contains itself"),
        ([LIST % '{"type": "array", "items": "shop.List"}'], "shop.List contains itself"),
        ([LIST % '{"type": "map", "values": "shop.List"}'], "shop.List contains itself"),
        (['{"type": "array", "items": "null"}'], "items that take no bytes"),
        ([LIST % '"null"', '{"type": "array", "items": "shop.List"}'], "items that take no bytes"),
        (
            ['{"type": "array", "items": {"type": "fixed", "name": "f", "size": 0}}'],
            "items that take no bytes",
        ),
        (['{"type": "array", "items": ' * 1_000 + '"long"' + "}" * 1_000], "no schema of Avro"),
    ],
)
def test_a_schema_by_which_few_bytes_could_stand_for_much_is_not_read_by(
    schemas: list[str], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        avro_reader(7, schemas)


def test_a_schema_may_name_another_more_than_once() -> None:
    price = '{"type": "record", "name": "p.Price", "fields": [{"name": "n", "type": "long"}]}'
    offer = (
        '{"type": "record", "name": "p.Offer", "fields": [{"name": "was", "type": "p.Price"}, '
        '{"name": "is", "type": {"type": "array", "items": ["null", "p.Price"]}}, '
        '{"name": "kind", "type": {"type": "enum", "name": "p.Kind", "symbols": ["A"]}}]}'
    )
    read = avro_reader(7, [price, offer])
    assert read(b"\2\2\2\2\0\0") == b'{"was":{"n":1},"is":[{"n":1}],"kind":"A"}'
