"""What each person was done with, and when: what they bought or rejected.

It goes by the recorded events alone, whatever a policy makes of them, so it also tells of ads that
were let through. The earliest order of a product counts, be it sent back later or not, and the
earliest rejection of what it names, be it taken back later or not. Who is done with a product is
done with its variants.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from schemas.records import Dismissal, Event, Preference, Purchase
from streams.recording.variants import group_of
from streams.suppression.catalog import Catalog
from streams.suppression.facts import HasAttributes
from streams.suppression.words import EVERYTHING

EVERY_AD: Final = ("all", EVERYTHING)

Key = TypeVar("Key", bound=Hashable)

Target = tuple[str, str]
"""The field that a rejection names and its value, or `EVERY_AD`."""


class Objection(NamedTuple):
    """A person's event that speaks against an ad. The least is the earliest."""

    ts: int
    event_id: str
    kind: str
    """`purchases`, `dismissals` or `preferences`: each has ids of its own."""


class _ByGroup(NamedTuple):
    """The earliest objections of one person, those to a product by its group."""

    orders: Mapping[str, Objection]
    rejections: Mapping[Target, Objection]


_NOTHING: Final = _ByGroup({}, {})


class History:
    """First `scan` all events of a person, then `apply` each and ask, always by one catalog."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[str, Objection]] = {}
        self._rejections: dict[str, dict[Target, Objection]] = {}
        self._by_group: dict[str, _ByGroup] = {}
        """Of those of whom there was a request."""
        self._applied: dict[str, dict[tuple[str, str], int]] = {}

    def scan(self, event: Event) -> None:
        """Note what an event objects to."""
        objection = objection_of(event)
        if objection is None:
            return
        if isinstance(event, Purchase):
            orders = self._orders.setdefault(event.user_id, {})
            for product in event.products or ():
                known = orders.get(product.product_id)
                orders[product.product_id] = objection if known is None else min(objection, known)
        else:
            rejections = self._rejections.setdefault(event.user_id, {})
            target = _target(event)
            known = rejections.get(target)
            rejections[target] = objection if known is None else min(objection, known)

    def apply(self, event: Event) -> Objection | None:
        """Count the event as known; returns its objection unless that was known already."""
        objection = objection_of(event)
        if objection is None:
            return None
        applied = self._applied.setdefault(event.user_id, {})
        key = objection.kind, objection.event_id
        if key in applied:
            return None
        applied[key] = objection.ts
        return objection

    def known(self, user_id: str, kind: str, event_id: str) -> int | None:
        """The time of an event if it was applied already, else None."""
        return self._applied.get(user_id, {}).get((kind, event_id))

    def order(self, user_id: str, group: str, catalog: Catalog) -> Objection | None:
        """The person's earliest order of a product of a group, be it before or after now."""
        return self._of(user_id, catalog).orders.get(group)

    def rejection(
        self, user_id: str, group: str, attributes: HasAttributes, catalog: Catalog
    ) -> Objection | None:
        """The person's earliest rejection that a product comes under, before or after now."""
        rejections = self._of(user_id, catalog).rejections
        if not rejections:
            return None
        named = (rejections.get(target) for target in _targets(group, attributes))
        return min((objection for objection in named if objection is not None), default=None)

    def _of(self, user_id: str, catalog: Catalog) -> _ByGroup:
        found = self._by_group.get(user_id)
        if found is None:
            orders = self._orders.get(user_id, {}).items()
            rejections = self._rejections.get(user_id, {}).items()
            if not orders and not rejections:
                return _NOTHING
            found = self._by_group[user_id] = _ByGroup(
                _earliest((group_of(named, catalog), each) for named, each in orders),
                _earliest((_of_group(target, catalog), each) for target, each in rejections),
            )
        return found


def objection_of(event: Event) -> Objection | None:
    """The objection of an order, a rejection or a denial of consent; None for everything else.

    An ad that covered content was rejected for its place, so it does not count (SPEC 4).
    """
    if isinstance(event, Purchase):
        if event.event == "order_completed":
            return Objection(event.ts, event.event_id, "purchases")
    elif isinstance(event, Dismissal):
        if event.action == "dismissed" and event.reason != "covered_content":
            return Objection(event.ts, event.event_id, "dismissals")
    elif isinstance(event, Preference) and event.personalised_ads == "denied":
        return Objection(event.ts, event.event_id, "preferences")
    return None


def _target(event: Event) -> Target:
    if isinstance(event, Dismissal) and event.reason != "opt_out_all" and event.target is not None:
        return event.target
    return EVERY_AD


def _of_group(target: Target, catalog: Catalog) -> Target:
    """The target; a product's group where it names a product."""
    field, value = target
    return (field, group_of(value, catalog)) if field == "product_id" else target


def _earliest(objections: Iterable[tuple[Key, Objection]]) -> dict[Key, Objection]:
    found: dict[Key, Objection] = {}
    for key, objection in objections:
        found[key] = min(objection, found.get(key, objection))
    return found


def _targets(group: str, attributes: HasAttributes) -> Iterator[Target]:
    yield EVERY_AD
    yield "product_id", group
    for category in attributes.categories or ():
        yield "category", category
    if attributes.brand is not None:
        yield "brand", attributes.brand
    if attributes.advertiser_id is not None:
        yield "advertiser_id", attributes.advertiser_id
