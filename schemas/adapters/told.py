"""What an event of another format comes to, in the terms of SPEC 2."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from schemas.adapters.node import Node
from schemas.decoding import Fields


class Told(NamedTuple):
    """Values of records that one event comes to; their person is still to be found."""

    persons: Sequence[str]
    """The ids by which the event knows the person, the best first."""
    records: Sequence[tuple[str, Fields]]
    """Topic and value, without `user_id`. None at all: the event has nothing to do with us."""


NOTHING: Final = Told((), ())

OWN_IDS: Final = ("event_id", "impression_id", "request_id")


def has_own_id(event: Node) -> bool:
    """Whether it names itself as a record of SPEC 2 does."""
    return any(event.says(name) for name in OWN_IDS)


def persons(*ids: str | None) -> list[str]:
    """Those ids that are there."""
    return [one for one in ids if one is not None]


def order(
    event: str,
    order_id: str,
    products: Iterable[Fields],
    event_id: str | None = None,
    ts: int | None = None,
) -> tuple[str, Fields]:
    """A purchase; of a refund without products the whole order came back."""
    said: Fields = {"event": event, "order_id": order_id, "event_id": event_id, "ts": ts}
    return "purchases", present(**said, products=list(products) or None)


def removals(
    products: Sequence[Fields], event_id: str | None = None, ts: int | None = None
) -> list[tuple[str, Fields]]:
    """Dismissals of what somebody took out of the cart, one for each product."""
    said = []
    for number, product in enumerate(products):
        named = event_id
        if event_id is not None and len(products) > 1:
            named = f"{event_id}#{number}"
        value = {name: value for name, value in product.items() if name != "quantity"}
        said.append(dismissal("removed_from_cart", event_id=named, ts=ts, **value))
    return said


def dismissal(reason: str, **fields: object) -> tuple[str, Fields]:
    """A dismissal for this reason, less the fields that are None."""
    return "dismissals", present(reason=reason, **fields)


def present(**fields: object) -> Fields:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def levels(names: Iterable[str]) -> list[str] | None:
    """Categories from broad to narrow, every level spelled out (SPEC 1); None when there are none.

    Electronics and TV become `Electronics` and `Electronics.TV`.
    """
    spelled: list[str] = []
    for name in filter(None, map(str.strip, names)):
        spelled.append(f"{spelled[-1]}.{name}" if spelled else name)
    return spelled or None


def path_levels(path: str | None) -> list[str] | None:
    """The categories of a path such as `Electronics/TV` or `Electronics > TV`."""
    return levels((path or "").replace(">", "/").split("/"))
