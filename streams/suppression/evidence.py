"""Evidence: what was reported about one person, joined as a set (SPEC 3).

The join is commutative, associative and idempotent: every fact has an identity, and of two
versions of one fact a fixed order picks the one that stays. So the order of arrival, duplicates
and repeats after a crash cannot change the result.
"""

from collections.abc import Sequence
from sys import intern
from typing import Any, NamedTuple, Protocol, Self, TypeVar

from schemas.records import Dismissal, Event, Impression, OrderProduct, Preference, Purchase

FORMAT = 1
"""Version of the stored form; raise it when `Evidence.to_data` changes.

A version of Unhaunt that writes a new form reads the older ones too: a rolling restart begins with
states of theirs. Checkpoints keep it, so that an older version refuses what it could not read.
"""

Fact = TypeVar("Fact", "Line", "Refund", "Rejection | Restoration", "Said")

Key = TypeVar("Key", str, tuple[str, str])

LARGEST_QUANTITY = 2**63 - 1
"""Quantities are 64-bit integers; a sum beyond that is cut to it."""

LineKey = tuple[str, str]
"""An order line: `order_id` and `product_id`."""

ShownKey = tuple[str, str]
"""An impression: `impression_id` and `product_id`."""

PREFERENCES = ("personalised_ads", "sensitive_topics")


class HasAttributes(Protocol):
    """A record that may bring attributes for a product which the catalog does not know."""

    @property
    def item_group_id(self) -> str | None:
        """The product that its variants share."""

    @property
    def categories(self) -> Sequence[str] | None:
        """From broad to narrow, every level spelled out."""

    @property
    def brand(self) -> str | None:
        """The brand."""

    @property
    def advertiser_id(self) -> str | None:
        """Who advertises it."""


class Attributes(NamedTuple):
    """What is known of a product besides its id (SPEC 1)."""

    item_group_id: str | None = None
    categories: Sequence[str] | None = None
    brand: str | None = None
    advertiser_id: str | None = None


class Line(NamedTuple):
    """An order line: that of the greatest (`ts`, `event_id`) that lists the product."""

    ts: int
    event_id: str
    quantity: int
    attributes: Attributes | None


class Refund(NamedTuple):
    """A part of an order that came back; the fact is named by event and product."""

    ts: int
    order_id: str
    quantity: int


class Target(NamedTuple):
    """What a dismissal or a restoration names."""

    field: str
    value: str


class Rejection(NamedTuple):
    """A dismissal as it was said."""

    ts: int
    reason: str
    target: Target | None
    price: float | None
    attributes: Attributes | None


class Restoration(NamedTuple):
    """What a person takes back: a target, a reason, both, or everything up to then."""

    ts: int
    reason: str | None
    target: Target | None


class Said(NamedTuple):
    """The value of one preference, and the event that said it."""

    ts: int
    event_id: str
    value: str


def attributes_of(record: HasAttributes) -> Attributes | None:
    """The attributes that a record brings, or None when it brings none."""
    group, categories = record.item_group_id, record.categories
    brand, advertiser_id = record.brand, record.advertiser_id
    if group is None and categories is None and brand is None and advertiser_id is None:
        return None
    return Attributes(group, categories, brand, advertiser_id)


