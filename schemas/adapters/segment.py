"""Segment's e-commerce spec: track calls of orders and carts, also through RudderStack and Shopify.

Of an order that was updated the newest statement on a product counts. A product that an
update no longer lists stays bought until a refund names it. Consent may come with any call.

An order that was cancelled may be paid after all, as when a timer was faster than the bank. A
payment or a status shows it. That it is completed once more does not, since the page of thanks says
so whenever it is opened again.
"""

import re
from functools import lru_cache
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
    preference,
    reinstatement,
    removals,
)

PAYMENT: Final = "order paid"
REMOVED: Final = "product removed"
ORDERS: Final[dict[str, OrderEvent]] = {
    "order completed": "order_completed",
    "order created": "order_completed",
    "order updated": "order_completed",
    PAYMENT: "order_completed",
    "order refunded": "order_refunded",
    "order cancelled": "order_cancelled",
}
CALLS: Final = {name: name for name in ("alias", "group", "identify", "page", "screen", "track")}

PRODUCT: Final = ProductFields(ids=("product_id", "sku"))
OLDER_PRODUCT: Final = PRODUCT._replace(ids=("product_id", "id", "sku"))
"""In the first version of the spec, which says `Completed Order`."""

WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[^\s_-]")
TIMES: Final = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
TOTALS: Final = ("total", "revenue", "value")
STATUSES: Final = ("status", "order_status", "financial_status", "payment_status")
PAID: Final = ("paid", "processing")

FIELDS: Final = labels(
    *(*TIMES, "messageId", "userId", "anonymousId"),
    *("context.consent", "context.consent.categoryPreferences"),
    *(*line_fields("properties", OLDER_PRODUCT), "properties.currency"),
    *line_fields("properties.products", OLDER_PRODUCT),
    *("properties.order_id", "properties.id", "properties.checkout_id"),
    *(f"properties.{name}" for name in STATUSES),
)
"""Those that a note may name."""


def recognises(event: Node) -> bool:
    """Whether it looks like a call of one of Segment's libraries."""
    return event.has_all("type") and (event.has_all("messageId") or event.has_all("anonymousId"))


def read(event: Node) -> Adapted:
    """What a call comes to; of other events than those of orders and carts the consent alone."""
    is_track = event.choice("type", CALLS) == "track"
    kind, product = _kind(event.required("event")) if is_track else (None, PRODUCT)
    allowed = _consent(event)
    if kind is None and allowed is None:
        return NOTHING
    event_id, ts = event.attribute("messageId"), event.time(*TIMES)
    records: list[Record] = []
    if kind == REMOVED:
        records += removals([event.child("properties")], product, event_id, ts)
    elif kind is not None:
        records += _order(event.child("properties"), kind, product, event_id, ts)
    consent_id = f"{event_id}#consent" if records and event_id is not None else event_id
    records += preference(allowed, consent_id, ts)
    return Adapted([*event.person("userId"), *event.person("anonymousId")], records)


@lru_cache(maxsize=1_000)
def _kind(name: str) -> tuple[str | None, ProductFields]:
    """The event as it is called now, None for another one, and how it calls products."""
    words = [word.lower() for word in WORD.findall(name)]
    for kind, product in ((words, PRODUCT), (words[::-1], OLDER_PRODUCT)):
        named = " ".join(kind)
        if named in ORDERS or named == REMOVED:
            return named, product
    return None, PRODUCT


def _order(
    properties: Node, name: str, product: ProductFields, event_id: str | None, ts: int | None
) -> list[Record]:
    kind = ORDERS[name]
    is_listed = kind == COMPLETED and name != PAYMENT
    find = properties.some_entries if is_listed else properties.entries
    found = [] if kind == "order_cancelled" else lines(find("products"), product, kind)
    order_id = _order_id(properties, kind, event_id)
    made: list[Record] = []
    if found or name != PAYMENT:
        is_negative = properties.is_negative(*TOTALS)
        made = order(kind, order_id, found, event_id, ts, is_negative=is_negative)
    if all(fields["event"] == COMPLETED for _, fields in made) and _is_paid(properties, name):
        made.append(reinstatement(order_id, event_id, ts))
    return made


def _is_paid(properties: Node, name: str) -> bool:
    """Whether a call says that the order is paid, whatever became of it before."""
    status = properties.attribute(*STATUSES) or ""
    return name == PAYMENT or (status.lower() in PAID and not properties.has("cancelled_at"))


def _order_id(properties: Node, kind: OrderEvent, event_id: str | None) -> str:
    """The order, or else its checkout; of a purchase at the worst the message."""
    if properties.has("order_id"):
        return properties.id("order_id")
    if properties.has("id"):
        properties.derived("order_id", "id")
        return properties.id("id")
    if properties.has("checkout_id"):
        properties.derived("order_id", "checkout_id")
        return properties.id("checkout_id")
    if kind == COMPLETED and event_id is not None:
        properties.derived("order_id", "messageId")
        return event_id
    return properties.id("order_id")


def _consent(event: Node) -> bool | None:
    """Whether the category is allowed that stands for personalised ads."""
    context = event.get("context")
    if not isinstance(context, dict) or "consent" not in context:
        return None  # as with most calls
    category = event.reading.consent_category
    categories = event.child("context").part("consent").part("categoryPreferences")
    return categories.consent(category, category.lower())
