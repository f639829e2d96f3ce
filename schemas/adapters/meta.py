"""Meta's Conversions API: purchases, one server event or a call's `data` with several of them.

Whoever opted out, or whose data is under limited use, has denied personalised ads.
"""

from collections.abc import Callable, Sequence
from typing import Final

from schemas.adapters.ids import bare_id
from schemas.adapters.node import Node
from schemas.adapters.notes import labels
from schemas.adapters.records import (
    COMPLETED,
    NOTHING,
    Adapted,
    Line,
    ProductFields,
    Record,
    first_id,
    line_fields,
    lines,
    order,
    preference,
)
from schemas.adapters.statements import SIGNED_IN, Said
from schemas.adapters.times import SECONDS
from schemas.decoding import InvalidRecord

PRODUCT: Final = ProductFields(ids=("id", "product_id"), prices=("item_price", "price"))
LIMITED_DATA_USE: Final = "LDU"
USER: Final = "external_id"
BROWSER: Final = "fbp"
REGISTERED: Final = "completeregistration"

_OF_AN_EVENT: Final = (
    *("event_name", "event_time", "event_id", "opt_out", "data_processing_options"),
    *("user_data", f"user_data.{USER}", f"user_data.{BROWSER}"),
    *("custom_data", "custom_data.order_id"),
    *line_fields("custom_data.contents", PRODUCT),
    "custom_data.content_ids",
)
FIELDS: Final = labels("data", *_OF_AN_EVENT, *(f"data.{each}" for each in _OF_AN_EVENT))
"""Those that a note may name."""


def recognises(event: Node) -> bool:
    """Whether it looks like a server event or a call with some."""
    if event.has_all("event_name", "event_time"):
        return event.has_all("user_data") or event.has_all("action_source")
    return all(each.has_all("event_name", "event_time") for each in _events(event) or [event])


def read(event: Node) -> Adapted:
    """What a server event, or all of a call, comes to. A record must be about one person."""
    is_denied = _is_denied(event)
    found = event.reading.kept(_events(event), lambda each: _records(each, is_denied))
    if not found:
        return NOTHING
    persons = _of_one([each for each, _ in found], _persons)
    return Adapted(persons, [record for _, record in found])


def said(event: Node) -> list[Said]:
    """What events say of ids: `external_id` is the site's own for whom it knows."""
    found = event.reading.kept(_events(event), lambda each: [(each, _said(each))])
    named = [(each, one) for each, one in found if one.devices]
    _of_one([each for each, _ in named], lambda each: each.part("user_data").person(BROWSER))
    return [one for _, one in named]


def _said(event: Node) -> Said:
    user, name = event.part("user_data"), event.event_name("event_name")
    devices, persons = user.person(BROWSER), user.person(USER)
    hubs = [each for each in dict.fromkeys(map(bare_id, persons)) if each]
    if devices and len(hubs) > 1:
        user.corrected(USER, hubs, "one id: the key, or else the first")
    return Said(
        SIGNED_IN if name == REGISTERED else None,
        devices,
        persons,
        event.attribute("event_id"),
        event.time("event_time", unit=SECONDS),
    )


def _of_one(events: Sequence[Node], ids_in: Callable[[Node], list[str]]) -> list[str]:
    """The ids of whom all these events are about. Raises `InvalidRecord` if it is not one."""
    if not events:
        return []
    first, known = events[0], ids_in(events[0])
    for each in events[1:]:
        if each is not first and not set(known) & set(ids_in(each)):
            detail = f"{each.at('user_data')}: expected the person of {first.path}"
            raise InvalidRecord("key_mismatch", f"{detail}, got another")
    return known


def _events(event: Node) -> list[Node]:
    return event.entries("data") if event.has_all("data") else [event]


def _persons(event: Node) -> list[str]:
    user = event.part("user_data")
    return [*user.person(USER), *user.person(BROWSER)]


def _records(event: Node, is_denied: bool) -> list[tuple[Node, Record]]:
    """What an event comes to, with the event, whose person must be that of the others."""
    is_purchase = event.event_name("event_name") == "purchase"
    is_denied = is_denied or _is_denied(event)
    if not (is_purchase or is_denied):
        return []
    event_id, ts = event.attribute("event_id"), event.time("event_time", unit=SECONDS)
    consent_id = f"{event_id}#consent" if is_purchase and event_id is not None else event_id
    said = preference(False, consent_id, ts) if is_denied else []
    purchases = [event] if is_purchase else []
    records = event.reading.beside(said, purchases, lambda each: _purchase(each, event_id, ts))
    return [(event, record) for record in records]


def _is_denied(event: Node) -> bool:
    """Whether ads must not be chosen for the person; that nothing says so is no grant."""
    is_limited = LIMITED_DATA_USE in event.words("data_processing_options")
    return is_limited or event.consent("opt_out") is True


def _purchase(event: Node, event_id: str | None, ts: int | None) -> list[Record]:
    """An order; where it has no `order_id`, the event's id has to do, as Meta advises."""
    data = event.child("custom_data")
    order_id = first_id(data, "order_id")
    if order_id is None:
        data.derived("order_id", "event_id" if event_id is not None else "the event's id")
    found = _lines(data)
    is_negative = data.is_negative("value")
    return order(COMPLETED, order_id, found, event_id, ts, is_negative=is_negative)


def _lines(data: Node) -> list[Line]:
    """The contents, or else the ids alone."""
    found: list[Line] = []
    try:
        found = lines(data.entries("contents", of="id"), PRODUCT, COMPLETED)
    except InvalidRecord:
        if not data.has("content_ids"):
            raise
        data.left_out("contents")
    found = found or lines(_named(data), PRODUCT, COMPLETED)
    if not found:
        raise data.missing("contents", "an array of at least one")
    return found


def _named(data: Node) -> list[Node]:
    ids = enumerate(data.ids("content_ids"))
    return [Node({"id": each}, data.at(f"content_ids[{n}]"), data.reading) for n, each in ids]
