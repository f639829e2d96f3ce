"""A request as ad servers ask for it: by one id of the person, or by several."""

from typing import Any

import orjson
import pytest

from schemas.asked import MOST_IDS, read_asked
from schemas.decoding import InvalidRecord
from tests.builders import NOW


def body(**fields: Any) -> bytes:
    return orjson.dumps({"request_id": "r1", "candidates": [{"product_id": "tv"}], **fields})


def ids(value: bytes) -> tuple[str, list[str]]:
    request, others = read_asked(value, NOW)
    return request.user_id, list(others)


def refusal(value: bytes) -> str:
    with pytest.raises(InvalidRecord) as refused:
        read_asked(value, NOW)
    return str(refused.value)


def test_one_id_is_the_requests() -> None:
    assert ids(body(user_id="ann")) == ("ann", [])


def test_of_several_the_first_is_the_requests_and_the_others_stand_beside_it() -> None:
    assert ids(body(user_ids=["ann", "cookie-7", "zoë"])) == ("ann", ["cookie-7", "zoë"])


def test_one_id_may_stand_in_a_list() -> None:
    assert ids(body(user_ids=["ann"])) == ("ann", [])


@pytest.mark.parametrize("fields", [{"user_id": "ann", "user_ids": None}, {"user_id": "ann"}])
def test_a_list_that_is_null_is_absent(fields: dict[str, Any]) -> None:
    assert ids(body(**fields)) == ("ann", [])


def test_an_id_that_is_null_is_absent() -> None:
    assert ids(body(user_id=None, user_ids=["ann", "bob"])) == ("ann", ["bob"])


def test_an_id_may_be_any_text() -> None:
    named = ["", " ", "\x00", "a/b", "[", '"', "😀"]
    assert ids(body(user_ids=named)) == ("", named[1:])


def test_there_may_be_as_many_as_that() -> None:
    named = [str(number) for number in range(MOST_IDS)]
    assert ids(body(user_ids=named)) == ("0", named[1:])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {},
            "missing_field: user_id: expected an id of the person, or several in user_ids, "
            "got neither",
        ),
        ({"user_ids": []}, "missing_field: user_ids: expected at least one, got none"),
        ({"user_ids": "ann"}, "wrong_type: user_ids: expected an array, got a string"),
        ({"user_ids": {}}, "wrong_type: user_ids: expected an array, got an object"),
        ({"user_ids": [1]}, "wrong_type: user_ids[0]: expected a string, got a number"),
        ({"user_ids": ["a", None]}, "wrong_type: user_ids[1]: expected a string, got null"),
        (
            {"user_ids": ["a", "b", "a"]},
            'unknown_value: user_ids[2]: expected each once, got "a" again',
        ),
        (
            {"user_ids": ["a"], "user_id": "a"},
            "unknown_value: user_ids: expected in the place of user_id, got both",
        ),
        (
            {"user_ids": [str(number) for number in range(MOST_IDS + 1)]},
            f"too_large: user_ids: expected at most {MOST_IDS}, got {MOST_IDS + 1}",
        ),
        (
            {"user_ids": ["a", "b"], "channel": "fax"},
            "unknown_value: channel: expected one of display, email, native, onsite, push, video, "
            'got "fax"',
        ),
    ],
    ids=str,
)
def test_what_is_wrong_with_ids_is_named(fields: dict[str, Any], expected: str) -> None:
    assert refusal(body(**fields)) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"{", "not_json"),
        (b"3", "not_an_object"),
        (b'{"user_ids": ["a", "b"', "not_json"),
        (b'{"user_ids": [' + b"[" * 900, "not_json"),
        (b'{"user_ids": ["\\ud800"]}', "not_json"),
        (b'{"user_ids": ["a", "\\udc00"]}', "not_json"),
        (b'{"user_ids": [1e999]}', "not_json"),
        (b'{"user_ids": ["\xff"]}', "not_json"),
    ],
)
def test_what_is_no_json_is_said_to_be_none(value: bytes, code: str) -> None:
    assert refusal(value).startswith(f"{code}: value: expected")
