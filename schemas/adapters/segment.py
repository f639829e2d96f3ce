"""Segment's e-commerce spec: track calls of orders and carts, also through RudderStack and Shopify.

Of an order that was updated the newest statement on a product counts. A product that an
update no longer lists stays bought until a refund names it. Consent may come with any call.

An order that was cancelled may be paid after all, as when a timer was faster than the bank. A
payment or a status shows it. That it is completed once more does not, since the page of thanks says
so whenever it is opened again.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from schemas.adapters.node import Node
from schemas.adapters.notes import labels
from schemas.adapters.records import (
    COMPLETED,
    NOTHING,
    REFUNDED,
    Adapted,
    OrderEvent,
    ProductFields,
    Record,
    first_id,
    has_own_id,
    line_fields,
    lines,
    order,
    order_id_of,
    preference,
    reinstatement,
    removals,
)
from schemas.adapters.statements import LINKED, SIGNED_IN, SIGNED_OUT, Action, Said
from schemas.adapters.times import MILLISECONDS, moment_of

TRACK: Final = "track"
PAYMENT: Final = "order paid"
REMOVED: Final = "product removed"
ORDERS: Final[dict[str, OrderEvent]] = {
    "order completed": "order_completed",
    "order created": "order_completed",
    "order updated": "order_completed",
    PAYMENT: "order_completed",
    "order refunded": "order_refunded",
    "order cancelled": "order_cancelled",
    "order canceled": "order_cancelled",
}
ALIAS: Final = "alias"
IDENTIFY: Final = "identify"
MERGE: Final = "merge"
"""RudderStack's."""
CALLS: Final = {name: name for name in (ALIAS, "group", IDENTIFY, MERGE, "page", "screen", TRACK)}
SESSIONS: Final[dict[str, Action]] = {
    "signed in": SIGNED_IN,
    "signed up": SIGNED_IN,
    "logged in": SIGNED_IN,
    "signed out": SIGNED_OUT,
    "logged out": SIGNED_OUT,
}
"""The tracked events that are about a session."""

PRODUCT: Final = ProductFields(ids=("product_id", "sku", "id"))
OLDER_PRODUCT: Final = PRODUCT._replace(ids=("product_id", "id", "sku"))
"""In the first version of the spec, which says `Completed Order`."""

WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[^\s_-]")
LISTS: Final = ("products", "items", "line_items")
"""The last two are what shops call it that send their orders as they are."""
TIMES: Final = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
TOTALS: Final = ("total", "revenue", "value")
STATUSES: Final = ("status", "order_status", "financial_status", "payment_status")
CANCELLED_AT: Final = "cancelled_at"
PAID: Final = ("paid", "processing", "wc-processing")
UNDONE: Final = ("cancelled", "canceled", "refunded", "voided", "wc-cancelled", "wc-refunded")
IN_PART: Final = "partially_refunded"

FIELDS: Final = labels(
    *(*TIMES, "messageId", "userId", "anonymousId", "previousId"),
    *("mergeProperties", "mergeProperties.value"),
    *("type", "event", "context", "properties"),
    *("context.consent", "context.consent.categoryPreferences"),
    "context.consentManagement.deniedConsentIds",
    *(*line_fields("properties", OLDER_PRODUCT), "properties.currency"),
    *(each for name in LISTS for each in line_fields(f"properties.{name}", OLDER_PRODUCT)),
    *("properties.order_id", "properties.id", "properties.checkout_id"),
    *(f"properties.{name}" for name in (*STATUSES, CANCELLED_AT)),
)
"""Those that a note may name."""


def recognises(event: Node) -> bool:
    """Whether it looks like a call of one of Segment's libraries."""
    if not event.has_all("type"):
        return False
    is_named = event.has_all("messageId") or event.has_all("anonymousId")
    is_call = (event.text("type") or "").strip().lower() in CALLS
    in_other_words = is_call and event.has("messageId", "anonymousId", "userId")
    return is_named or (in_other_words and not has_own_id(event))


def read(event: Node) -> Adapted:
    """What a call comes to; of other events than those of orders and carts the consent alone."""
    allowed = _consent(event)
    kind, product = _kind(_tracked(event, is_needed=allowed is None))
    if kind is None and allowed is None:
        return NOTHING
    event_id, ts = event.attribute("messageId"), event.time(*TIMES)
    consent_id = event_id if kind is None or event_id is None else f"{event_id}#consent"
    records = event.reading.beside(
        preference(allowed, consent_id, ts),
        [] if kind is None else [event],
        lambda each: _happened(each, kind or "", product, event_id, ts),
    )
    return Adapted([*event.person("userId"), *event.person("anonymousId")], records)


def said(event: Node) -> list[Said]:
    """What a call says of ids: whoever is identified has signed in, who has an alias is linked."""
    call = _call(event)
    event_id, ts = event.attribute("messageId"), event.time(*TIMES)
    users, devices = event.person("userId"), event.person("anonymousId")
    if call == ALIAS:
        previous = event.person("previousId")
        return [Said(LINKED, previous, users or devices, event_id, ts, beside=devices)]
    if call == MERGE:
        return [Said(LINKED, *_merged(event, users, devices), event_id, ts)]
    action: Action | None = SIGNED_IN if call == IDENTIFY else None
    if call == TRACK:
        action = SESSIONS.get(" ".join(_words(event.attribute("event") or "")))
    return [Said(action, devices, users, event_id, ts)]


