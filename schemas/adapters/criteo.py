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
    order_id_of,
)
from schemas.adapters.statements import Said
from schemas.decoding import InvalidRecord
from schemas.problems import quoted

TRANSACTION: Final = "tracktransaction"
VISITOR: Final = "setRetailerVisitorId"
NAME: Final = re.compile(f"(set|view|add|track)[A-Z]|(?i:{TRANSACTION})")
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
    return any(NAME.match(_name(each)) for each in _events(event))


def read(event: Node) -> Adapted:
    """What was pushed at once comes to; without a transaction nothing."""
    named = _named(event)
    transactions = [each for name, each in named if name.lower() == TRANSACTION]
    records = event.reading.kept(transactions, _transaction)
    return Adapted([person for name, each in named for person in _persons(name, each)], records)


def said(event: Node) -> list[Said]:
    """What was pushed at once says of ids: the tag is told the visitor's, and the customer's."""
    named = _named(event)
    devices = [one for name, each in named if name == VISITOR for one in each.person("id")]
    persons = [one for name, each in named if name != VISITOR for one in _persons(name, each)]
    return [Said(None, devices, persons)]


def _named(event: Node) -> list[tuple[str, Node]]:
    """What was pushed, by name. Raises `InvalidRecord` where nothing is the tag's."""
    pushed = _events(event)
    if not pushed:
        raise event.missing("events", "an array of at least one")
    named = event.reading.kept(pushed, lambda each: [(_name(each), each)])
    if not any(NAME.match(name) for name, _ in named):
        name, first = named[0]
        detail = f"{first.at('event')}: expected an event of the tag, such as trackTransaction"
        raise InvalidRecord("unknown_value", f"{detail}, got {quoted(name)}")
    return named


def _events(event: Node) -> list[Node]:
    return [event] if event.has_all("event") else event.entries("events")


def _name(event: Node) -> str:
    return event.required("event").strip()


def _persons(name: str, event: Node) -> list[str]:
    if name in ("setCustomerId", VISITOR):
        return event.person("id")
    is_hashed_email = name in ("setEmail", "setHashedEmail") and event.has_all("hash_method")
    return event.person("email") if is_hashed_email else []


def _transaction(event: Node) -> list[Record]:
    found = lines(event.some_entries("item", "product", of="id"), PRODUCT, COMPLETED)
    return order(COMPLETED, order_id_of(event, "id", COMPLETED), found, ts=event.time("timestamp"))
