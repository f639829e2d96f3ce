"""What senders get wrong must not let an ad follow: from their records to the decision.

Each story is after a report of somebody who does this job; ids and values are our own.
"""

from typing import Any

import pytest

from streams.recording.backtest import Backtest
from streams.suppression.policy import Policy
from tests.builders import DAY, NOW, recorded

Record = dict[str, Any]


def record(value: Record, at: int = NOW, topic: str = "purchases") -> Record:
    return {"topic": topic, "key": "ann", "timestamp": at, "value": value}


def suppressed(kind: str, records: list[Record], products: set[str]) -> set[str]:
    """Which of these products must not be shown to ann ten days after all of it."""
    asked = {"request_id": "r1", "candidates": [{"product_id": each} for each in products]}
    request = record(asked, NOW + 10 * DAY, "impression-requests")
    run = Backtest(Policy.default(), formats={"purchases": kind})
    [decision] = run.run(recorded([*records, request]))
    return {answer.product_id for answer in decision.suppressed}


def segment(event: str, number: int = 1, **properties: Any) -> Record:
    return {
        "type": "track",
        "event": event,
        "messageId": f"m{number}",
        "userId": "ann",
        "properties": properties,
    }


def ga4(event: str, **params: Any) -> Record:
    return {"client_id": "9.9", "user_id": "ann", "events": [{"name": event, "params": params}]}


def meta(event_id: str, **custom: Any) -> Record:
    return {
        "event_name": "Purchase",
        "event_time": NOW // 1000,
        "event_id": event_id,
        "user_data": {"external_id": "ann"},
        "custom_data": custom,
    }


BOARD = [{"product_id": "77", "quantity": 1}]
PIANO = {"item_id": "piano-1", "price": "3,499.00", "quantity": 1}


def test_a_price_with_thousands_does_not_lose_the_dearest_purchase() -> None:
    bought = record(ga4("purchase", transaction_id="t1", items=[PIANO], value="3,499.00"))
    assert suppressed("ga4", [bought], {"piano-1"}) == {"piano-1"}


def test_a_refund_with_a_negative_quantity_lifts_the_claim() -> None:
    bought = record(ga4("purchase", transaction_id="t1", items=[PIANO]))
    returned = {**PIANO, "quantity": -1}
    refunded = record(ga4("refund", transaction_id="t1", items=[returned]), NOW + DAY)
    assert suppressed("ga4", [bought, refunded], {"piano-1"}) == set()


def test_a_purchase_with_negative_amounts_lifts_the_claim() -> None:
    bought = record(ga4("purchase", transaction_id="t1", items=[PIANO]))
    returned = {**PIANO, "price": "-3,499.00"}
    undone = ga4("purchase", transaction_id="t1", items=[returned], value="-3,499.00")
    assert suppressed("ga4", [bought, record(undone, NOW + DAY)], {"piano-1"}) == set()


def test_a_whole_refund_names_the_transaction_alone() -> None:
    bought = record(ga4("purchase", transaction_id="t1", items=[PIANO]))
    refunded = record(ga4("refund", transaction_id="t1"), NOW + DAY)
    assert suppressed("ga4", [bought, refunded], {"piano-1"}) == set()


def test_a_refund_of_which_no_line_can_be_read_is_not_one_of_the_whole_order() -> None:
    bought = record(ga4("purchase", transaction_id="t1", items=[PIANO]))
    refund = ga4("refund", transaction_id="t1", items=[{"item_name": "Gift wrap"}])
    assert suppressed("ga4", [bought, record(refund, NOW + DAY)], {"piano-1"}) == {"piano-1"}


def test_ids_in_one_text_are_products_of_their_own() -> None:
    bought = record(meta("e1", order_id="o1", content_ids="vase-2, vase-3"))
    assert suppressed("meta", [bought], {"vase-2", "vase-3"}) == {"vase-2", "vase-3"}


def test_whoever_buys_the_group_is_not_followed_by_its_variants() -> None:
    records = [
        *(
            {
                "topic": "catalog",
                "key": f"vase-2-{colour}",
                "timestamp": NOW,
                "value": {"item_group_id": "vase-2"},
            }
            for colour in ("red", "blue")
        ),
        record(meta("e1", order_id="o1", content_type="product_group", content_ids=["vase-2"])),
    ]
    shown = {"vase-2-red", "vase-2-blue", "jug-1"}
    assert suppressed("meta", records, shown) == {"vase-2-red", "vase-2-blue"}


@pytest.mark.parametrize("sent", [{"sentAt": "2023-11-14T22:13:20Z"}, {}], ids=["sent", "silent"])
def test_a_phone_whose_clock_is_ahead_does_not_unbuy_a_television(sent: Record) -> None:
    order = segment("Order Completed", order_id="o1", products=[{"product_id": "tv-9"}])
    bought = record({**order, "timestamp": "2023-12-24T08:00:00Z", **sent})
    assert suppressed("segment", [bought], {"tv-9"}) == {"tv-9"}


def test_a_checkout_without_an_order_counts_at_once() -> None:
    board = [{"product_id": "gid://shopify/Product/77", "quantity": 1}]
    paid = record(segment("Order Completed", order_id=None, checkout_id="c1", products=board))
    assert suppressed("segment", [paid], {"77"}) == {"77"}