class Evidence:
    """All that is stored of one person."""

    __slots__ = (
        "dismissals",
        "impressions",
        "lines",
        "newest",
        "preferences",
        "refunds",
        "restorations",
        "voided",
    )

    def __init__(self) -> None:
        self.lines: dict[LineKey, Line] = {}
        """Order lines by (`order_id`, `product_id`)."""
        self.refunds: dict[tuple[str, str], Refund] = {}
        """Partial refunds by (`event_id`, `product_id`)."""
        self.voided: dict[str, int] = {}
        """Orders that were cancelled or refunded as a whole, with the newest time that said so."""
        self.dismissals: dict[str, Rejection] = {}
        self.restorations: dict[str, Restoration] = {}
        self.impressions: dict[ShownKey, int] = {}
        """Times of impressions by (`impression_id`, `product_id`)."""
        self.preferences: dict[str, Said] = {}
        self.newest = 0
        """Event time of the newest evidence of this person; means nothing while there is none."""

    def __bool__(self) -> bool:
        return bool(
            self.lines
            or self.dismissals
            or self.impressions
            or self.preferences
            or self.refunds
            or self.voided
            or self.restorations
        )

    @property
    def facts(self) -> int:
        """How many facts there are, besides the preferences."""
        return (
            len(self.lines)
            + len(self.refunds)
            + len(self.voided)
            + len(self.dismissals)
            + len(self.restorations)
            + len(self.impressions)
        )

    def join(self, event: Event) -> None:
        """Take a purchase, dismissal, impression or preference into the set.

        An event that states no fact, such as an order without products, is no evidence.
        """
        if isinstance(event, Purchase):
            self._join_purchase(event)
        elif isinstance(event, Dismissal):
            self._join_dismissal(event)
        elif isinstance(event, Impression):
            self._join_impression(event)
        elif isinstance(event, Preference):
            self._join_preference(event)
        else:
            raise TypeError(f"a {type(event).__name__} is no evidence")

    def _seen_at(self, ts: int) -> None:
        # A person's first evidence sets the time, even where it lies before 1970.
        if ts > self.newest or not self:
            self.newest = ts

    def _join_purchase(self, event: Purchase) -> None:
        if event.products or event.event == "order_cancelled" or event.products is None:
            self._seen_at(event.ts)
        if event.event == "order_completed":
            for product_id, (quantity, attributes) in _by_product(event.products or ()).items():
                line = Line(event.ts, event.event_id, quantity, attributes)
                key = (event.order_id, product_id)
                self.lines[key] = _later(self.lines.get(key), line)
        elif event.event == "order_refunded" and event.products is not None:
            for product_id, (quantity, _) in _by_product(event.products).items():
                refund = Refund(event.ts, event.order_id, quantity)
                identity = (event.event_id, product_id)
                self.refunds[identity] = _later(self.refunds.get(identity), refund)
        else:
            known = self.voided.get(event.order_id)
            self.voided[event.order_id] = event.ts if known is None else max(known, event.ts)

    def _join_dismissal(self, event: Dismissal) -> None:
        self._seen_at(event.ts)
        named = event.target
        target = None if named is None else Target(*named)
        said: Rejection | Restoration
        if event.action == "restored":
            said = Restoration(event.ts, event.reason, target)
        else:
            assert event.reason is not None, "decoding refuses a dismissal without a reason"
            of_product = target is not None and target.field == "product_id"
            attributes = attributes_of(event) if of_product else None
            said = Rejection(event.ts, event.reason, target, event.price, attributes)
        # One event is one fact, whichever of the two it says.
        event_id = event.event_id
        known = self.dismissals.pop(event_id, None) or self.restorations.pop(event_id, None)
        said = _later(known, said)
        if isinstance(said, Rejection):
            self.dismissals[event_id] = said
        else:
            self.restorations[event_id] = said

    def _join_impression(self, event: Impression) -> None:
        self._seen_at(event.ts)
        identity = (event.impression_id, event.product_id)
        known = self.impressions.get(identity)
        self.impressions[identity] = event.ts if known is None else max(known, event.ts)

    def _join_preference(self, event: Preference) -> None:
        for field in PREFERENCES:
            value: str | None = getattr(event, field)
            if value is not None:
                self._seen_at(event.ts)
                said = Said(event.ts, event.event_id, value)
                self.preferences[field] = _later(self.preferences.get(field), said)

    def granted(self) -> list[str]:
        """The names of the preferences that stand at `granted`, sorted."""
        if not self.preferences:
            return []
        return [
            field
            for field in PREFERENCES
            if field in self.preferences and self.preferences[field].value == "granted"
        ]

    def to_data(self) -> list[Any]:
        """The set as plain JSON data, one form for one set whatever the order of arrival."""
        self._sort()
        nothing: list[Any] = []  # as most persons have of most kinds
        return [
            FORMAT,
            self.newest,
            [
                [*key, ts, event_id, quantity, attributes and [*attributes]]
                for key, (ts, event_id, quantity, attributes) in self.lines.items()
            ]
            if self.lines
            else nothing,
            [[*key, *refund] for key, refund in self.refunds.items()] if self.refunds else nothing,
            [[*item] for item in self.voided.items()] if self.voided else nothing,
            [
                [key, ts, reason, target and [*target], price, attributes and [*attributes]]
                for key, (ts, reason, target, price, attributes) in self.dismissals.items()
            ]
            if self.dismissals
            else nothing,
            [
                [key, ts, reason, target and [*target]]
                for key, (ts, reason, target) in self.restorations.items()
            ]
            if self.restorations
            else nothing,
            [[*key, ts] for key, ts in self.impressions.items()] if self.impressions else nothing,
            [[key, *said] for key, said in sorted(self.preferences.items())]
            if self.preferences
            else nothing,
        ]

    def _sort(self) -> None:
        """Have the facts in the order of their identities; where they nearly are, it costs little.

        So whoever has thousands of facts and is written again and again does not cost it each time.
        """
        if len(self.lines) > 1:
            self.lines = _sorted(self.lines)
        if len(self.refunds) > 1:
            self.refunds = _sorted(self.refunds)
        if len(self.voided) > 1:
            self.voided = _sorted(self.voided)
        if len(self.dismissals) > 1:
            self.dismissals = _sorted(self.dismissals)
        if len(self.restorations) > 1:
            self.restorations = _sorted(self.restorations)
        if len(self.impressions) > 1:
            self.impressions = _sorted(self.impressions)

    @classmethod
    def from_data(cls, data: Sequence[Any]) -> Self:
        """The set that `to_data` wrote. Raises `ValueError` for a form of another version."""
        if data[0] != FORMAT:
            raise ValueError(f"state of format {data[0]!r}, but this version reads {FORMAT}")
        evidence = cls()
        _, evidence.newest, lines, refunds, voided, dismissals, restorations, seen, said = data
        for order_id, product_id, ts, event_id, quantity, attributes in lines:
            evidence.lines[order_id, product_id] = Line(
                ts, event_id, quantity, attributes and Attributes(*attributes)
            )
        for event_id, product_id, ts, order_id, quantity in refunds:
            evidence.refunds[event_id, product_id] = Refund(ts, order_id, quantity)
        evidence.voided.update(voided)
        for event_id, ts, reason, target, price, attributes in dismissals:
            evidence.dismissals[event_id] = Rejection(
                ts,
                intern(reason),  # of which there are a dozen, and so need be in memory once
                target and Target(intern(target[0]), target[1]),
                price,
                attributes and Attributes(*attributes),
            )
        for event_id, ts, reason, target in restorations:
            evidence.restorations[event_id] = Restoration(ts, reason, target and Target(*target))
        for impression_id, product_id, ts in seen:
            evidence.impressions[impression_id, product_id] = ts
        for field, ts, event_id, value in said:
            evidence.preferences[field] = Said(ts, event_id, value)
        return evidence


def _sorted(facts: dict[Key, Any]) -> dict[Key, Any]:
    return {key: facts[key] for key in sorted(facts)}


def _later(known: Fact | None, new: Fact) -> Fact:
    """Of two versions of one fact the one that stays, whichever came first.

    The greatest (`ts`, `event_id`) wins. Versions that agree in both and still differ break
    SPEC 2; their written form decides then, so that the join stays commutative.
    """
    if known is None:
        return new
    if known[:2] != new[:2] and isinstance(known, Line | Said):
        return max(known, new, key=lambda fact: fact[:2])
    return max(known, new, key=lambda fact: (fact.ts, repr(fact)))


def _by_product(
    products: Sequence[OrderProduct],
) -> dict[str, tuple[int, Attributes | None]]:
    """Quantity and attributes of each product of one event; repeats of a product add up."""
    listed: dict[str, tuple[int, Attributes | None]] = {}
    for product in products:
        attributes = attributes_of(product)
        known = listed.get(product.product_id)
        if known is None:
            listed[product.product_id] = product.quantity, attributes
        else:
            quantity = min(known[0] + product.quantity, LARGEST_QUANTITY)
            listed[product.product_id] = quantity, known[1] or attributes
    return listed
