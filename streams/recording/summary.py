"""The result of a run: how many ads there would have been, and how many of them followed somebody.

Two counts of that, independent of each other. One goes by the answers: candidates that were
stopped for a reason which comes from an order or a removal. The other goes by the recorded events
alone: candidates of products which the person had ordered or removed from the cart before, or of
their variants, whatever became of them; so it also counts those that were shown all the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from schemas.outputs import Decision, SuppressionList
from schemas.records import Dismissal, Event, Purchase
from streams.recording.backtest import Step
from streams.recording.tally import Tally
from streams.recording.variants import group_of
from streams.suppression.catalog import Catalog

AFTER_PURCHASE: Final = ("purchased", "already_bought", "lapsed")
"""Reasons that come from an order, or from a person who says that there was one."""

AFTER_REMOVAL: Final = ("removed_from_cart",)

NOTHING: Final[Mapping[str, int]] = {}


@dataclass(slots=True)
class Followed(Tally):
    """Candidates of products that their person was done with at the time of the request."""

    wanted: int = 0
    """All of them; the ads that would have followed people."""
    stopped: int = 0
    """Those that were suppressed, for whatever reason."""
    ghosted: int = 0
    """Those that only the holdout let through."""

    @property
    def let_through(self) -> int:
        """Those that the policy let through, by what was known at their time."""
        return self.wanted - self.stopped - self.ghosted

    @property
    def stopped_percent(self) -> float:
        """The share that was stopped; 0 when there were none."""
        return 100 * self.stopped / self.wanted if self.wanted else 0.0


@dataclass(slots=True)
class Lists(Tally):
    """The final lists of a run."""

    persons: int = 0
    """All persons with evidence."""
    current: int = 0
    """Those with a list; the others' is empty, a tombstone on the topic."""
    entries: int = 0


class Summary:
    """Counts decisions. First `scan` all events of the recording, in any order, then `add`.

    Variants are told by the catalog alone, whole as it is once all of it was read.

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
        self._orders: dict[str, dict[str, int]] = {}
        """By person and product the time of the first order."""
        self._removals: dict[str, dict[str, int]] = {}
        self._by_group: dict[str, tuple[Mapping[str, int], Mapping[str, int]]] = {}
        """By person, of whom there was a decision: the first orders, and removals, by group."""

    @property
    def candidates(self) -> int:
        """All candidates of all requests."""
        return self.allowed + self.suppressed.total()

    @property
    def after_purchase(self) -> int:
        """Candidates whose answer, ghosted or not, comes from an order."""
        return sum(self.suppressed[reason] + self.ghosted[reason] for reason in AFTER_PURCHASE)

    @property
    def after_removal(self) -> int:
        """Candidates whose answer, ghosted or not, comes from a removal from the cart."""
        return sum(self.suppressed[reason] + self.ghosted[reason] for reason in AFTER_REMOVAL)

    def scan(self, event: Event) -> None:
        """Note the earliest order and removal of each product by each person."""
        if isinstance(event, Purchase):
            if event.event == "order_completed":
                for product in event.products or ():
                    _earliest(self._orders, event.user_id, product.product_id, event.ts)
        elif (
            isinstance(event, Dismissal)
            and event.action == "dismissed"
            and event.reason in AFTER_REMOVAL
            and event.product_id is not None
        ):
            _earliest(self._removals, event.user_id, event.product_id, event.ts)

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
        person = decision.user_id
        if person in self._orders or person in self._removals:
            self._add_following(person, decision, catalog or Catalog())

    def observe(self, step: Step) -> None:
        """Count the decision on a request."""
        if step.decisions[0] is not None:
            self.add(step.decisions[0], step.joins[0].catalog)

    def add_list(self, number: int, current: SuppressionList) -> None:
        """Count one person's list under the first policy."""
        if number == 0:
            self.lists.persons += 1
            self.lists.entries += len(current.entries)
            self.lists.current += bool(current.entries or current.granted)

    def merge(self, other: Self) -> None:
        """Add the counts of other people."""
        self.requests += other.requests
        self.allowed += other.allowed
        self.suppressed += other.suppressed
        self.ghosted += other.ghosted
        self.ordered.merge(other.ordered)
        self.removed.merge(other.removed)
        self.ordered_or_removed.merge(other.ordered_or_removed)
        self.lists.merge(other.lists)

    def _add_following(self, person: str, decision: Decision, catalog: Catalog) -> None:
        known = self._by_group.get(person)
        if known is None:
            known = self._by_group[person] = (
                _firsts(self._orders.get(person, NOTHING), catalog),
                _firsts(self._removals.get(person, NOTHING), catalog),
            )
        orders, removals = known
        at = decision.ts

        def following(named: str) -> Iterator[Followed]:
            group = group_of(named, catalog)
            return self._following(orders.get(group), removals.get(group), at)

        for product in decision.allowed:
            for followed in following(product):
                followed.wanted += 1
        for answer in decision.suppressed:
            for followed in following(answer.product_id):
                followed.wanted += 1
                followed.stopped += 1
        for answer in decision.ghosted:
            # It stands among the allowed ones too, and is wanted once.
            for followed in following(answer.product_id):
                followed.ghosted += 1

    def _following(self, ordered: int | None, removed: int | None, at: int) -> Iterator[Followed]:
        """The counts that an ad belongs to, by when its product was ordered and removed."""
        is_ordered = ordered is not None and ordered <= at
        is_removed = removed is not None and removed <= at
        if is_ordered:
            yield self.ordered
        if is_removed:
            yield self.removed
        if is_ordered or is_removed:
            yield self.ordered_or_removed


def _firsts(times: Mapping[str, int], catalog: Catalog) -> Mapping[str, int]:
    """By group the earliest of the times of its products."""
    firsts: dict[str, int] = {}
    for product_id, time in times.items():
        group = group_of(product_id, catalog)
        firsts[group] = min(time, firsts.get(group, time))
    return firsts


def _earliest(times: dict[str, dict[str, int]], person: str, product: str, ts: int) -> None:
    of_person = times.setdefault(person, {})
    of_person[product] = min(ts, of_person.get(product, ts))
