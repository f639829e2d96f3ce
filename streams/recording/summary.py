"""What a run came to: how many ads there would have been, and how many of them followed somebody.

Two counts of that, independent of each other. One goes by the answers: candidates that were
stopped for a reason which comes from an order or a removal. The other goes by the recorded events
alone: candidates of products which the person had ordered or removed from the cart before, whatever
became of them; so it also counts those that were shown all the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.records import Dismissal, Event, Purchase

AFTER_PURCHASE: Final = ("purchased", "already_bought", "lapsed")
"""Reasons that come from an order, or from a person who says that there was one."""

AFTER_REMOVAL: Final = ("removed_from_cart",)


@dataclass(slots=True)
class Followed:
    """Candidates of products that their person was done with at the time of the request."""

    wanted: int = 0
    """All of them; the ads that would have followed people."""
    stopped: int = 0
    """Those that were suppressed, for whatever reason."""
    ghosted: int = 0
    """Those that only the holdout let through."""

    @property
    def shown(self) -> int:
        """Those that were let through, the holdout's included."""
        return self.wanted - self.stopped

    @property
    def stopped_percent(self) -> float:
        """The share that was stopped; 0 when there were none."""
        return 100 * self.stopped / self.wanted if self.wanted else 0.0


class Summary:
    """Counts decisions. First `observe` all events of the recording, in any order, then `add`."""

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
        self._orders: dict[tuple[str, str], int] = {}
        self._removals: dict[tuple[str, str], int] = {}

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

    def observe(self, event: Event) -> None:
        """Take note of an event: the earliest order and removal of each product by each person."""
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

    def add(self, decision: Mapping[str, Any]) -> None:
        """Count a decision, as it stands on `decisions` or in a backtest's file."""
        person, at = decision["user_id"], decision["ts"]
        self.requests += 1
        self.allowed += len(decision["allowed"])
        for product in decision["allowed"]:
            for followed in self._following(person, product, at):
                followed.wanted += 1
        for answer in decision["suppressed"]:
            self.suppressed[answer["reason"]] += 1
            for followed in self._following(person, answer["product_id"], at):
                followed.wanted += 1
                followed.stopped += 1
        for answer in decision["ghosted"]:
            # It stands among the allowed ones too, and is wanted once.
            self.ghosted[answer["reason"]] += 1
            for followed in self._following(person, answer["product_id"], at):
                followed.ghosted += 1

    def _following(self, person: str, product: str, at: int) -> Iterator[Followed]:
        """The counts that an ad for the product belongs to, shown to the person at this time."""
        place = (person, product)
        is_ordered = self._orders.get(place, at + 1) <= at
        is_removed = self._removals.get(place, at + 1) <= at
        if is_ordered:
            yield self.ordered
        if is_removed:
            yield self.removed
        if is_ordered or is_removed:
            yield self.ordered_or_removed


def _earliest(times: dict[tuple[str, str], int], person: str, product: str, ts: int) -> None:
    place = (person, product)
    times[place] = min(ts, times.get(place, ts))
