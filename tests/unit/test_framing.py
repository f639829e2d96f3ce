"""Values framed with the id of their schema, as a registry's producers write them."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.adapters.formats import readers_of
from schemas.decoding import MAX_VALUE_BYTES, InvalidRecord
from schemas.framing import ID_HEADER, Frame, frame_of, framed, framed_readers, unframed
from schemas.registered import json_of, schemas_of, unknown
from tests.builders import NOW

GUID = "f4b9bb0c-7ee4-4a6c-9de7-8e5f4a4f6e52"


@given(st.integers(0, 2**32 - 1), st.binary())
def test_what_was_put_into_a_frame_comes_out_of_it(schema_id: int, content: bytes) -> None:
    assert frame_of(framed(schema_id, content), ()) == Frame(schema_id, content)


def test_a_guid_in_a_header_is_an_id_and_leaves_the_value_bare() -> None:
    headers = [("trace", b"1"), (ID_HEADER, b"\1" + UUID(GUID).bytes)]
    assert frame_of(b"{}", headers) == Frame(GUID, b"{}")


def test_a_guid_may_stand_before_the_value_too() -> None:
    assert frame_of(b"\1" + UUID(GUID).bytes + b"{}", ()) == Frame(GUID, b"{}")


@pytest.mark.parametrize("value", [b"", b"{}", b" 1", b"null", b"\xff", b"\2\0\0\0\1"])
def test_what_does_not_begin_as_a_frame_is_without_one(value: bytes) -> None:
    assert frame_of(value, ()) is None


@pytest.mark.parametrize("value", [b"\0", b"\0\0\0\1", b"\1", b"\1" * 16])
def test_a_frame_that_breaks_off_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidRecord, match="not_json: value: expected the id of a schema"):
        frame_of(value, ())


@pytest.mark.parametrize("content", [None, b"", b"1", b"\0\0\0\0\1more"])
def test_a_header_that_holds_something_else_than_an_id_is_refused(content: bytes | None) -> None:
    with pytest.raises(InvalidRecord, match="header __value_schema_id: expected"):
        frame_of(b"{}", [(ID_HEADER, content)])


def test_what_is_written_by_a_schema_is_read_by_it() -> None:
    schemas = {7: bytes.upper}
    assert unframed(schemas, framed(7, b"a"), ()) == b"A"
    assert unframed(schemas, b"a", ()) == b"a"
    assert unframed(schemas, None, ()) is None


def test_a_value_that_is_too_large_is_left_for_decoding_to_refuse() -> None:
    value = framed(7, b" " * MAX_VALUE_BYTES)
    assert unframed({}, value, ()) is value


def test_a_frame_may_hold_an_event_of_any_format() -> None:
    event = b'{"type":"track","event":"Product Removed","messageId":"m","userId":"ann",\
"properties":{"product_id":"mug"}}'
    readers = framed_readers(readers_of({"purchases": "segment"}), ["purchases"], {7: bytes})
    dismissal: Any = readers["purchases"](b"ann", framed(7, event), NOW, ())
    assert (dismissal.reason, dismissal.product_id) == ("removed_from_cart", "mug")


@pytest.mark.parametrize(
    ("kind", "schema", "detail"),
    [
        ("PROTOBUF", "", "value: expected a schema of JSON or Avro, got 7, of PROTOBUF"),
        ("AVRO", '{"type": "nothing"}', "value: schema 7 cannot be used: no schema of Avro"),
        ("AVRO", "{", "value: schema 7 cannot be used: no schema of Avro"),
    ],
)
def test_a_schema_that_cannot_be_used_is_told_of_each_value(
    kind: str, schema: str, detail: str
) -> None:
    with pytest.raises(InvalidRecord) as refused:
        json_of(kind, 7, [schema])(b"")
    assert refused.value.code == "unknown_value"
    assert refused.value.detail.startswith(detail)


def test_so_is_one_that_the_registry_does_not_have() -> None:
    with pytest.raises(InvalidRecord, match=r"unknown_value: .* that the registry has, got 7"):
        unknown(7)(b"")


def test_topics_and_their_kinds_are_read_from_one_text() -> None:
    assert schemas_of(" purchases = avro, decisions=json,") == {
        "purchases": "avro",
        "decisions": "json",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dead-letters=json", "expected one of identities, .* before =, got 'dead-letters=json'"),
        ("purchases", "purchases: expected one of avro, json after =, got 'purchases'"),
        ("purchases=xml", "purchases: expected .* after =, got 'purchases=xml'"),
        ("purchases=json,purchases=avro", "purchases: expected once, got it twice"),
    ],
)
def test_a_mistake_in_that_text_is_told(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        schemas_of(text)
