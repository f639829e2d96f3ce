"""Snowplow's e-commerce actions, in enriched events as JSON.

An action says what happened, and entities beside it say of what. Loaders flatten both into fields
named after their schema; in the nested form each names its schema itself.
"""

from typing import Final

from schemas.adapters.node import Node
from schemas.adapters.told import NOTHING, Told, order, path_levels, persons, present, removals
from schemas.decoding import Fields

VENDOR: Final = "com.snowplowanalytics.snowplow.ecommerce"
FLAT_VENDOR: Final = VENDOR.replace(".", "_")
ACTION: Final = "snowplow_ecommerce_action"


def recognises(event: Node) -> bool:
    """Whether it looks like an enriched event."""
    return event.says("event_id", "collector_tstamp")


def read(event: Node) -> Told:
    """What an enriched event comes to; of one without an action of e-commerce nothing."""
    event_id = event.required("event_id")
    event.required("collector_tstamp")  # as every event of theirs has, and no other
    ts = event.time("derived_tstamp", "collector_tstamp")
    action = _action(event)
    kind = None if action is None else action.required("type")
    products = [_product(each) for each in _entities(event, "product")]
    if kind == "transaction":
        if not products:
            raise event.missing(f"contexts_{FLAT_VENDOR}_product_1", "an array of at least one")
        records = [order("order_completed", _order_id(event, kind), products, event_id, ts)]
    elif kind == "refund":
        records = [order("order_refunded", _order_id(event, kind), products, event_id, ts)]
    elif kind == "remove_from_cart":
        records = removals(products, event_id, ts)
    else:
        return NOTHING
    ids = ("user_id", "domain_userid", "network_userid")
    return Told(persons(*(event.text(name) for name in ids)), records)


def _action(event: Node) -> Node | None:
    flat = f"unstruct_event_{FLAT_VENDOR}_{ACTION}_1"
    if event.says(flat):
        return event.child(flat)
    nested = event.child("unstruct_event").child("data")
    return nested.child("data") if _is_a(nested, ACTION) else None


def _entities(event: Node, name: str) -> list[Node]:
    flat = event.children(f"contexts_{FLAT_VENDOR}_{name}_1")
    nested = event.child("contexts").children("data")
    return flat + [entity.child("data") for entity in nested if _is_a(entity, name)]


def _is_a(described: Node, name: str) -> bool:
    return (described.text("schema") or "").startswith(f"iglu:{VENDOR}/{name}/")


def _order_id(event: Node, kind: str) -> str:
    """The order of a transaction or refund, which is an entity of that name."""
    for entity in _entities(event, kind):
        return entity.required("transaction_id")
    raise event.missing(f"contexts_{FLAT_VENDOR}_{kind}_1", "an array of at least one")


def _product(product: Node) -> Fields:
    return present(
        product_id=product.required("id"),
        quantity=product.whole("quantity"),
        price=product.number("price"),
        categories=path_levels(product.text("category")),
        brand=product.text("brand"),
    )
