"""More of what senders do: names, lists and ids in other words than the format's own.

Each story is after a report of somebody who does this job; ids and values are our own.
"""

from typing import Any

import orjson
import pytest

from schemas.adapters.formats import read, readers_of
from schemas.adapters.notes import Note
from tests.builders import DAY, NOW
from tests.unit.test_sender_stories import BOARD, Record, ga4, meta, record, segment, suppressed

ECOMMERCE = "com_snowplowanalytics_snowplow_ecommerce"


def json(value: object) -> str:
    return orjson.dumps(value).decode()


def criteo(**fields: Any) -> Record:
    return {"event": "trackTransaction", "id": "o1", "item": [{"id": "77"}]} | fields


def snowplow(kind: str = "transaction", **entity: Any) -> Record:
    return {
        "event_id": "s1",
        "collector_tstamp": "2023-11-14T22:13:20Z",
        "user_id": "ann",
        f"unstruct_event_{ECOMMERCE}_snowplow_ecommerce_action_1": {"type": kind},
        f"contexts_{ECOMMERCE}_transaction_1": [{"transaction_id": "o1"} | entity],
        f"contexts_{ECOMMERCE}_product_1": [{"id": "77"}],
    }


ITEMS = [{"item_id": "77"}]
BOUGHT = segment("Order Completed", order_id="o1", products=BOARD)

NAMED_OTHERWISE = [
    ("segment", segment("ORDER COMPLETED ", order_id="o1", products=BOARD)),
    ("segment", {**BOUGHT, "type": "Track"}),
    ("segment", {name: each for name, each in BOUGHT.items() if name != "type"}),
    ("auto", {name: each for name, each in BOUGHT.items() if name != "messageId"}),
    ("ga4", ga4("Purchase ", transaction_id="o1", items=ITEMS)),
    ("snowplow", snowplow("Transaction")),
    ("meta", {**meta("e1", order_id="o1", content_ids=["77"]), "event_name": "purchase"}),
    ("criteo", criteo(event=" tracktransaction")),
]


@pytest.mark.parametrize(("kind", "value"), NAMED_OTHERWISE)
def test_a_purchase_in_capitals_or_with_blanks_is_a_purchase(kind: str, value: Record) -> None:
    assert suppressed(kind, [record(value)], {"77"}) == {"77"}


@pytest.mark.parametrize(
    ("event", "properties"),
    [
        ("Order Canceled", {}),
        ("Order Updated", {"status": "Cancelled", "products": BOARD}),
        ("Order Updated", {"financial_status": "refunded", "products": BOARD}),
        ("Order Updated", {"cancelled_at": "2023-11-15T08:00:00Z", "products": BOARD}),
        ("Order Refunded", {"products": ["77"]}),
        ("Order Refunded", {"products": "77"}),
    ],
)
def test_an_order_that_is_undone_in_other_words_lifts_the_claim(
    event: str, properties: Record
) -> None:
    undone = record(segment(event, 2, order_id="o1", **properties), NOW + DAY)
    assert suppressed("segment", [record(BOUGHT), undone], {"77"}) == set()


def test_a_refund_in_part_that_does_not_say_of_what_does_not_free_the_order() -> None:
    refund = segment("Order Refunded", 2, order_id="o1", financial_status="partially_refunded")
    assert suppressed("segment", [record(BOUGHT), record(refund, NOW + DAY)], {"77"}) == {"77"}


def test_any_of_the_statuses_brings_a_cancelled_order_back() -> None:
    cancelled = record(segment("Order Cancelled", 2, order_id="o1"), NOW + 1)
    said = {"order_id": "o1", "status": "open", "financial_status": "paid", "products": BOARD}
    paid = record(segment("Order Updated", 3, **said), NOW + 2)
    assert suppressed("segment", [record(BOUGHT), cancelled, paid], {"77"}) == {"77"}