def test_an_order_that_was_created_counts_and_is_refunded_by_its_id() -> None:
    board = [{"product_id": 77, "quantity": 1}]
    created = record(segment("Order Created", order_id=501, products=board))
    assert suppressed("segment", [created], {"77"}) == {"77"}
    refund = record(segment("Order Refunded", 2, order_id="gid://shopify/Order/501"), NOW + DAY)
    assert suppressed("segment", [created, refund], {"77"}) == set()


def test_an_order_that_was_never_paid_is_cancelled_in_another_format() -> None:
    bought = record(meta("e1", order_id="o1", contents=[{"id": "tv-9", "quantity": 1}]))
    cancelled = record(segment("Order Cancelled", order_id="o1"), NOW + DAY)
    assert suppressed("auto", [bought], {"tv-9"}) == {"tv-9"}
    assert suppressed("auto", [bought, cancelled], {"tv-9"}) == set()


@pytest.mark.parametrize(
    ("event", "properties"),
    [
        ("Order Paid", {"order_id": "o1"}),
        ("Order Paid", {"id": "o1", "checkout_id": "c1"}),
        ("Order Completed", {"order_id": "o1", "status": "processing", "products": BOARD}),
        ("Order Updated", {"order_id": "o1", "financial_status": "paid", "products": BOARD}),
    ],
)
def test_an_order_that_was_cancelled_and_is_paid_after_all_counts(
    event: str, properties: Record
) -> None:
    cancelled = [
        record(segment("Order Completed", order_id="o1", products=BOARD)),
        record(segment("Order Cancelled", 2, order_id="o1"), NOW + 1),
    ]
    paid = record(segment(event, 3, **properties), NOW + 2)
    assert suppressed("segment", cancelled, {"77"}) == set()
    assert suppressed("segment", [*cancelled, paid], {"77"}) == {"77"}


def test_a_tag_on_a_cancelled_order_does_not_bring_it_back() -> None:
    tagged = {"order_id": "o1", "financial_status": "paid", "cancelled_at": "2023-11-14"}
    records = [
        record(segment("Order Completed", order_id="o1", products=BOARD)),
        record(segment("Order Cancelled", 2, order_id="o1"), NOW + 1),
        record(segment("Order Updated", 3, products=BOARD, **tagged), NOW + 2),
    ]
    assert suppressed("segment", records, {"77"}) == set()


PAGE_OF_THANKS = {
    "segment": lambda day: segment("Order Completed", day, order_id="o1", products=BOARD),
    "ga4": lambda _: ga4("purchase", transaction_id="o1", items=[{"item_id": "77"}]),
    "meta": lambda day: {
        **meta(f"e{day}", order_id="o1", contents=[{"id": "77"}]),
        "event_time": (NOW + day * DAY) // 1000,
    },
    "criteo": lambda _: {"event": "trackTransaction", "id": "o1", "item": [{"id": "77"}]},
}
"""What it sends when it is opened on a day, by format."""


@pytest.mark.parametrize("kind", PAGE_OF_THANKS)
def test_a_page_of_thanks_that_is_opened_again_is_no_newer_purchase(kind: str) -> None:
    board = {"topic": "catalog", "key": "77", "timestamp": NOW, "value": {"replenish_days": 8}}
    paid, again = (record(PAGE_OF_THANKS[kind](day), NOW + day * DAY) for day in (0, 5))
    assert suppressed(kind, [board, again], {"77"}) == {"77"}
    assert suppressed(kind, [board, paid, again], {"77"}) == set()


@pytest.mark.parametrize("kind", PAGE_OF_THANKS)
def test_a_page_of_thanks_that_is_opened_again_undoes_no_refund(kind: str) -> None:
    refunded = {"event_id": "r1", "event": "order_refunded", "order_id": "o1"}
    records = [
        record(PAGE_OF_THANKS[kind](0)),
        record(refunded, NOW + DAY),
        record(PAGE_OF_THANKS[kind](2), NOW + 2 * DAY),
    ]
    assert suppressed("auto", records[:1], {"77"}) == {"77"}
    assert suppressed("auto", records, {"77"}) == set()


CONSENT_IN_A_STREAM = [
    (
        "segment",
        {
            **segment("Segment Consent Preference Updated"),
            "context": {"consent": {"categoryPreferences": {"Advertising": False}}},
        },
    ),
    (
        "segment:Our partners",
        {
            **segment("Product Viewed"),
            "context": {"consent": {"categoryPreferences": {"Our partners": False}}},
        },
    ),
    ("ga4", {**ga4("page_view"), "consent": {"ad_personalization": "DENIED"}}),
    ("ga4", {**ga4("page_view"), "consent": {"ad_user_data": "DENIED"}}),
    ("meta", {**meta("e1"), "event_name": "PageView", "opt_out": True}),
    ("meta", {**meta("e1"), "event_name": "PageView", "data_processing_options": ["LDU"]}),
]


@pytest.mark.parametrize(("kind", "value"), CONSENT_IN_A_STREAM)
def test_whoever_withdraws_consent_in_the_stream_is_followed_by_nothing(
    kind: str, value: Record
) -> None:
    assert suppressed(kind, [record(value)], {"tv-9"}) == {"tv-9"}
