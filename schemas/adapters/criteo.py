"""Criteo's OneTag: the events that a page pushes, with `trackTransaction` among them.

One record is what was pushed at once: `{"events": [...]}`, or a single event.
"""

import re
from typing import Final

from schemas.adapters.node import Node
from schemas.adapters.told import Told, order, persons, present
from schemas.decoding import Fields, InvalidRecord
from schemas.problems import quoted

NAME: Final = re.compile("(set|view|add|track)[A-Z]")
"""How the events of the tag are named."""


def recognises(event: Node) -> bool:
    """Whether it looks like events of the tag."""
    return any(NAME.match(each.required("event")) for each in _events(event))


def read(event: Node) -> Told:
    """What was pushed at once comes to; without a transaction nothing."""
    events = _events(event)
    if not events:
        raise event.missing("events", "an array of at least one")
    if not recognises(event):
        first = events[0]
        detail = f"{first.at('event')}: expected an event of the tag, such as trackTransaction"
        raise InvalidRecord("unknown_value", f"{detail}, got {quoted(first.required('event'))}")
    known: list[str] = []
    records = []
    for each in events:
        name = each.required("event")
        if name in ("setCustomerId", "setRetailerVisitorId"):
            known += persons(each.text("id"))
        elif name in ("setEmail", "setHashedEmail") and each.says("hash_method"):
            known += each.texts("email")
        elif name == "trackTransaction":
            records.append(_transaction(each))
    return Told(known, records)


def _events(event: Node) -> list[Node]:
    return [event] if event.says("event") else event.children("events")


def _transaction(event: Node) -> tuple[str, Fields]:
    products = [
        present(
            product_id=item.required("id"),
            quantity=item.whole("quantity"),
            price=item.number("price"),
        )
        for item in event.some("item", "product")
    ]
    return order("order_completed", event.required("id"), products, ts=event.time("timestamp"))
