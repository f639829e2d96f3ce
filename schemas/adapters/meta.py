"""Meta's Conversions API: purchases, one server event or a call's `data` with several of them."""

from schemas.adapters.node import Node
from schemas.adapters.told import NOTHING, Told, order, path_levels, persons, present
from schemas.decoding import Fields, InvalidRecord


def recognises(event: Node) -> bool:
    """Whether it looks like a server event or a call with some."""
    if event.says("event_name", "event_time"):
        return event.says("user_data") or event.says("action_source")
    return all(each.says("event_name", "event_time") for each in _events(event) or [event])


def read(event: Node) -> Told:
    """What a server event, or all of a call, comes to. A record must be about one person."""
    purchases = [each for each in _events(event) if each.required("event_name") == "Purchase"]
    if not purchases:
        return NOTHING
    known = _persons(purchases[0])
    for each in purchases[1:]:
        if not set(known) & set(_persons(each)):
            detail = f"{each.at('user_data')}: expected the person of {purchases[0].path}"
            raise InvalidRecord("key_mismatch", f"{detail}, got another")
    return Told(known, [_purchase(each) for each in purchases])


def _events(event: Node) -> list[Node]:
    return event.children("data") if event.says("data") else [event]


def _persons(event: Node) -> list[str]:
    user = event.child("user_data")
    return [*user.texts("external_id"), *persons(user.text("fbp"))]


def _purchase(event: Node) -> tuple[str, Fields]:
    """An order; where it has no `order_id`, the event's id has to do, as Meta advises."""
    event_id, said = event.text("event_id"), event.child("custom_data")
    order_id = said.text("order_id") or event_id
    if order_id is None:
        raise said.missing("order_id", "a string")
    products = [_product(each) for each in said.children("contents")]
    products = products or [{"product_id": each} for each in said.texts("content_ids")]
    if not products:
        raise said.missing("contents", "an array of at least one")
    ts = event.whole("event_time", times=1_000)
    return order("order_completed", order_id, products, event_id, ts)


def _product(product: Node) -> Fields:
    return present(
        product_id=product.required("id"),
        quantity=product.whole("quantity"),
        price=product.number("item_price", "price"),
        categories=path_levels(product.text("category")),
        brand=product.text("brand"),
    )
