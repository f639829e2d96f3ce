"""Impressions from a render pixel or OpenRTB's `burl`: a URL that is called when an ad was shown.

The record is what the server that is called writes down: `url`, or its parameters one by one.
Whoever makes the URL chooses its parameters; they are named as here, or after OpenRTB's macros:
`?product_id=tv-1&auction_id=${AUCTION_ID}&auction_imp_id=${AUCTION_IMP_ID}`.
"""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from schemas.adapters.node import Node
from schemas.adapters.notes import labels
from schemas.adapters.records import NOTHING, Adapted, has_own_id, present
from schemas.decoding import Fields, InvalidRecord
from schemas.problems import quoted

OURS: Final = ("product_id", "impression_id", "request_id", "auction_id")
"""Parameters that make a call one of ours."""

NAMING: Final = ("product_id", "impression_id", "auction_id", "auction_imp_id")
"""Parameters without which it is not known what was shown."""

KNOWN: Final = (*NAMING, "request_id", "user_id", "ts")
"""Parameters that are read."""

FIELDS: Final = labels("time", *KNOWN, *(f"url.{name}" for name in KNOWN))
"""Those that a note may name."""


def recognises(event: Node) -> bool:
    """Whether it holds a URL that was called, and no id of our own."""
    return not has_own_id(event) and (event.has_all("url") or event.has_all("burl"))


def read(event: Node) -> Adapted:
    """The products that were shown; a call that names none of our parameters says nothing."""
    called = _parameters(event)
    if not any(called.has(name) for name in OURS):
        if called is event:
            raise event.missing("url", "a string")
        return NOTHING
    products = called.ids("product_id")
    if not products:
        raise called.missing("product_id", "a string")
    ts = _time(event, called)
    impression_id = called.attribute("impression_id") or _of_the_auction(called)
    if impression_id is None and (ts is None or called is event):
        # Derived from the rest, the id would make all that was ever shown of it one.
        raise called.missing("impression_id", "a string, or a time")
    request_id = called.attribute("request_id", "auction_id")
    shown: Fields = present(impression_id=impression_id, request_id=request_id, ts=ts)
    records = [("impressions", {**shown, "product_id": product}) for product in products]
    return Adapted(called.person("user_id") or event.person("user_id"), records)


def _time(event: Node, called: Node) -> int | None:
    """When the URL was called, or else the time in it."""
    ts = event.time("time")
    return called.time("ts") if ts is None else ts


def _of_the_auction(called: Node) -> str | None:
    """An auction and an impression in it name what was shown."""
    auction, imp = called.attribute("auction_id"), called.attribute("auction_imp_id")
    return None if auction is None or imp is None else f"{auction}/{imp}"


def _parameters(event: Node) -> Node:
    url = event.text("url", "burl")
    if url is None:
        return event
    try:
        parameters = parse_qs(urlsplit(url).query)
    except ValueError as error:
        raise InvalidRecord("unknown_value", f"url: expected a URL, {error}") from None
    flat: dict[str, object] = {
        name: values if len(values) > 1 else values[0] for name, values in parameters.items()
    }
    called = Node(flat, "url", event.reading)
    for name, values in parameters.items():
        if not any(value.startswith("${") for value in values):
            continue
        if name in NAMING:
            detail = f"url.{name}: expected what the macro {quoted(values[0])} stands for"
            raise InvalidRecord("unknown_value", f"{detail}, got the macro")
        if name in KNOWN:
            called.left_out(name)
        del flat[name]
    return called
