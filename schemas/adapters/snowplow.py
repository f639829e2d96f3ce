"""Snowplow's e-commerce actions, in enriched events as JSON.

An action says what happened, and entities beside it say of what. Loaders flatten both into fields
named after their schema; in the nested form each names its schema itself.
"""

from typing import Final

from schemas.adapters.node import Node
from schemas.adapters.notes import labels
from schemas.adapters.records import (
    COMPLETED,
    NOTHING,
    Adapted,
    OrderEvent,
    ProductFields,
    Record,
    line_fields,
    lines,
    order,
    order_id_of,
    removals,
)
from schemas.adapters.statements import Said

VENDOR: Final = "com.snowplowanalytics.snowplow.ecommerce"
FLAT_VENDOR: Final = VENDOR.replace(".", "_")
ACTION: Final = "snowplow_ecommerce_action"

ORDERS: Final[dict[str, OrderEvent]] = {
    "transaction": "order_completed",
    "refund": "order_refunded",
}
PRODUCT: Final = ProductFields(ids=("id",))
ITEM: Final = ProductFields(
    ids=("ti_sku",), prices=("ti_price",), categories=("ti_category",), quantity="ti_quantity"
)
"""A line of an order as older trackers send each by itself."""
PRODUCTS: Final = f"contexts_{FLAT_VENDOR}_product_1"
USER: Final = "user_id"
DEVICES: Final = ("domain_userid", "network_userid")
"""Cookies of the site, and of the collector."""
PERSONS: Final = (USER, *DEVICES)
TIMES: Final = ("derived_tstamp", "collector_tstamp")

FIELDS: Final = labels(
    *(*PERSONS, *TIMES, "event", "contexts", "contexts.data"),
    *(f"contexts_{FLAT_VENDOR}_{kind}_1.transaction_id" for kind in ORDERS),
    "contexts.data.data.transaction_id",
    *line_fields(PRODUCTS, PRODUCT),
    *("ti_orderid", "ti_sku", "ti_price", "ti_category", "ti_quantity"),
    *line_fields("contexts.data.data", PRODUCT),
    *(f"{PRODUCTS}.currency", "contexts.data.data.currency"),
)
"""Those that a note may name."""


def recognises(event: Node) -> bool:
    """Whether it looks like an enriched event."""
    return event.has_all("event_id", "collector_tstamp")


def read(event: Node) -> Adapted:
    """What an enriched event comes to; of one without an action of e-commerce nothing."""
    event_id = event.required("event_id")
    event.required("collector_tstamp")  # as every event of theirs has, and no other
    if event.attribute("event") == "transaction_item":
        records = _item(event, event_id)
        return Adapted(_persons(event), records)
    action = _action(event)
    kind = None if action is None else action.event_name("type")
    if kind in ORDERS:
        records = _order(event, kind, event_id)
    elif kind == "remove_from_cart":
        records = removals(_entities(event, "product"), PRODUCT, event_id, event.time(*TIMES))
    else:
        return NOTHING
    return Adapted(_persons(event), records)


def said(event: Node) -> list[Said]:
    """What an event says of ids: a tracker sends `user_id` for whom the site knows."""
    event_id = event.required("event_id")
    event.required("collector_tstamp")
    devices = [device for name in DEVICES for device in event.person(name)]
    return [Said(None, devices, event.person(USER), event_id, event.time(*TIMES))]


def _persons(event: Node) -> list[str]:
    return [each for name in PERSONS for each in event.person(name)]


def _item(event: Node, event_id: str) -> list[Record]:
    found, order_id = lines([event], ITEM, COMPLETED), order_id_of(event, "ti_orderid", COMPLETED)
    return order(COMPLETED, order_id, found, event_id, event.time(*TIMES))


def _order(event: Node, kind: str, event_id: str) -> list[Record]:
    """An order, which is an entity of the action's name."""
    entity = next(iter(_entities(event, kind)), None)
    if entity is None:
        raise event.missing(f"contexts_{FLAT_VENDOR}_{kind}_1", "an array of at least one")
    found = lines(_entities(event, "product"), PRODUCT, ORDERS[kind])
    if not found and ORDERS[kind] == COMPLETED:
        raise event.missing(PRODUCTS, "an array of at least one")
    order_id = order_id_of(entity, "transaction_id", ORDERS[kind])
    is_negative = entity.is_negative("revenue")
    ts = event.time(*TIMES)
    return order(ORDERS[kind], order_id, found, event_id, ts, is_negative=is_negative)


def _action(event: Node) -> Node | None:
    flat = f"unstruct_event_{FLAT_VENDOR}_{ACTION}_1"
    if event.has(flat):
        return event.child(flat)
    nested = event.child("unstruct_event").child("data")
    return nested.child("data") if _is_a(nested, ACTION) else None


def _entities(event: Node, name: str) -> list[Node]:
    flat = event.entries(f"contexts_{FLAT_VENDOR}_{name}_1")
    contexts = event.part("contexts").entries("data")
    nested = event.reading.kept(
        contexts, lambda each: [each.child("data")] if _is_a(each, name) else []
    )
    return flat + nested


def _is_a(described: Node, name: str) -> bool:
    return (described.text("schema") or "").startswith(f"iglu:{VENDOR}/{name}/")
