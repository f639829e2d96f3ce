"""Google Analytics 4: payloads of the Measurement Protocol, and events of the BigQuery export."""

from collections.abc import Sequence
from typing import Final

from schemas.adapters.node import Node
from schemas.adapters.told import NOTHING, Told, levels, order, persons, present, removals
from schemas.decoding import Fields

ORDERS: Final = {"purchase": "order_completed", "refund": "order_refunded"}
CATEGORIES: Final = ("item_category", *(f"item_category{level}" for level in range(2, 6)))
MICROSECONDS: Final = 1_000
"""In a millisecond."""

Said = list[tuple[str, Fields]]


def recognises(event: Node) -> bool:
    """Whether it looks like a payload or an exported event."""
    is_payload = event.says("events") and (event.says("client_id") or event.says("app_instance_id"))
    return is_payload or event.says("event_name", "event_timestamp")


def read(event: Node) -> Told:
    """What a payload or an exported event comes to."""
    if event.says("event_name"):
        records = _exported(event)
        found = persons(event.text("user_id"), event.text("user_pseudo_id"))
    else:
        sent = _milliseconds(event, "timestamp_micros")
        records = [record for each in event.some("events") for record in _sent(each, sent)]
        ids = ("user_id", "client_id", "app_instance_id")
        found = persons(*(event.text(name) for name in ids))
    return Told(found, records) if records else NOTHING


def _sent(event: Node, sent: int | None) -> Said:
    """An event of a payload; its own time counts before the payload's."""
    name, params = event.required("name"), event.child("params")
    own = _milliseconds(event, "timestamp_micros")
    ts = sent if own is None else own
    if name in ORDERS:
        order_id = params.required("transaction_id")
        return _order(ORDERS[name], order_id, params, ts)
    if name == "remove_from_cart":
        return removals(_products(params.some("items")), ts=ts)
    return []


def _exported(event: Node) -> Said:
    name, ts = event.required("event_name"), _milliseconds(event, "event_timestamp")
    if name in ORDERS:
        order_id = event.child("ecommerce").text("transaction_id")
        order_id = order_id or _param(event, "transaction_id")
        if order_id is None:
            raise event.missing("ecommerce.transaction_id", "a string")
        return _order(ORDERS[name], order_id, event, ts)
    if name == "remove_from_cart":
        return removals(_products(event.some("items")), ts=ts)
    return []


def _order(kind: str, order_id: str, event: Node, ts: int | None) -> Said:
    find = event.some if kind == "order_completed" else event.children
    return [order(kind, order_id, _products(find("items")), ts=ts)]


def _param(event: Node, name: str) -> str | None:
    """A parameter of an exported event, whose value stands under the name of its type."""
    for param in event.children("event_params"):
        if param.text("key") == name:
            return param.child("value").text("string_value", "int_value")
    return None


def _products(items: Sequence[Node]) -> list[Fields]:
    return [
        present(
            product_id=item.required("item_id"),
            quantity=item.whole("quantity"),
            price=item.number("price"),
            categories=levels(item.text(name) or "" for name in CATEGORIES),
            brand=item.text("item_brand"),
        )
        for item in items
    ]


def _milliseconds(event: Node, name: str) -> int | None:
    microseconds = event.whole(name)
    return None if microseconds is None else microseconds // MICROSECONDS
