"""The result of a run: how many ads there would have been, and how many of them followed somebody.

Two counts of that, independent of each other. One goes by the answers: candidates that were
stopped for a reason which comes from an order or a removal. The other goes by the recorded events
alone: candidates of products which the person had ordered or removed from the cart before, or of
their variants, whatever became of them; so it also counts those that were shown all the same.
"""

from collections import Counter
from typing import Any, Final, final

from schemas.outputs import Decision, SuppressionList
from schemas.records import Dismissal, Event, Purchase
from streams.recording.followed import Followed, Lists
from streams.recording.step import Step
from streams.recording.variants import group_of
from streams.suppression.catalog import Catalog

AFTER_PURCHASE: Final = ("purchased", "already_bought", "lapsed")
"""Reasons that come from an order, or from a person who says that there was one."""

AFTER_REMOVAL: Final = ("removed_from_cart",)


@final
class Summary:
    """Counts decisions. First `scan` all events of the recording, in any order, then `add`.

    Variants are told by the catalog alone, whole as it is once all of it was read, by the first
    decision at the latest.

    As the analysis of a run it counts what comes of the first policy.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.allowed = 0
        """Candidates that may be shown, the ghosted ones included."""
        self.suppressed: Counter[str] = Counter()
        """Candidates by reason."""
        self.ghosted: Counter[str] = Counter()
        """Candidates by the reason that would have suppressed them."""
        self.ordered = Followed()
        """Of products that an order of the person has, be it sent back later or not."""
        self.removed = Followed()
        """Of products that the person took out of the cart, be it taken back later or not."""
        self.ordered_or_removed = Followed()
        self.lists = Lists()
        self._done_with: dict[str, dict[str, _First]] = {}
        """By person what was ordered or removed: by product, and by group once it is grouped."""
        self._is_grouped = False

    @property
    def candidates(self) -> int:
        """All candidates of all requests."""
        return self.allowed + self.suppressed.total()

    @property
    def after_purchase(self) -> int:
        """Candidates whose answer, ghosted or not, comes from an order."""
        return sum([self.suppressed[reason] + self.ghosted[reason] for reason in AFTER_PURCHASE])

    @property
    def after_removal(self) -> int:
        """Candidates whose answer, ghosted or not, comes from a removal from the cart."""
        return sum([self.suppressed[reason] + self.ghosted[reason] for reason in AFTER_REMOVAL])

    def scan(self, event: Event) -> None:
        """Note the earliest order and removal of each product by each person."""
        if type(event) is Purchase:
            if event.event == "order_completed":
                for product in event.products or ():
                    first = self._first_of(event.user_id, product.product_id)
                    first.order = _earlier(first.order, event.ts)
        elif type(event) is Dismissal:
            product_id = event.product_id
            if (
                product_id is not None
                and event.reason in AFTER_REMOVAL
                and event.action == "dismissed"
            ):
                first = self._first_of(event.user_id, product_id)
                first.removal = _earlier(first.removal, event.ts)

    def add(self, decision: Decision, catalog: Catalog | None = None) -> None:
        """Count a decision, as it stands on `decisions` or in a backtest's file.

        `catalog` tells which ids name one product, and which products are variants of one.
        """
        self.requests += 1
        self.allowed += len(decision.allowed)
        for answer in decision.suppressed:
            self.suppressed[answer.reason] += 1
        for answer in decision.ghosted:
            self.ghosted[answer.reason] += 1
        catalog = Catalog() if catalog is None else catalog
        if not self._is_grouped:
            self._group(catalog)
        done_with = self._done_with.get(decision.user_id)
        if done_with is not None:
            self._add_following(done_with, decision, catalog)

    def observe(self, step: Step) -> None:
        """Count the decision on a request."""
        decision = step.decisions[0]
        if decision is not None:
            self.add(decision, step.joins[0].catalog)

    def add_list(self, number: int, current: SuppressionList) -> None:
        """Count one person's list under the first policy."""
        if number == 0:
            self.lists.persons += 1
            self.lists.entries += len(current.entries)
            self.lists.current += bool(current.entries or current.granted)

    def merge(self, other: "Summary") -> None:
        """Add the counts of other people."""
        self.requests += other.requests
        self.allowed += other.allowed
        self.suppressed += other.suppressed
        self.ghosted += other.ghosted
        self.ordered.merge(other.ordered)
        self.removed.merge(other.removed)
        self.ordered_or_removed.merge(other.ordered_or_removed)
        self.lists.merge(other.lists)

    def __getstate__(self) -> dict[str, Any]:
        """What was counted: what was remembered of persons stays behind."""
        return {
            "requests": self.requests,
            "allowed": self.allowed,
            "suppressed": self.suppressed,
            "ghosted": self.ghosted,
            "ordered": self.ordered,
            "removed": self.removed,
            "ordered_or_removed": self.ordered_or_removed,
            "lists": self.lists,
        }

    def __setstate__(self, counted: dict[str, Any]) -> None:
        for name, counts in counted.items():
            setattr(self, name, counts)
        self._done_with = {}
        self._is_grouped = True

    def _first_of(self, user_id: str, product_id: str) -> "_First":
        products = self._done_with.get(user_id)
        if products is None:
            products = self._done_with[user_id] = {}
        first = products.get(product_id)
        if first is None:
            first = products[product_id] = _First()
        return first

    def _group(self, catalog: Catalog) -> None:
        """Have the variants of a product be one, by the catalog."""
        self._is_grouped = True
        for user_id, products in self._done_with.items() if catalog.products else ():
            groups: dict[str, _First] = {}
            for product_id, first in products.items():
                groups.setdefault(group_of(product_id, catalog), _First()).join(first)
            self._done_with[user_id] = groups

    def _add_following(
        self, groups: dict[str, "_First"], decision: Decision, catalog: Catalog
    ) -> None:
        at = decision.ts
        for product_id in decision.allowed:
            first = groups.get(group_of(product_id, catalog))
            for followed in () if first is None else self._followed(first, at):
                followed.wanted += 1
        for answer in decision.suppressed:
            first = groups.get(group_of(answer.product_id, catalog))
            for followed in () if first is None else self._followed(first, at):
                followed.wanted += 1
                followed.stopped += 1
        for answer in decision.ghosted:
            # It stands among the allowed ones too, and is wanted once.
            first = groups.get(group_of(answer.product_id, catalog))
            for followed in () if first is None else self._followed(first, at):
                followed.ghosted += 1

    def _followed(self, first: "_First", at: int) -> tuple[Followed, ...]:
        """The counts that an ad belongs to, by when its product was ordered and removed."""
        is_ordered = first.order is not None and first.order <= at
        is_removed = first.removal is not None and first.removal <= at
        if is_ordered and is_removed:
            return self.ordered, self.removed, self.ordered_or_removed
        if is_ordered:
            return self.ordered, self.ordered_or_removed
        if is_removed:
            return self.removed, self.ordered_or_removed
        return ()


@final
class _First:
    """When a person first ordered a product, and first removed it from the cart."""

    __slots__ = ("order", "removal")

    def __init__(self) -> None:
        self.order: int | None = None
        self.removal: int | None = None

    def join(self, other: "_First") -> None:
        """Let both be one product."""
        self.order = _earlier(self.order, other.order)
        self.removal = _earlier(self.removal, other.removal)


def _earlier(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
