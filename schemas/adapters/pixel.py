"""Impressions from a render pixel or OpenRTB's `burl`: a URL that is called when an ad was shown.

The record is what the server that is called writes down: `url`, or its parameters one by one.
Whoever makes the URL chooses its parameters; they are named as here, or after OpenRTB's macros:
`?product_id=tv-1&auction_id=${AUCTION_ID}&auction_imp_id=${AUCTION_IMP_ID}`.
"""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from schemas.adapters.node import Node
from schemas.adapters.told import NOTHING, Told, has_own_id, persons, present
from schemas.decoding import Fields, InvalidRecord
from schemas.problems import quoted

OURS: Final = ("product_id", "impression_id", "request_id", "auction_id")
"""Parameters that make a call one of ours."""


def recognises(event: Node) -> bool:
    """Whether it holds a URL that was called, and no id of our own."""
    return not has_own_id(event) and (event.says("url") or event.says("burl"))


def read(event: Node) -> Told:
    """The products that were shown; a call that names none of our parameters says nothing."""
    said = _parameters(event)
    if not any(said.says(name) for name in OURS):
        if said is event:
            raise event.missing("url", "a string")
        return NOTHING
    products = said.texts("product_id")
    if not products:
        raise said.missing("product_id", "a string")
    request_id = said.text("request_id", "auction_id")
    ts = event.time("time")
    ts = said.whole("ts") if ts is None else ts
    impression_id = said.text("impression_id") or _of_the_auction(said)
    if impression_id is None and (ts is None or said is event):
        # Derived from what is said, the id would make all that was ever shown of it one.
        raise said.missing("impression_id", "a string, or a time")
    shown: Fields = present(impression_id=impression_id, request_id=request_id, ts=ts)
    records = [("impressions", {**shown, "product_id": product}) for product in products]
    return Told(persons(said.text("user_id")), records)


def _of_the_auction(said: Node) -> str | None:
    """An auction and an impression in it name what was shown."""
    if not said.says("auction_id", "auction_imp_id"):
        return None
    return f"{said.text('auction_id')}/{said.text('auction_imp_id')}"


def _parameters(event: Node) -> Node:
    url = event.text("url", "burl")
    if url is None:
        return event
    try:
        parameters = parse_qs(urlsplit(url).query)
    except ValueError as error:
        raise InvalidRecord("unknown_value", f"url: expected a URL, {error}") from None
    for name, values in parameters.items():
        if any(value.startswith("${") for value in values):
            detail = f"url, {name}: expected what the macro {quoted(values[0])} stands for"
            raise InvalidRecord("unknown_value", f"{detail}, got the macro")
    flat = {name: each if len(each) > 1 else each[0] for name, each in parameters.items()}
    return Node({"user_id": event.text("user_id"), **flat}, "url")
