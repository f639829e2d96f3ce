"""Criteo's OneTag: the events that a page pushes, with `trackTransaction` among them.

One record is what was pushed at once: `{"events": [...]}`, or a single event.
"""

import re
from typing import Final

from schemas.adapters.node import Node
from schemas.adapters.notes import labels
from schemas.adapters.records import (
    COMPLETED,
    Adapted,
    ProductFields,
    Record,
    line_fields,
    lines,
    order,
)
from schemas.decoding import InvalidRecord
from schemas.problems import quoted

NAME: Final = re.compile("(set|view|add|track)[A-Z]")
"""How the events of the tag are named."""

PRODUCT: Final = ProductFields(ids=("id",))

_OF_AN_EVENT: Final = (
    *("event", "id", "email", "timestamp"),
    *line_fields("item", PRODUCT),
    *line_fields("product", PRODUCT),
)
FIELDS: Final = labels("events", *_OF_AN_EVENT, *(f"events.{each}" for each in _OF_AN_EVENT))
"""Those that a note may name."""


def recognises(event: Node) -> bool:
    """Whether it looks like events of the tag."""
    return any(NAME.match(each.required("event")) for each in _events(event))


def read(event: Node) -> Adapted:
    """What was pushed at once comes to; without a transaction nothing."""
    pushed = _events(event)
    if not pushed:
        raise event.missing("events", "an array of at least one")
    named = event.reading.kept(pushed, lambda each: [(each.required("event"), each)])
    if not any(NAME.match(name) for name, _ in named):
        name, first = named[0]
        detail = f"{first.at('event')}: expected an event of the tag, such as trackTransaction"
        raise InvalidRecord("unknown_value", f"{detail}, got {quoted(name)}")
    transactions = [each for name, each in named if name == "trackTransaction"]
    records = event.reading.kept(transactions, _transaction)
    return Adapted([person for name, each in named for person in _persons(name, each)], records)


def _events(event: Node) -> list[Node]:
    return [event] if event.has_all("event") else event.entries("events")


def _persons(name: str, event: Node) -> list[str]:
    if name in ("setCustomerId", "setRetailerVisitorId"):
        return event.person("id")
    is_hashed_email = name in ("setEmail", "setHashedEmail") and event.has_all("hash_method")
    return event.person("email") if is_hashed_email else []


def _transaction(event: Node) -> list[Record]:
    found = lines(event.some_entries("item", "product"), PRODUCT, COMPLETED)
    return order(COMPLETED, event.id("id"), found, ts=event.time("timestamp"))
