"""What the holdout shows: whether people who are spared ads buy less.

A person takes part from the first ad on that a reason of `holdout.reasons` speaks against, whether
it is then stopped or let through. So both groups are chosen alike, but for the holdout itself.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from schemas.records import Event, Purchase, Request
from streams.recording.report.ads import HELD_OUT, Ad
from streams.recording.report.part import Part
from streams.suppression.policy import Policy

IN_HOLDOUT: Final = "holdout"
OTHERS: Final = "others"


class Holdout(Part):
    """Counts who bought after the first such ad, in the holdout and outside it."""

    def __init__(self, policy: Policy) -> None:
        self.ads: Counter[tuple[str, bool]] = Counter()
        """Ads that such a reason speaks against, by group and by whether the person saw them."""
        self.persons: Counter[str] = Counter()
        """Persons who had one, by group."""
        self.bought_again: Counter[str] = Counter()
        """Of these, who ordered a product after the first such ad for it."""
        self.bought_anything: Counter[str] = Counter()
        """Of these, who ordered anything at all after the first such ad."""
        self._policy = policy
        self._bought: dict[str, dict[tuple[str, str], int]] = {}
        """When each person bought each product in each order (SPEC 3)."""
        self._seen: dict[str, set[str]] = {}
        """The products for which a person had such an ad."""
        self._again: set[str] = set()

    def scan(self, event: Event) -> None:
        """Note an order."""
        if isinstance(event, Purchase) and event.event == "order_completed":
            bought = self._bought.setdefault(event.user_id, {})
            for product in event.products or ():
                line = product.product_id, event.order_id
                bought[line] = min(event.ts, bought.get(line, event.ts))

    def count(self, request: Request, ads: Iterable[Ad]) -> None:
        """Count the ads of a request that such a reason speaks against."""
        policy, person = self._policy, request.user_id
        for ad in ads:
            if ad.answer is None or ad.answer.reason not in policy.holdout_reasons:
                continue
            group = IN_HOLDOUT if policy.in_holdout(person) else OTHERS
            self.ads[group, ad.outcome == HELD_OUT] += 1
            ids, seen = ad.product_ids, self._seen.get(person)
            if seen is not None and ids[0] in seen:
                continue
            if seen is None:
                seen = self._seen[person] = set()
                self.persons[group] += 1
                self.bought_anything[group] += self._has_bought(person, None, request.ts)
            seen.add(ids[0])
            if person not in self._again and self._has_bought(person, ids, request.ts):
                self._again.add(person)
                self.bought_again[group] += 1

    def _has_bought(self, person: str, product_ids: Sequence[str] | None, time: int) -> bool:
        """Whether the person bought after a time: a product, by any of its ids, or None: anything.

        An order of a product that is reported again by another of its ids is no newer one.
        """
        bought = self._bought.get(person, {})
        if product_ids is None:
            return any(ts > time for ts in bought.values())
        first: dict[str, int] = {}
        for (product_id, order_id), ts in bought.items():
            if product_id in product_ids:
                first[order_id] = min(ts, first.get(order_id, ts))
        return any(ts > time for ts in first.values())