def _merged(
    event: Node, users: list[str], devices: list[str]
) -> tuple[Sequence[str], Sequence[str]]:
    """The ids that a merge links, and the one that it links them to, each as it may be written."""
    entries = event.entries("mergeProperties")
    merged = event.reading.kept(entries, lambda each: [each.person("value")])
    hub = users or next(filter(None, merged), [])
    leaves = [ids for ids in (*merged, [] if users else devices) if ids and ids != hub]
    if len({ids[0] for ids in leaves}) > 1:
        event.corrected("mergeProperties", merged, "one id: the key, or else the first")
    return [each for ids in (*leaves, devices) for each in ids], hub


def _call(event: Node) -> str:
    """The kind of call. The API for one kind, which is for tracking, needs no `type`."""
    if not event.has("type") and event.has("event") and not has_own_id(event):
        event.derived("type", TRACK)
        return TRACK
    return event.choice("type", CALLS)


def _tracked(event: Node, *, is_needed: bool) -> str:
    """The name of the event; empty for another call."""
    if _call(event) != TRACK:
        return ""
    return event.required("event") if is_needed else event.attribute("event") or ""


def _happened(
    event: Node, kind: str, product: ProductFields, event_id: str | None, ts: int | None
) -> list[Record]:
    properties = event.child("properties")
    if kind == REMOVED:
        removed = properties.entries(*LISTS, of="product_id") or [properties]
        return removals(removed, product, event_id, ts)
    return _order(properties, kind, product, event_id, ts)


@lru_cache(maxsize=1_000)
def _kind(name: str) -> tuple[str | None, ProductFields]:
    """The event as it is called now, None for another one, and how it calls products."""
    words = _words(name)
    for kind, product in ((words, PRODUCT), (words[::-1], OLDER_PRODUCT)):
        named = " ".join(kind)
        if named in ORDERS or named == REMOVED:
            return named, product
    return None, PRODUCT


def _words(name: str) -> list[str]:
    return [word.lower() for word in WORD.findall(name)]


def _order(
    properties: Node, name: str, product: ProductFields, event_id: str | None, ts: int | None
) -> list[Record]:
    kind = ORDERS[name]
    if kind == COMPLETED and _is_undone(properties):
        kind = "order_cancelled"
    is_listed = kind == COMPLETED and name != PAYMENT
    find = properties.some_entries if is_listed else properties.entries
    listed = [] if kind == "order_cancelled" else find(*LISTS, of="product_id")
    found = lines(listed, product, kind)
    if kind == REFUNDED and not found and IN_PART in _statuses(properties).values():
        raise properties.missing("products", "what came back of an order that did in part")
    order_id = _order_id(properties, kind, event_id)
    made: list[Record] = []
    if found or name != PAYMENT:
        is_negative = properties.is_negative(*TOTALS)
        made = order(kind, order_id, found, event_id, ts, is_negative=is_negative)
    is_bought = kind == COMPLETED and all(fields["event"] == COMPLETED for _, fields in made)
    if is_bought and order_id is not None and _is_paid(properties, name):
        made.append(reinstatement(order_id, event_id, ts))
    return made


def _is_paid(properties: Node, name: str) -> bool:
    """Whether a call says that the order is paid, whatever became of it before."""
    return name == PAYMENT or any(status in PAID for status in _statuses(properties).values())


def _is_undone(properties: Node) -> bool:
    """Whether a call says of an order that it is cancelled or came back."""
    statuses = _statuses(properties)
    said = next((name for name, status in statuses.items() if status in UNDONE), None)
    if said is None and _has_happened(properties, CANCELLED_AT):
        said = CANCELLED_AT
    if said is not None:
        properties.corrected(said, properties.attribute(said), "an order that was cancelled")
    return said is not None


def _has_happened(properties: Node, name: str) -> bool:
    """Whether a time is one: databases write 0000-00-00 for none."""
    at = properties.attribute(name)
    return moment_of(at, MILLISECONDS, properties.reading.timestamp) is not None


def _statuses(properties: Node) -> dict[str, str]:
    """What a call says of how an order stands, by field."""
    found = {name: properties.attribute(name) for name in STATUSES}
    return {name: status.strip().lower() for name, status in found.items() if status is not None}


def _order_id(properties: Node, kind: OrderEvent, event_id: str | None) -> str | None:
    """The order, or else its checkout; of a purchase at the worst the message."""
    for name in ("order_id", "id", "checkout_id"):
        found = first_id(properties, name)
        if found is not None:
            if name != "order_id":
                properties.derived("order_id", name)
            return found
    if kind == COMPLETED and event_id is not None:
        properties.derived("order_id", "messageId")
        return event_id
    return order_id_of(properties, "order_id", kind)


def _consent(event: Node) -> bool | None:
    """Whether the category is allowed that stands for personalised ads."""
    category = event.reading.consent_category
    for place in ("context", "properties"):
        said = event.part(place)
        if not said.has("consent", "categoryPreferences", "consentManagement"):
            continue  # as with most calls
        for holder in (said.part("consent"), said):
            categories = holder.part("categoryPreferences")
            answer = categories.consent(categories.spelled(category))
            if answer is not None:
                return answer
        managed = said.part("consentManagement")
        for name, answer in (("deniedConsentIds", False), ("allowedConsentIds", True)):
            if category.upper() in managed.words(name):
                return answer
    return None
