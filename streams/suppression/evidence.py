"""Evidence: what was reported about one person, joined as a set (SPEC 3).

The join is commutative, associative and idempotent: every fact has an identity, and of two
versions of one fact a fixed order picks the one that stays. So the order of arrival, duplicates
and repeats after a crash cannot change the result.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Final, TypeVar, cast, final

from msgspec.structs import replace
from mypy_extensions import mypyc_attr

from schemas.records import Dismissal, Event, Impression, OrderProduct, Preference, Purchase
from streams.suppression.facts import (
    Acting,
    Choice,
    Completion,
    Fact,
    Line,
    Refund,
    Reinstatement,
    Rejection,
    Restoration,
    Shown,
    Target,
    VoidOrder,
    attributes_of,
)
from streams.suppression.words import LATEST

LARGEST_QUANTITY: Final = LATEST
"""Quantities are 64-bit integers; a sum beyond that is cut to it."""

PREFERENCES: Final = ("personalised_ads", "sensitive_topics")

Change = tuple[Fact | None, Fact]
"""A fact as it was, None if it is new, and as it is now."""

Stored = TypeVar("Stored", bound=Fact)


@mypyc_attr(acyclic=True)
@final
class Evidence:
    """All facts about one person, those of each kind sorted by their identities."""

    __slots__ = (
        "dismissals",
        "impressions",
        "lines",
        "newest",
        "preferences",
        "refunds",
        "reinstated",
        "restorations",
        "voided",
    )

    def __init__(self) -> None:
        self.lines: tuple[Line, ...] = ()
        self.refunds: tuple[Refund, ...] = ()
        self.voided: tuple[VoidOrder, ...] = ()
        self.reinstated: tuple[Reinstatement, ...] = ()
        self.dismissals: tuple[Rejection, ...] = ()
        self.restorations: tuple[Restoration, ...] = ()
        self.impressions: tuple[Shown, ...] = ()
        self.preferences: tuple[Choice, ...] = ()
        self.newest: int = 0
        """Event time of the newest evidence of this person; means nothing while there is none."""

    def __bool__(self) -> bool:
        return bool(
            self.lines
            or self.dismissals
            or self.impressions
            or self.preferences
            or self.refunds
            or self.voided
            or self.reinstated
            or self.restorations
        )

    @property
    def size(self) -> int:
        """How many facts there are, besides the preferences."""
        return (
            len(self.lines)
            + len(self.refunds)
            + len(self.voided)
            + len(self.reinstated)
            + len(self.dismissals)
            + len(self.restorations)
            + len(self.impressions)
        )

    def join(self, event: Event) -> list[Change]:
        """Add a purchase, dismissal, impression or preference to the set; returns what changed.

        An event that states no fact, such as an order without products, is no evidence.
        """
        if type(event) is Impression:  # an exact type is quicker to ask for than `isinstance`
            return self._join_impression(event)
        if type(event) is Dismissal:
            return self._join_dismissal(event)
        if type(event) is Purchase:
            return self._join_purchase(event)
        if type(event) is Preference:
            return self._join_preference(event)
        raise TypeError(f"a {type(event).__name__} is no evidence")

    def _see(self, ts: int) -> None:
        # A person's first evidence sets the time, even where it lies before 1970.
        if ts > self.newest or not self:
            self.newest = ts

    def _join_purchase(self, event: Purchase) -> list[Change]:
        products, kind = event.products, event.event
        if kind == "order_completed":
            return self._join_lines(event, products or [])
        if kind == "order_refunded" and products is not None:
            return self._join_refunds(event, products)
        self._see(event.ts)
        if kind == "order_reinstated":
            reinstatement = Reinstatement(event.order_id, event.ts)
            self.reinstated, changes = _with(self.reinstated, reinstatement)
            return changes
        void = VoidOrder(event.order_id, event.ts)
        self.voided, changes = _with(self.voided, void)
        return changes

    def _join_lines(self, event: Purchase, products: list[OrderProduct]) -> list[Change]:
        order_id, ts, event_id = event.order_id, event.ts, event.event_id
        if products:
            self._see(ts)
        changes: list[Change] = []
        for product in _summed(products):
            attributes = attributes_of(product)
            line = Line(
                order_id,
                product.product_id,
                ts,
                event_id,
                product.quantity,
                attributes,
                product.gift,
            )
            self.lines, changed = _with(self.lines, line)
            changes += changed
        return changes

    def _join_refunds(self, event: Purchase, products: list[OrderProduct]) -> list[Change]:
        if products:
            self._see(event.ts)
        changes: list[Change] = []
        for product in _summed(products):
            refund = Refund(
                event.event_id, product.product_id, event.ts, event.order_id, product.quantity
            )
            self.refunds, changed = _with(self.refunds, refund)
            changes += changed
        return changes

    def _join_dismissal(self, event: Dismissal) -> list[Change]:
        self._see(event.ts)
        named = event.target
        target = None if named is None else Target(*named)
        if event.action == "restored":
            return self._restore(Restoration(event.event_id, event.ts, event.reason, target))
        reason = event.reason
        assert reason is not None, "decoding refuses a dismissal without a reason"
        of_product = target is not None and target.field == "product_id"
        attributes = attributes_of(event) if of_product else None
        return self._reject(
            Rejection(
                event.event_id, event.ts, reason, target, event.price, attributes, event.currency
            )
        )

    # One event is one fact, whichever of the two it states.

    def _reject(self, rejection: Rejection) -> list[Change]:
        known = find(self.restorations, rejection.event_id)
        if known is not None:
            if not _is_later(rejection, known):
                return []
            self.restorations = without(self.restorations, [known])
        self.dismissals, changes = _with(self.dismissals, rejection)
        return changes if known is None else [(known, rejection)]

    def _restore(self, restoration: Restoration) -> list[Change]:
        known = find(self.dismissals, restoration.event_id)
        if known is not None:
            if not _is_later(restoration, known):
                return []
            self.dismissals = without(self.dismissals, [known])
        self.restorations, changes = _with(self.restorations, restoration)
        return changes if known is None else [(known, restoration)]

    def _join_impression(self, event: Impression) -> list[Change]:
        self._see(event.ts)
        shown = Shown(event.impression_id, event.product_id, event.ts)
        self.impressions, changes = _with(self.impressions, shown)
        return changes

    def _join_preference(self, event: Preference) -> list[Change]:
        changes: list[Change] = []
        for preference, value in zip(
            PREFERENCES, (event.personalised_ads, event.sensitive_topics), strict=True
        ):
            if value is not None:
                self._see(event.ts)
                choice = Choice(preference, event.ts, event.event_id, value)
                self.preferences, changed = _with(self.preferences, choice)
                changes += changed
        return changes

    def choice(self, preference: str) -> Choice | None:
        """What the person chose; None if they never did."""
        for choice in self.preferences:
            if choice.preference == preference:
                return choice
        return None

    def granted(self) -> list[str]:
        """The names of the preferences that stand at `granted`, sorted."""
        return [choice.preference for choice in self.preferences if choice.value == "granted"]


def acting(evidence: Evidence) -> list[Acting]:
    """The facts that take order lines back, or bring them back."""
    return [*evidence.refunds, *evidence.voided, *evidence.reinstated]


def lines_of(evidence: Evidence, fact: Acting) -> list[Line]:
    """The order lines that a fact takes back, or brings back."""
    if not isinstance(fact, Refund):
        return [line for line in evidence.lines if line.order_id == fact.order_id]
    line = find(evidence.lines, (fact.order_id, fact.product_id))
    return [] if line is None else [line]


def lines_of_order(evidence: Evidence, order_id: str) -> list[Line]:
    """The lines of an order, which stand together."""
    lines = evidence.lines
    found: list[Line] = []
    at = bisect_left(lines, (order_id, ""), key=Line.identity_of)
    while at < len(lines) and lines[at].order_id == order_id:
        found.append(lines[at])
        at += 1
    return found


def without(facts: tuple[Stored, ...], gone: Sequence[Stored]) -> tuple[Stored, ...]:
    """The facts of a kind without some of them."""
    ids = {id(fact) for fact in gone}
    return tuple([fact for fact in facts if id(fact) not in ids])


def find(facts: tuple[Stored, ...], identity: str | tuple[str, str]) -> Stored | None:
    """The fact of a kind with this identity."""
    if not facts:
        return None
    identity_of = facts[0].identity_of
    at = bisect_left(facts, identity, key=identity_of)
    return facts[at] if at < len(facts) and identity_of(facts[at]) == identity else None


def _with(facts: tuple[Stored, ...], fact: Stored) -> tuple[tuple[Stored, ...], list[Change]]:
    """The facts of a kind with one more, unless that is nothing new; and the change."""
    if not facts:
        return (fact,), [(None, fact)]
    identity_of = fact.identity_of
    identity = identity_of(fact)
    at = bisect_left(facts, identity, key=identity_of)
    if at < len(facts) and identity_of(known := facts[at]) == identity:
        joined = join_facts(fact, known)
        if joined is known:
            return facts, []
        return (*facts[:at], joined, *facts[at + 1 :]), [(known, joined)]
    return (*facts[:at], fact, *facts[at:]), [(None, fact)]


def join_facts(new: Stored, known: Stored) -> Stored:
    """The later of two versions of one fact; an order line is bought with the first."""
    stays = new if _is_later(new, known) else known
    if isinstance(stays, Line):
        line = _bought_first(stays, cast(Line, new), cast(Line, known))
        return cast(Stored, known if line == known else line)
    return stays


def _bought_first(line: Line, one: Line, other: Line) -> Line:
    """The line, bought with the first of all events that list it."""
    first: Completion | None = min(one.first_completion, other.first_completion)
    if first == Completion(line.ts, line.event_id):
        first = None
    return line if line.first == first else replace(line, first=first)


def _is_later(new: Fact, known: Fact) -> bool:
    """Whether of two versions of one fact the new one is to stay.

    The greatest (`ts`, `event_id`) wins. Versions that agree in both and still differ break
    SPEC 2; their written form decides then, so that the join stays commutative.
    """
    if new.ts != known.ts:
        return new.ts > known.ts
    if (
        isinstance(new, Line | Choice)
        and isinstance(known, Line | Choice)
        and new.event_id != known.event_id
    ):
        return new.event_id > known.event_id
    return repr(new) > repr(known)


def _summed(products: list[OrderProduct]) -> list[OrderProduct]:
    """The products of one event, each once; the quantities of a repeated product add up."""
    if len(products) < 2:
        return products
    summed: dict[str, OrderProduct] = {}
    for product in products:
        known = summed.get(product.product_id)
        summed[product.product_id] = product if known is None else _sum(known, product)
    return list(summed.values())


def _sum(first: OrderProduct, more: OrderProduct) -> OrderProduct:
    """As many as both together, with the attributes of the first that brings any."""
    of: Any = more if attributes_of(first) is None else first
    return OrderProduct(
        product_id=first.product_id,
        quantity=min(first.quantity + more.quantity, LARGEST_QUANTITY),
        gift=first.gift or more.gift,
        item_group_id=of.item_group_id,
        categories=of.categories,
        brand=of.brand,
        advertiser_id=of.advertiser_id,
    )
