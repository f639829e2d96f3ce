"""Segment's e-commerce spec (V2): track calls of orders, and of products removed from the cart.

An order that was updated is said anew: the newest say on a product of it counts. A product that an
update no longer lists stays bought until a refund names it.
"""

from typing import Final

from schemas.adapters.node import Node
from schemas.adapters.told import NOTHING, Told, order, path_levels, persons, present, removals
from schemas.decoding import Fields

ORDERS: Final = {
    "Order Completed": "order_completed",
    "Order Updated": "order_completed",
    "Order Refunded": "order_refunded",
    "Order Cancelled": "order_cancelled",
}
CALLS: Final = {name: name for name in ("alias", "group", "identify", "page", "screen", "track")}


def recognises(event: Node) -> bool:
    """Whether it looks like a call of one of Segment's libraries."""
    return event.says("type") and (event.says("messageId") or event.says("anonymousId"))


def read(event: Node) -> Told:
    """What a call comes to; of calls other than track, and of other events, nothing."""
    if event.choice("type", CALLS) != "track":
        return NOTHING
    name = event.required("event")
    said = event.child("properties")
    event_id = event.text("messageId")
    ts = event.time("timestamp", "originalTimestamp")
    if name in ORDERS:
        kind = ORDERS[name]
        find = said.some if kind == "order_completed" else said.children
        products = [_product(each) for each in find("products")]
        records = [order(kind, said.required("order_id"), products, event_id, ts)]
    elif name == "Product Removed":
        records = removals([_product(said)], event_id, ts)
    else:
        return NOTHING
    return Told(persons(event.text("userId"), event.text("anonymousId")), records)


def _product(product: Node) -> Fields:
    return present(
        product_id=product.required("product_id", "sku"),
        quantity=product.whole("quantity"),
        price=product.number("price"),
        categories=path_levels(product.text("category")),
        brand=product.text("brand"),
    )