@pytest.mark.parametrize(
    "nothing", [None, "", "undefined", "[object Object]", {}, [], True], ids=repr
)
def test_a_purchase_without_the_id_of_its_order_counts(nothing: object) -> None:
    for kind, value in (
        ("segment", segment("Order Completed", order_id=nothing, products=BOARD)),
        ("ga4", ga4("purchase", transaction_id=nothing, items=ITEMS)),
        ("snowplow", snowplow(transaction_id=nothing)),
        ("meta", meta("", order_id=nothing, content_ids=["77"])),
        ("criteo", criteo(id=nothing)),
    ):
        assert suppressed(kind, [record(value)], {"77"}) == {"77"}


def test_orders_whose_id_a_template_did_not_fill_in_are_not_one_order() -> None:
    other = [{"product_id": "78"}]
    records = [
        record(segment("Order Completed", 1, order_id="undefined", products=BOARD)),
        record(segment("Order Completed", 2, order_id="undefined", products=other)),
        record(segment("Order Refunded", 3, order_id="undefined"), NOW + DAY),
    ]
    assert suppressed("segment", records, {"77", "78"}) == {"77", "78"}


LISTED_OTHERWISE: list[tuple[str, Record]] = [
    *(
        ("segment", segment("Order Completed", order_id="o1", products=products))
        for products in (
            json([{"product_id": "77"}, {"product_id": "78"}]),
            [json({"product_id": "77"}), json({"product_id": "78"})],
            {"77": {"product_id": "77"}, "78": {"product_id": "78"}},
            ["77", 78],
            "77, 78",
            [{"product_id": {}, "sku": "77"}, {"product_id": "null", "sku": "\ufeff78"}],
        )
    ),
    ("segment", {**BOUGHT, "properties": json({"order_id": "o1", "products": ["77", "78"]})}),
    ("ga4", ga4("purchase", transaction_id="o1", items=["77", "78"])),
    ("meta", meta("e1", order_id="o1", contents=["77", "78"])),
    ("meta", meta("e1", order_id="o1", content_ids="['77', '78']")),
    ("meta", {**meta("e1"), "custom_data": json({"order_id": "o1", "content_ids": "77,78"})}),
    ("criteo", criteo(item=["77", "78"])),
]


@pytest.mark.parametrize(("kind", "value"), LISTED_OTHERWISE)
def test_lines_in_another_shape_are_lines(kind: str, value: Record) -> None:
    assert suppressed(kind, [record(value)], {"77", "78"}) == {"77", "78"}


def test_what_lines_are_named_after_is_a_position_in_notes() -> None:
    products = {
        "77": {"product_id": "77", "price": 5},
        "tv-9": {"product_id": "tv-9", "price": "?"},
    }
    found: list[Note] = []
    readers = readers_of({"purchases": "segment"}, lambda _, notes: found.extend(notes))
    order = segment("Order Completed", order_id="o1", products=products)
    read(readers, "purchases", b"ann", orjson.dumps(order), NOW, [])
    assert [(note.path, note.field) for note in found] == [
        ("properties.products[tv-9].price", "properties.products.price")
    ]


def test_a_text_beside_lines_is_no_id() -> None:
    order = segment("Order Completed", order_id="o1", products=[*BOARD, "78"])
    assert suppressed("segment", [record(order)], {"77", "78"}) == {"77"}


DENIED: Record = {"categoryPreferences": {"ADVERTISING ": "opted_out"}}
NO_ADS = {"ad_personalization": "DENIED"}
EXPORTED = {"event_name": "page_view", "event_timestamp": NOW * 1000, "user_id": "ann"}
NO_CONSENT_IN_OTHER_WORDS = [
    ("segment", {**segment("Product Viewed"), "context": {"consent": DENIED}}),
    ("segment", {**segment("Product Viewed"), "context": json({"consent": DENIED})}),
    ("segment", segment("Segment Consent Preference Updated", **DENIED)),
    (
        "segment:C0004",
        {
            **segment("Product Viewed"),
            "context": {"consentManagement": {"deniedConsentIds": ["C0004"]}},
        },
    ),
    ("ga4", {"client_id": "9.9", "user_id": "ann", "consent": NO_ADS}),
    ("ga4", {**ga4("page_view"), "consent": json(NO_ADS)}),
    ("ga4", {**EXPORTED, "privacy_info": {"ads_storage": "No"}}),
    ("meta", {"data": [meta("e1", content_ids=["77"])], "data_processing_options": '["ldu"]'}),
    ("feedback", {"platform": "AdChoices", "reason": "OptOut", "user_id": "ann"}),
]
NO_CONSENT_BESIDE_AN_ORDER_THAT_IS_NONE = [
    ("segment", {**segment("Order Completed"), "context": {"consent": DENIED}}),
    ("ga4", {**ga4("purchase"), "consent": NO_ADS}),
    ("ga4", {**EXPORTED, "event_name": "purchase", "consent": NO_ADS}),
    ("meta", {**meta("e1"), "opt_out": "true"}),
]


