"""What decoding fills in, accepts and refuses, beyond the examples of the contract."""

from typing import Any

import orjson
import pytest

from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.records import (
    Candidate,
    Dismissal,
    Event,
    Impression,
    OrderProduct,
    Preference,
    Product,
    Purchase,
    Request,
)

NOW = 1_700_000_000_000
DAY = 86_400_000
MIB = 1_048_576
REQUEST = {"request_id": "r1", "candidates": [{"product_id": "p1"}]}
DISMISSAL = {"event_id": "e1", "reason": "not_interested"}


def read(topic: str, value: object, key: bytes | None = b"u1") -> Event:
    return decode(topic, key, orjson.dumps(value), NOW)


def refusal(topic: str, value: object, key: bytes | None = b"u1") -> tuple[str, str]:
    with pytest.raises(InvalidRecord) as caught:
        decode(topic, key, value if isinstance(value, bytes) else orjson.dumps(value), NOW)
    return caught.value.code, caught.value.detail


def dismissal(**fields: Any) -> Dismissal:
    event = read("dismissals", {"event_id": "e1", "action": "restored", **fields})
    assert isinstance(event, Dismissal)
    return event


def test_user_and_time_come_from_the_record_where_the_value_has_none() -> None:
    event = read("preferences", {"event_id": "e1"})
    assert event == Preference(event_id="e1", user_id="u1", ts=NOW)


def test_user_and_time_of_the_value_stand() -> None:
    fields = {"impression_id": "i", "product_id": "p", "user_id": "ü", "ts": NOW - 5}
    assert read("impressions", fields, None) == Impression(**fields)


def test_a_request_without_options_is_for_display_on_somebody_elses_site() -> None:
    event = read("impression-requests", REQUEST)
    assert event == Request(
        request_id="r1",
        user_id="u1",
        ts=NOW,
        channel="display",
        own_site=False,
        candidates=[Candidate(product_id="p1")],
    )


def test_numbers_keep_the_type_that_they_had() -> None:
    candidates = [{"product_id": "a", "price": 10}, {"product_id": "b", "price": 10.0}]
    event = read("impression-requests", {**REQUEST, "candidates": candidates})
    assert isinstance(event, Request)
    assert [type(candidate.price) for candidate in event.candidates] == [int, float]


def test_a_null_deep_inside_counts_as_absent() -> None:
    products = [{"product_id": "p1", "quantity": None, "brand": None}]
    event = read(
        "purchases",
        {"event_id": "e", "event": "order_completed", "order_id": "o", "products": products},
    )
    assert isinstance(event, Purchase)
    assert event.products == [OrderProduct(product_id="p1", quantity=1)]


@pytest.mark.parametrize("products", [5, [{"product_id": 5}], [{"product_id": "p1"}], None])
@pytest.mark.parametrize("kind", ["order_cancelled", "order_reinstated"])
def test_the_products_of_what_is_about_the_whole_order_are_ignored(
    kind: str, products: object
) -> None:
    about = {"event_id": "e", "event": kind, "order_id": "o"}
    event = read("purchases", {**about, "products": products})
    assert isinstance(event, Purchase)
    assert event.products is None


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({}, None),
        ({"product_id": "p"}, ("product_id", "p")),
        ({"product_id": "p", "brand": "b", "advertiser_id": "a"}, ("product_id", "p")),
        ({"category": "c"}, ("category", "c")),
        ({"brand": "b"}, ("brand", "b")),
        ({"advertiser_id": "a"}, ("advertiser_id", "a")),
    ],
)
def test_a_dismissal_knows_its_target(
    fields: dict[str, str], target: tuple[str, str] | None
) -> None:
    assert dismissal(**fields).target == target


@pytest.mark.parametrize(
    "names",
    [
        ("product_id", "category"),
        ("category", "brand"),
        ("category", "advertiser_id"),
        ("brand", "advertiser_id"),
        ("product_id", "category", "brand"),
    ],
)
def test_more_than_one_target_is_an_unknown_value(names: tuple[str, ...]) -> None:
    code, detail = refusal("dismissals", {**DISMISSAL, **dict.fromkeys(names, "x")})
    assert code == "unknown_value"
    assert "expected at most one target" in detail


def test_a_value_of_exactly_one_mebibyte_is_read() -> None:
    value = orjson.dumps(REQUEST)
    event = decode("impression-requests", b"u1", value + b" " * (MIB - len(value)), NOW)
    assert isinstance(event, Request)


def test_a_value_over_one_mebibyte_is_too_large_whatever_it_holds() -> None:
    assert refusal("purchases", b"{" * (MIB + 1))[0] == "too_large"


