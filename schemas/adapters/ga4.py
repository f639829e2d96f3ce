"""Google Analytics 4: payloads of the Measurement Protocol, and events of the BigQuery export."""

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
    currency_of,
    line_fields,
    lines,
    order,
    order_id_of,
    preference,
    removals,
)
from schemas.adapters.statements import SIGNED_IN, SIGNED_OUT, Action, Said
from schemas.adapters.times import MICROSECONDS

ORDERS: Final[dict[str, OrderEvent]] = {
    "purchase": "order_completed",
    "refund": "order_refunded",
}
PRODUCT: Final = ProductFields(
    ids=("item_id", "id", "sku"),
    categories=("item_category", *(f"item_category{level}" for level in range(2, 6))),
    brands=("item_brand",),
)
"""`id` and `sku` are what older tags call it."""

USER: Final = "user_id"
DEVICES: Final = ("client_id", "app_instance_id", "user_pseudo_id")
PERSONS: Final = (USER, *DEVICES)

SESSIONS: Final[dict[str, Action]] = {
    "login": SIGNED_IN,
    "sign_up": SIGNED_IN,
    "logout": SIGNED_OUT,
}
"""The events that are about a session; Google recommends the first two."""

FIELDS: Final = labels(
    *PERSONS,
    *("timestamp_micros", "event_timestamp", "events", "events.timestamp_micros", "events.params"),
    *("consent", "consent.ad_personalization", "consent.ad_user_data", "non_personalized_ads"),
    "privacy_info.ads_storage",
    *("events.name", "events.params.transaction_id", "events.params.currency", "event_params"),
    *("ecommerce", "ecommerce.transaction_id"),
    *line_fields("events.params.items", PRODUCT),
    *line_fields("items", PRODUCT),
    *("events.params.items.currency", "items.currency"),
)
"""Those that a note may name."""


def recognises(event: Node) -> bool:
    """Whether it looks like a payload or an exported event."""
    is_payload = event.has_all("events") and (
        event.has_all("client_id") or event.has_all("app_instance_id")
    )
    return is_payload or event.has_all("event_name", "event_timestamp")


def read(event: Node) -> Adapted:
    """What a payload or an exported event comes to."""
    records = _exported(event) if event.has_all("event_name") else _payload(event)
    if not records:
        return NOTHING
    return Adapted([person for name in PERSONS for person in event.person(name)], records)


def said(event: Node) -> list[Said]:
    """What events say of ids: `user_id` is for people who are signed in."""
    if event.has_all("event_name"):
        ts = event.time("event_timestamp", unit=MICROSECONDS)
        return [_named(event, event.event_name("event_name"), ts)]
    sent = event.time("timestamp_micros", unit=MICROSECONDS)
    events = event.entries("events") if event.has("consent") else event.some_entries("events")
    return event.reading.kept(
        events, lambda each: [_named(event, each.event_name("name"), _time(each, sent))]
    )


def _named(event: Node, name: str, ts: int | None) -> Said:
    devices = [device for field in DEVICES for device in event.person(field)]
    return Said(SESSIONS.get(name), devices, event.person(USER), ts=ts)


def _time(event: Node, sent: int | None) -> int | None:
    """When an event of a payload happened; its own time counts before the payload's."""
    own = event.time("timestamp_micros", unit=MICROSECONDS)
    return sent if own is None else own


def _payload(event: Node) -> list[Record]:
    sent = event.time("timestamp_micros", unit=MICROSECONDS)
    said = preference(_consent(event), ts=sent)
    events = event.entries("events") if said else event.some_entries("events")
    return event.reading.beside(said, events, lambda each: _sent(each, sent))


def _sent(event: Node, sent: int | None) -> list[Record]:
    """An event of a payload."""
    name, params = event.event_name("name"), event.child("params")
    if name not in ORDERS and name != "remove_from_cart":
        return []
    ts = _time(event, sent)
    if name == "remove_from_cart":
        items = params.some_entries("items", of="item_id")
        return removals(items, PRODUCT, ts=ts, currency=currency_of(params))
    order_id = order_id_of(params, "transaction_id", ORDERS[name])
    return _order(ORDERS[name], order_id, params, ts, params.is_negative("value"))


def _exported(event: Node) -> list[Record]:
    name, ts = event.event_name("event_name"), event.time("event_timestamp", unit=MICROSECONDS)
    said = preference(_consent(event), ts=ts)
    return event.reading.beside(said, [event], lambda each: _exported_order(each, name, ts))


def _exported_order(event: Node, name: str, ts: int | None) -> list[Record]:
    if name == "remove_from_cart":
        items = event.some_entries("items", of="item_id")
        return removals(items, PRODUCT, ts=ts, currency=_exported_currency(event))
    if name not in ORDERS:
        return []
    commerce = event.part("ecommerce")
    is_negative = commerce.is_negative("purchase_revenue")
    order_id = _order_id(event, commerce, ORDERS[name])
    return _order(ORDERS[name], order_id, event, ts, is_negative)


def _order_id(event: Node, commerce: Node, kind: OrderEvent) -> str | None:
    """The transaction, by its column or else by the event's parameter."""
    if not commerce.has("transaction_id"):
        for named in event.reading.kept(event.entries("event_params"), _transaction):
            return named
    return order_id_of(commerce, "transaction_id", kind)


def _transaction(param: Node) -> list[str]:
    """The parameter's value, which stands under the name of its type."""
    value, types = param.part("value"), ("string_value", "int_value")
    is_it = param.attribute("key") == "transaction_id" and value.has(*types)
    return [value.id(*types)] if is_it else []


def _exported_currency(event: Node) -> str | None:
    """The currency of the event, which is one of its parameters."""
    for param in event.entries("event_params"):
        if param.attribute("key") == "currency":
            return currency_of(param.part("value"), "string_value")
    return None


def _order(
    kind: OrderEvent, order_id: str | None, event: Node, ts: int | None, is_negative: bool
) -> list[Record]:
    find = event.some_entries if kind == COMPLETED else event.entries
    found = lines(find("items", of="item_id"), PRODUCT, kind)
    return order(kind, order_id, found, ts=ts, is_negative=is_negative)


def _consent(event: Node) -> bool | None:
    """Whether ads may be personalised: denied by any signal, granted by the one for that."""
    if event.has("non_personalized_ads") and event.consent("non_personalized_ads"):
        return False
    if not event.has("consent"):  # an export has a column that says whether ads may be targeted
        return event.part("privacy_info").consent("ads_storage")
    consent = event.part("consent")
    answers = (consent.consent("ad_personalization"), consent.consent("ad_user_data"))
    return False if False in answers else answers[0]
