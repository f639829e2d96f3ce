"""Whatever stands on an input topic is read as a record of the contract or refused with a code."""

from typing import get_args

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decoding import MAX_VALUE_BYTES, InvalidRecord, decode, decode_product
from schemas.outputs import ErrorCode
from schemas.records import Event, Product
from tests.property.bad_input import INPUTS, NOW, keys, timestamps, values

TEN_MEBIBYTES = 10 << 20


def read(
    topic: str, key: bytes | None, value: bytes | None, timestamp: int = NOW
) -> Event | Product | InvalidRecord | None:
    """What a record is read as, or why it is refused."""
    try:
        if topic == "catalog":
            return decode_product(key, value)[1]
        return decode(topic, key, value, timestamp)
    except InvalidRecord as refused:
        return refused


@pytest.mark.parametrize("topic", INPUTS)
@given(data=st.data(), key=keys, timestamp=timestamps)
def test_any_record_is_read_or_refused_with_a_code_and_words_that_a_header_can_hold(
    topic: str, data: st.DataObject, key: bytes | None, timestamp: int
) -> None:
    record = read(topic, key, data.draw(values(topic)), timestamp)
    if isinstance(record, InvalidRecord):
        assert record.code in get_args(ErrorCode)
        assert 0 < len(record.detail.encode()) < 2_000
    else:
        orjson.dumps(msgspec.to_builtins(record))


@pytest.mark.parametrize("topic", INPUTS)
@pytest.mark.parametrize("byte", [b"[", b"{", b'"', b"0", b" ", b"\xff", b"\0"])
def test_ten_mebibytes_of_anything_are_too_large(topic: str, byte: bytes) -> None:
    refused = read(topic, b"u1", byte * TEN_MEBIBYTES)
    assert isinstance(refused, InvalidRecord)
    assert refused.code == "too_large"


@pytest.mark.parametrize("topic", INPUTS)
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_nesting_as_deep_as_a_value_may_be_long_is_no_json(topic: str, opening: bytes) -> None:
    refused = read(topic, b"u1", opening * (MAX_VALUE_BYTES // len(opening)))
    assert isinstance(refused, InvalidRecord)
    assert refused.code == "not_json"


@pytest.mark.parametrize("topic", INPUTS)
@pytest.mark.parametrize("number", [b"1e400", b"NaN", b"Infinity", b"-Infinity"])
def test_a_number_that_is_none_of_jsons_is_no_json(topic: str, number: bytes) -> None:
    refused = read(topic, b"u1", b'{"price":' + number + b"}")
    assert isinstance(refused, InvalidRecord)
    assert refused.code == "not_json"


@pytest.mark.parametrize("topic", INPUTS)
@pytest.mark.parametrize("text", [rb'"\ud800"', rb'"\udc00\ud800"', b'"\xed\xa0\x80"'])
def test_half_a_surrogate_pair_is_no_json(topic: str, text: bytes) -> None:
    refused = read(topic, b"u1", b'{"brand":' + text + b"}")
    assert isinstance(refused, InvalidRecord)
    assert refused.code == "not_json"
