"""What the holdout shows: whether people who are spared ads buy less.

A person takes part from the first ad on that a reason of `holdout.reasons` speaks against, whether
it is then stopped or let through. So both groups are chosen alike, but for the holdout itself.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from schemas.records import Event, Purchase, Request
from streams.recording.report.ads import HELD_OUT, Ad
from streams.recording.report.part import Part
from streams.suppression.policy import Policy

IN_HOLDOUT: Final = "holdout"
OTHERS: Final = "others"
NEVER: Final = float("-inf")


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
        self._orders: dict[str, dict[str, int]] = {}
        """The latest order of each product by each person."""
        self._seen: dict[str, set[str]] = {}
        """The products for which a person had such an ad."""
        self._again: set[str] = set()

    def scan(self, event: Event) -> None:
        """Note an order."""
        if isinstance(event, Purchase) and event.event == "order_completed":
            orders = self._orders.setdefault(event.user_id, {})
            for product in event.products or ():
                orders[product.product_id] = max(event.ts, orders.get(product.product_id, event.ts))

    def count(self, request: Request, ads: Iterable[Ad]) -> None:
        """Count the ads of a request that such a reason speaks against."""
        policy, person = self._policy, request.user_id
        for ad in ads:
            if ad.answer is None or ad.answer.reason not in policy.holdout_reasons:
                continue
            group = IN_HOLDOUT if policy.in_holdout(person) else OTHERS
            self.ads[group, ad.outcome == HELD_OUT] += 1
            orders = self._orders.get(person, {})
            if person not in self._seen:
                self._seen[person] = set()
                self.persons[group] += 1
                self.bought_anything[group] += max(orders.values(), default=NEVER) > request.ts
            if ad.product_ids[0] not in self._seen[person]:
                self._seen[person].add(ad.product_ids[0])
                latest = max(orders.get(product_id, NEVER) for product_id in ad.product_ids)
                if person not in self._again and latest > request.ts:
                    self._again.add(person)
                    self.bought_again[group] += 1
