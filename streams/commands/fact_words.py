"""A person's evidence in words: what `streams.suppression.facts` says, as people read it."""

from collections.abc import Mapping
from typing import Any

from streams.commands.times import utc

Json = Mapping[str, Any]

ATTRIBUTES = {
    "item_group_id": "group",
    "categories": "categories",
    "brand": "brand",
    "advertiser_id": "advertiser",
}
"""What people call the attributes of a product."""


def fact_in_words(fact: Json) -> str:
    """What was said and what came of it, without a full stop."""
    return _fact(fact) + _origin(fact)


def _origin(fact: Json) -> str:
    """Of which ids it was reported, where it was of others."""
    if "ids" in fact:
        as_well = "" if "via" in fact else " as well"
        return f", reported of {', '.join(fact['ids'])}{as_well}"
    return ", reported of another id of the person" if "via" in fact else ""


def _fact(fact: Json) -> str:
    kind, at = fact["kind"], utc(fact["ts"])
    if kind == "order_line":
        return _line(fact)
    if kind == "refund":
        return f"return at {at}: {_pieces(fact)} of order {fact['order_id']} {_event(fact)}"
    if kind == "void_order":
        return f"order {fact['order_id']} cancelled or returned as a whole at {at}"
    if kind == "reinstated_order":
        return f"order {fact['order_id']} reinstated at {at}"
    if kind == "dismissal":
        return _dismissal(fact)
    if kind == "restoration":
        reason = f" as far as it was {fact['reason']}" if fact["reason"] else ""
        target = target_in_words(fact["target"])
        return f"restoration of {target}{_named(fact)}{reason} at {at} {_event(fact)}"
    if kind == "impression":
        shown = f"{fact['product_id']}{_named(fact)}"
        return f"ad shown at {at}: {shown} (impression {fact['impression_id']})"
    return _preference(fact)


def known_in_words(attributes: Json) -> str:
    """The attributes of a product, and its price with its currency."""
    return "; ".join(
        f"price {price_in_words(value, attributes.get('currency'))}"
        if name == "price"
        else _attribute(name, value)
        for name, value in attributes.items()
        if name != "currency"
    )


def _attribute(name: str, value: Any) -> str:
    if name == "sensitive":
        return name
    return f"{ATTRIBUTES[name]} {', '.join(value) if name == 'categories' else value}"


def target_in_words(target: Json | None) -> str:
    """What a dismissal or a restoration names."""
    if target is None:
        return "everything"
    [(field, value)] = target.items()
    return f"{field.removesuffix('_id')} {value}"


def number_in_words(number: float) -> str:
    """A price or a length: 18.0 as 18, and without the noise of binary fractions."""
    return f"{number:.12g}"


def price_in_words(price: float, currency: str | None) -> str:
    """A price with its currency, where that is known: 18 EUR."""
    return number_in_words(price) + (f" {currency}" if currency else "")


def _line(fact: Json) -> str:
    gift = " as a gift" if fact["gift"] else ""
    parts = [f"order {fact['order_id']} of {_bought(fact)}: {_pieces(fact)}{gift} {_event(fact)}"]
    parts += [
        f"{back['quantity']} returned at {utc(back['ts'])} {_event(back)}"
        for back in fact["returned"]
    ]
    is_void = fact["void_since"] is not None
    if is_void:
        parts.append(f"cancelled or returned as a whole at {utc(fact['void_since'])}")
    if fact["reinstated_at"] is not None:
        is_void = False
        parts.append(f"reinstated at {utc(fact['reinstated_at'])}")
    if fact["returned"] and not is_void:
        parts.append(f"{fact['kept'] or 'none'} kept")
    parts += [
        f"it counts instead of what was said at {utc(other['ts'])} {_event(other)}"
        for other in fact["replaced"]
    ]
    return "; ".join(parts)


def _bought(fact: Json) -> str:
    """When a line was bought, and by which event, where that is not the one that counts."""
    first, at = fact["first"], utc(fact["ts"])
    return at if first is None else f"{utc(first['ts'])} {_event(first)}, reported again at {at}"


def _dismissal(fact: Json) -> str:
    named = _named(fact)
    target = "" if fact["target"] is None else f" of {target_in_words(fact['target'])}{named}"
    price = ""
    if fact["price"] is not None:
        price = f", at a price of {price_in_words(fact['price'], fact['currency'])}"
    at = utc(fact["ts"])
    words = f"rejection{target} as {fact['reason']} at {at}{price} {_event(fact)}"
    if fact["restored"] is None:
        return words
    return f"{words}; taken back at {utc(fact['restored']['ts'])} {_event(fact['restored'])}"


def _preference(fact: Json) -> str:
    parts = [
        f"preference: {fact['preference']} {fact['answer']} at {utc(fact['ts'])} {_event(fact)}"
    ]
    parts += [
        f"it counts instead of {other['answer']} at {utc(other['ts'])} {_event(other)}"
        for other in fact["replaced"]
    ]
    return "; ".join(parts)


def _pieces(fact: Json) -> str:
    return f"{fact['quantity']} x {fact['product_id']}{_named(fact)}"


def _named(fact: Json) -> str:
    """The aliases by which its product was reported."""
    return f" (as {', '.join(fact['named'])})" if "named" in fact else ""


def _event(fact: Json) -> str:
    return f"(event {fact['event_id']})"