@pytest.mark.parametrize(
    ("kind", "value"), [*NO_CONSENT_IN_OTHER_WORDS, *NO_CONSENT_BESIDE_AN_ORDER_THAT_IS_NONE]
)
def test_whoever_denied_consent_is_followed_by_nothing(kind: str, value: Record) -> None:
    assert suppressed(kind, [record(value)], {"tv-9"}) == {"tv-9"}


@pytest.mark.parametrize("word", ["Unset", "unspecified"])
def test_a_question_of_consent_that_was_not_answered_denies_nothing(word: str) -> None:
    asked = {**EXPORTED, "privacy_info": {"ads_storage": word}}
    assert suppressed("ga4", [record(asked)], {"tv-9"}) == set()


@pytest.mark.parametrize("nobody", ["undefined", "null", "[object Object]"])
def test_a_person_whom_a_template_did_not_fill_in_is_known_by_the_key(nobody: str) -> None:
    assert suppressed("segment", [record({**BOUGHT, "userId": nobody})], {"77"}) == {"77"}


@pytest.mark.parametrize("never", ["0000-00-00 00:00:00", "", False], ids=repr)
def test_a_time_of_cancellation_that_is_none_cancels_nothing(never: object) -> None:
    order = segment("Order Completed", order_id="o1", cancelled_at=never, products=BOARD)
    assert suppressed("segment", [record(order)], {"77"}) == {"77"}


@pytest.mark.parametrize("name", ["items", "line_items", "lineItems"])
def test_lines_under_a_shops_own_name_are_lines(name: str) -> None:
    properties: Record = {name: BOARD}
    order = segment("Order Created", order_id="o1", **properties)
    assert suppressed("segment", [record(order)], {"77"}) == {"77"}


def test_several_products_that_are_removed_at_once_are_removed() -> None:
    removed = segment("Product Removed", products=[*BOARD, {"product_id": "78"}])
    assert suppressed("segment", [record(removed)], {"77", "78"}) == {"77", "78"}


def test_a_line_that_an_older_tracker_of_snowplow_sends_by_itself_is_bought() -> None:
    line = {
        "event": "transaction_item",
        "event_id": "s1",
        "collector_tstamp": "2023-11-14T22:13:20Z",
        "user_id": "ann",
        "ti_orderid": "o1",
        "ti_sku": "77",
        "ti_price": "4,50",
    }
    assert suppressed("snowplow", [record(line)], {"77"}) == {"77"}


def test_our_own_record_with_a_type_beside_it_is_not_taken_for_segments() -> None:
    own = {"event_id": "e1", "event": "order_completed", "order_id": "o1", "products": BOARD}
    assert suppressed("auto", [record({**own, "type": "track", "user_id": "ann"})], {"77"}) == {
        "77"
    }


def test_a_server_event_in_the_case_of_javascript_is_recognised() -> None:
    bought = {
        "eventName": "Purchase",
        "eventTime": NOW // 1000,
        "eventId": "e1",
        "actionSource": "website",
        "userData": {"externalId": "ann"},
        "customData": {"contents": [{"id": "77", "quantity": 1}]},
    }
    assert suppressed("auto", [record(bought)], {"77"}) == {"77"}