def test_a_record_may_be_a_day_ahead_of_its_timestamp() -> None:
    event = read("impression-requests", {**REQUEST, "ts": NOW + DAY})
    assert event.ts == NOW + DAY


def test_a_record_may_be_ten_years_behind_its_timestamp_and_no_longer() -> None:
    event = read("impression-requests", {**REQUEST, "ts": NOW - 3_653 * DAY})
    assert event.ts == NOW - 3_653 * DAY
    code, detail = refusal("impression-requests", {**REQUEST, "ts": NOW - 3_653 * DAY - 1})
    assert code == "past_timestamp"
    assert detail.startswith("ts: expected milliseconds, at most 3,653 days before")


def test_a_time_in_seconds_is_refused() -> None:
    code, detail = refusal("impression-requests", {**REQUEST, "ts": NOW // 1000})
    assert (code, detail.endswith("got 1700000000")) == ("past_timestamp", True)


@pytest.mark.parametrize(
    ("fields", "is_gift"), [({}, False), ({"gift": None}, False), ({"gift": True}, True)]
)
def test_a_product_is_a_gift_only_where_the_order_says_so(
    fields: dict[str, object], is_gift: bool
) -> None:
    bought = {"event_id": "e", "event": "order_completed", "order_id": "o"}
    event = read("purchases", {**bought, "products": [{"product_id": "p", **fields}]})
    assert isinstance(event, Purchase)
    assert [product.gift for product in event.products or ()] == [is_gift]


def test_a_wrong_field_is_reported_before_a_wrong_key_and_a_wrong_time() -> None:
    value = {**REQUEST, "user_id": "u2", "ts": NOW + 2 * DAY}
    assert refusal("impression-requests", {**value, "site": 1})[0] == "wrong_type"
    assert refusal("impression-requests", value)[0] == "key_mismatch"


def test_whom_a_record_is_about_is_reported_before_its_other_fields() -> None:
    assert refusal("preferences", {"user_id": 5}) == (
        "wrong_type",
        "user_id: expected a string, got a number",
    )


def test_a_rule_between_fields_is_reported_in_the_order_of_the_fields() -> None:
    code, detail = refusal("dismissals", {"event_id": "e1", "product_id": "p1", "price": "5"})
    assert code == "missing_field"
    assert detail.startswith("reason: ")


def test_the_smallest_quantity_is_not_blamed_for_a_mistake_after_it() -> None:
    products = [{"product_id": "p1", "quantity": 1, "price": "5"}]
    order = {"event_id": "e", "event": "order_completed", "order_id": "o", "products": products}
    _, detail = refusal("purchases", order)
    assert detail == "products[0].price: expected a number, got a string"


def test_json_nested_too_deep_is_refused_like_any_other_bad_json() -> None:
    assert refusal("purchases", b'{"a":' * 5000)[0] == "not_json"


def test_deep_nesting_in_a_field_beyond_the_contract_is_ignored() -> None:
    deep = b'{"event_id":"e1","sensitive_topics":null,"x":' + b"[" * 1000 + b"]" * 1000 + b"}"
    assert decode("preferences", b"u1", deep, NOW) == Preference(
        event_id="e1", user_id="u1", ts=NOW
    )


def test_what_was_got_is_quoted_up_to_forty_characters() -> None:
    _, detail = refusal("dismissals", {**DISMISSAL, "reason": "x" * 41})
    assert detail.endswith(f', got "{"x" * 40}…"')


def test_a_quote_escapes_what_could_not_be_read() -> None:
    _, detail = refusal("dismissals", {**DISMISSAL, "reason": 'a"\n'})
    assert detail.endswith(r', got "a\"\n"')


def test_an_error_reads_as_code_and_detail() -> None:
    error = InvalidRecord("wrong_type", "key: expected UTF-8 text")
    assert str(error) == "wrong_type: key: expected UTF-8 text"


def test_a_topic_without_persons_cannot_be_decoded_as_one() -> None:
    with pytest.raises(KeyError):
        decode("catalog", b"p1", b"{}", NOW)


def test_a_product_is_named_by_its_key() -> None:
    assert decode_product(b"p1", b'{"sensitive":null,"price":5}') == ("p1", Product(price=5))


def test_a_product_may_be_named_by_its_value() -> None:
    assert decode_product(None, b'{"product_id":"p1"}') == ("p1", Product())


@pytest.mark.parametrize("value", [None, b"null"])
def test_null_removes_a_product(value: bytes | None) -> None:
    assert decode_product(b"p1", value) == ("p1", None)
