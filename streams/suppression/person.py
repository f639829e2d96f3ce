"""One person: evidence, what it claims now, and what was last published of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from schemas.records import Event, Purchase
from streams.suppression.catalog import Catalog
from streams.suppression.evidence import Evidence, LineKey
from streams.suppression.lists import last_end, list_of
from streams.suppression.policy import Policy
from streams.suppression.reading import Reading
from streams.suppression.surplus import MOST_FACTS, forget_surplus

NOTHING: Final[Mapping[str, int]] = {}


class Person:
    """The state of a person, with its reading kept until the catalog changes."""

    __slots__ = ("_reading", "due", "evidence", "forgotten", "published")

    def __init__(self, evidence: Evidence | None = None) -> None:
        self.evidence = Evidence() if evidence is None else evidence
        self.published: str | None = None
        """Digest of the list that was last published; None when that was a tombstone or nothing."""
        self.due: int | None = None
        """The partition's event time from which on evidence may have to go or the list to end."""
        self.forgotten = 0
        """How many facts are no longer kept because there were too many."""
        self._reading: Reading | None = None

    def join(self, event: Event, policy: Policy, catalog: Catalog) -> Mapping[str, int]:
        """Take evidence; returns how many facts of each kind had to be forgotten for it."""
        soonest = self._first_end(event) + policy.retention + 1
        self.due = soonest if self.due is None else min(self.due, soonest)
        self.evidence.join(event)
        if self._reading is not None and self._reading.is_current:
            self._reading.take(event)
        else:
            self._reading = None
        if self.evidence.facts > MOST_FACTS:
            return self._forget_surplus(policy, catalog)
        return NOTHING

    def _forget_surplus(self, policy: Policy, catalog: Catalog) -> Mapping[str, int]:
        """Keep the bound, and count what has to go for it.

        Only what is read knows which impressions need be kept (SPEC 3), so only then it is known
        whether there are too many facts.
        """
        reading = self.reading(policy, catalog)
        if self.evidence.facts <= MOST_FACTS:
            return NOTHING
        forgotten = forget_surplus(self.evidence, reading.ends())
        self._reading = None
        self.forgotten += forgotten.total()
        return forgotten

    def _first_end(self, event: Event) -> int:
        """No fact that an event adds or corrects will end before this: none ends before its time.

        A line that came later than a corrected one may be among them, not one that came earlier.
        """
        first, lines = event.ts, self.evidence.lines
        if isinstance(event, Purchase):
            for key in self._corrected(event):
                line = lines.get(key)
                if line is not None and line.ts < first:
                    first = line.ts
        return first

    def _corrected(self, event: Purchase) -> Sequence[LineKey]:
        """The lines that an order's event may change."""
        evidence = self.evidence
        if event.event == "order_cancelled" or event.products is None:
            return [key for key in evidence.lines if key[0] == event.order_id]
        corrected = [(event.order_id, product.product_id) for product in event.products]
        if event.event == "order_refunded":
            for product in event.products:
                refund = evidence.refunds.get((event.event_id, product.product_id))
                if refund is not None:
                    corrected.append((refund.order_id, product.product_id))
        return corrected

    def expire(self, policy: Policy, catalog: Catalog, newest: int) -> None:
        """Remove the evidence that is over at the partition's newest event time."""
        self.due = self.reading(policy, catalog).prune(newest)

    def reading(self, policy: Policy, catalog: Catalog) -> Reading:
        """The evidence as the policy and the catalog read it now."""
        reading = self._reading
        if reading is None or not reading.is_current:
            reading = self._reading = Reading(self.evidence, policy, catalog)
        return reading

    def standing_list(
        self, user_id: str, policy: Policy, catalog: Catalog, newest: int
    ) -> dict[str, Any] | None:
        """The list that stands at the partition's newest event time; None for a tombstone."""
        if not self.evidence:
            return None
        claims = self.reading(policy, catalog).claims()
        granted = self.evidence.granted()
        published = list_of(user_id, claims, granted, self.evidence.newest, newest, policy.version)
        if published is None:
            return None
        if self.forgotten:
            published["forgotten"] = self.forgotten
        if not granted:
            end = last_end(claims)
            if isinstance(end, int) and (self.due is None or end < self.due):
                self.due = end
        return published

    def to_data(self) -> list[Any]:
        """The stored form as plain JSON data."""
        data = [self.due, self.published, self.evidence.to_data()]
        return [*data, self.forgotten] if self.forgotten else data

    @classmethod
    def from_data(cls, data: Sequence[Any]) -> Self:
        """The person that `to_data` wrote. Raises `ValueError` for a form of another version."""
        due, published, evidence, *forgotten = data
        person = cls(Evidence.from_data(evidence))
        person.due = due
        person.published = published
        person.forgotten = sum(forgotten)
        return person
