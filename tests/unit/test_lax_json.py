"""What is no JSON in an event is left out of it, and the rest counts."""

import pytest

from schemas.adapters.lax_json import read_json
from schemas.adapters.notes import Reading
from schemas.decoding import InvalidRecord


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b'{"price": NaN, "id": "a"}', {"price": None, "id": "a"}),
        (b'{"price": -Infinity, "id": "a"}', {"price": None, "id": "a"}),
        (b'\xef\xbb\xbf{"id": "a"}', {"id": "a"}),
        (b'{"name": "Lamp \\ud83d", "id": "a"}', {"name": "Lamp ?", "id": "a"}),
        (b'{"name": "Lamp\n", "id": "a"}', {"name": "Lamp\n", "id": "a"}),
        (b'{"name": "Gr\xfcn", "id": "a"}', {"name": "Gr\N{REPLACEMENT CHARACTER}n", "id": "a"}),
    ],
)
def test_the_rest_of_a_value_is_read_and_that_is_noted(value: bytes, read: object) -> None:
    reading = Reading()
    assert read_json(value, reading) == read
    assert [str(note) for note in reading.notes] == ["value: got lax JSON, read as JSON"]


def test_json_is_read_without_a_note() -> None:
    reading = Reading()
    assert read_json(b'{"id": "a"}', reading) == {"id": "a"}
    assert reading.notes == []


@pytest.mark.parametrize(
    "value", [b"", b"NaNN", b'{"id": "a"', b"{'id': 'a'}", b"[" * 100_000, b'{"price": 1e999}']
)
def test_what_is_no_json_at_all_is_refused_as_it_came(value: bytes) -> None:
    with pytest.raises(InvalidRecord) as refused:
        read_json(value, Reading())
    assert refused.value.code == "not_json"
