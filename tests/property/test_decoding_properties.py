"""Decoding, its explanations and the generated JSON Schema say the same of any input."""

import json
import math
import re
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.decoding import InvalidRecord, decode, decode_closely, decode_product
from schemas.fields import DismissalReason
from schemas.json_schema import schema_file
from schemas.outputs import ErrorCode
from schemas.problems import first_problem
from schemas.records import Event
from schemas.topics import PERSON_TOPICS, TOPICS
from tests.property.bad_input import timestamps, values

NOW = 1_700_000_000_000
ERROR_CODES = get_args(ErrorCode)
FIELD_ERRORS = ("missing_field", "wrong_type", "unknown_value")
BETWEEN_FIELDS = "person_id: expected another id"
"""What JSON Schema cannot say: that two ids are not the same."""
VALIDATORS = {
    name: Draft202012Validator(schema_file(TOPICS[name])) for name in (*PERSON_TOPICS, "catalog")
}

texts = st.text(max_size=3)
# JSON Schema calls 1.0 an integer and the contract does not, so that no such float is drawn.
numbers = st.integers(-(2**63), 2**64 - 1) | st.integers(-2, 5).map(lambda number: number + 0.5)
scalars = st.none() | st.booleans() | numbers | texts
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def mostly(valid: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The valid values, now and then something else."""
    odd = {0: json_values, 1: texts}
    return st.integers(0, 20).flatmap(lambda dice: odd.get(dice, valid))


def objects(
    required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with such fields, now and then with one that is missing, null or of another type."""
    return st.fixed_dictionaries(
        {name: mostly(field) for name, field in required.items()},
        optional={name: mostly(field | st.none()) for name, field in optional.items()},
    ).flatmap(lambda value: st.sampled_from([value] * 15 + [without_one(value)]))


def without_one(value: dict[str, Any]) -> dict[str, Any]:
    return dict(list(value.items())[1:])


names = st.sampled_from(["a", "b"])
prices = st.sampled_from([0, 9.5, 10])
times = st.integers(0, NOW)
categories = st.lists(names, max_size=2)
attributes = {
    "item_group_id": names,
    "categories": categories,
    "brand": names,
    "advertiser_id": names,
}
of_every_person_record = {"user_id": st.just("u1"), "ts": times}
candidates = objects(
    {"product_id": names},
    {
        "price": prices,
        "currency": names,
        "interest_at": times,
        "basis": st.sampled_from(["given", "observed", "inferred"]),
        "sources": categories,
        **attributes,
    },
)
order_products = objects(
    {"product_id": names},
    {"quantity": st.integers(0, 3), "price": prices, "gift": st.booleans(), **attributes},
)
consents = st.sampled_from(["granted", "denied"])
targets = (
    objects({}, {"product_id": names, **dict.fromkeys(("brand", "advertiser_id"), names)})
    | (st.sampled_from(["category", "brand", "advertiser_id"]).map(lambda name: {name: "a"}))
    | objects({}, dict.fromkeys(("product_id", "category", "brand", "advertiser_id"), names))
)
VALUES = {
    "identities": objects(
        {
            "event_id": names,
            "action": st.sampled_from(["signed_in", "signed_out", "linked", "unlinked"]),
        },
        {
            **of_every_person_record,
            "person_id": st.sampled_from(["a", "b", "u1", ""]),
            "method": st.sampled_from(["authenticated", "declared", "observed", "inferred"]),
        },
    ),
    "preferences": objects(
        {"event_id": names},
        {**of_every_person_record, "personalised_ads": consents, "sensitive_topics": consents},
    ),
    "purchases": objects(
        {
            "event_id": names,
            "event": st.sampled_from(
                ["order_completed", "order_refunded", "order_cancelled", "order_reinstated"]
            ),
            "order_id": names,
        },
        {**of_every_person_record, "products": st.lists(order_products, max_size=2)},
    ),
    "dismissals": st.builds(
        dict[str, Any].__or__,
        objects(
            {"event_id": names, "reason": st.sampled_from(get_args(DismissalReason))},
            {
                **of_every_person_record,
                "action": st.sampled_from(["dismissed", "restored"]),
                "price": prices,
                "currency": names,
                "item_group_id": names,
                "categories": categories,
            },
        ),
        targets,
    ),
    "impressions": objects(
        {"impression_id": names, "product_id": names},
        {**of_every_person_record, "request_id": names},
    ),
    "impression-requests": objects(
        {"request_id": names, "candidates": st.lists(candidates, max_size=2)},
        {
            **of_every_person_record,
            "site": names,
            "channel": st.sampled_from(["display", "email", "onsite"]),
            "own_site": st.booleans(),
        },
    ),
    "catalog": objects(
        {},
        {
            "product_id": st.just("u1"),
            **attributes,
            "price": prices,
            "currency": names,
            "sensitive": st.booleans(),
            "replenish_days": prices,
        },
    ),
}
keys = st.none() | st.just(b"u1") | st.binary(max_size=3)


def refusal(topic: str, key: bytes | None, value: bytes | None) -> InvalidRecord | None:
    """The refusal of the record; None when it is accepted."""
    try:
        if topic == "catalog":
            decode_product(key, value)
        else:
            decode(topic, key, value, NOW)
    except InvalidRecord as refused:
        return refused
    return None


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@given(topic=st.sampled_from(list(VALUES)), key=keys, value=st.none() | st.binary())
def test_any_bytes_are_decoded_or_refused(
    topic: str, key: bytes | None, value: bytes | None
) -> None:
    refused = refusal(topic, key, value)
    assert refused is None or refused.code in ERROR_CODES


@given(topic=st.sampled_from(list(VALUES)), key=keys, value=json_values)
def test_any_json_is_decoded_or_refused(topic: str, key: bytes | None, value: object) -> None:
    refused = refusal(topic, key, orjson.dumps(value))
    assert refused is None or refused.code in ERROR_CODES


@pytest.mark.parametrize("topic", VALUES)
@given(data=st.data())
def test_the_explanation_finds_a_problem_exactly_where_the_type_does_not_fit(
    topic: str, data: st.DataObject
) -> None:
    value = {"user_id": "u1", "ts": NOW, **without_nulls(data.draw(VALUES[topic]))}
    record = TOPICS[topic].record
    assert record is not None
    try:
        msgspec.convert(value, record)
    except msgspec.ValidationError:
        assert first_problem(record, value) is not None
    else:
        assert first_problem(record, value) is None


@pytest.mark.parametrize("topic", VALUES)
@given(data=st.data(), key=keys)
def test_what_is_wrong_with_a_field_is_said_with_its_path(
    topic: str, data: st.DataObject, key: bytes | None
) -> None:
    refused = refusal(topic, key, orjson.dumps(data.draw(VALUES[topic])))
    if refused is not None and refused.code in FIELD_ERRORS:
        record = TOPICS[topic].record
        assert record is not None
        field = re.split(r"[.:\[]", refused.detail)[0]
        assert field in (*record.__struct_fields__, "key", "product_id")


@pytest.mark.parametrize("topic", VALUES)
@given(data=st.data(), key=keys)
def test_a_null_counts_as_absent_wherever_it_stands(
    topic: str, data: st.DataObject, key: bytes | None
) -> None:
    value = data.draw(VALUES[topic])
    with_nulls = refusal(topic, key, orjson.dumps(value))
    without = refusal(topic, key, orjson.dumps(without_nulls(value)))
    assert code_and_detail(with_nulls) == code_and_detail(without)


def code_and_detail(refused: InvalidRecord | None) -> tuple[str, str] | None:
    """What a refusal says, but for the difference between null and nothing."""
    if refused is None:
        return None
    return refused.code, refused.detail.replace("got null", "got nothing")


@pytest.mark.parametrize("topic", PERSON_TOPICS)
@given(data=st.data(), key=keys, timestamp=timestamps)
def test_what_is_read_typed_is_what_reading_closely_comes_to(
    topic: str, data: st.DataObject, key: bytes | None, timestamp: int
) -> None:
    value = data.draw(VALUES[topic].map(orjson.dumps) | values(topic))
    typed, closely = (
        outcome(read, topic, key, value, timestamp) for read in (decode, decode_closely)
    )
    if closely == NOT_JSON and value is not None and has_too_large_a_number(value):
        assert typed[0] in (
            NOT_JSON[0],
            "read",
        )  # unless the field is of the contract, it is passed over
    else:
        assert typed == closely


NOT_JSON = ("not_json",)


def outcome(
    read: Callable[..., Event], topic: str, key: bytes | None, value: bytes | None, timestamp: int
) -> tuple[Any, ...]:
    """The record with the types of its numbers, or the code and the words of its refusal."""
    try:
        return "read", repr(read(topic, key, value, timestamp))
    except InvalidRecord as refused:
        return (refused.code, refused.detail) if refused.code != "not_json" else NOT_JSON


def has_too_large_a_number(value: bytes) -> bool:
    """Whether a value is JSON but for a number that no double holds."""
    numbers: list[float] = []

    def note(text: str) -> float:
        numbers.append(float(text))
        return 0.0

    try:
        json.loads(value, parse_float=note, parse_int=note)
    except (ValueError, RecursionError):
        return False
    return any(abs(number) == math.inf for number in numbers)


@pytest.mark.parametrize("topic", VALUES)
@given(data=st.data())
def test_the_json_schema_accepts_exactly_the_fields_that_decoding_accepts(
    topic: str, data: st.DataObject
) -> None:
    value = data.draw(VALUES[topic])
    refused = refusal(topic, b"u1", orjson.dumps(value))
    wrong_field = refused is not None and refused.code in FIELD_ERRORS
    if refused is None or not refused.detail.startswith(BETWEEN_FIELDS):
        assert VALIDATORS[topic].is_valid(value) != wrong_field
