"""One person: evidence, what it claims now, and what was last published of it."""

from collections.abc import Sequence
from typing import Any, Self

from schemas.records import Event, Purchase
from streams.suppression.catalog import Catalog
from streams.suppression.claims import claims_of
from streams.suppression.decision import ClaimIndex
from streams.suppression.evidence import Evidence
from streams.suppression.lists import last_end, list_of
from streams.suppression.policy import Policy
from streams.suppression.retention import prune


class Person:
    """The state of a person, with the claims compiled and kept until something changes them."""

    __slots__ = ("_generation", "_index", "due", "evidence", "published")

    def __init__(self, evidence: Evidence | None = None) -> None:
        self.evidence = evidence or Evidence()
        self.published: str | None = None
        """Digest of the list that was last published; None when that was a tombstone or nothing."""
        self.due: int | None = None
        """The partition's event time from which on evidence may have to go or the list to end."""
        self._index: ClaimIndex | None = None
        self._generation = -1

    def join(self, event: Event, policy: Policy) -> None:
        """Take evidence."""
        self.evidence.join(event)
        self._index = None
        # No evidence ends before its own time. A refund may end a line that is older than it.
        is_return = isinstance(event, Purchase) and event.event != "order_completed"
        soonest = event.ts if is_return else event.ts + policy.retention + 1
        self.due = soonest if self.due is None else min(self.due, soonest)

    def expire(self, policy: Policy, catalog: Catalog, newest: int) -> None:
        """Remove the evidence that is over at the partition's newest event time."""
        self.due = prune(self.evidence, policy, catalog, newest)
        self._index = None

    def claims(self, policy: Policy, catalog: Catalog) -> ClaimIndex:
        """The claims as the policy and the catalog read the evidence now."""
        if self._index is None or self._generation != catalog.generation:
            self._index = ClaimIndex(
                claims_of(self.evidence, policy, catalog),
                "sensitive_topics" in self.evidence.granted(),
            )
            self._generation = catalog.generation
        return self._index

    def standing_list(
        self, user_id: str, policy: Policy, catalog: Catalog, newest: int
    ) -> dict[str, Any] | None:
        """The list that stands at the partition's newest event time; None for a tombstone."""
        if not self.evidence:
            return None
        claims = self.claims(policy, catalog).claims
        granted = self.evidence.granted()
        ts = self.evidence.newest
        published = list_of(user_id, claims, granted, ts, newest, policy.version)
        if published is not None and not granted:
            end = last_end(claims)
            if isinstance(end, int):
                self.due = end if self.due is None else min(self.due, end)
        return published

    def to_data(self) -> list[Any]:
        """The stored form as plain JSON data."""
        return [self.due, self.published, self.evidence.to_data()]

    @classmethod
    def from_data(cls, data: Sequence[Any]) -> Self:
        """The person that `to_data` wrote. Raises `ValueError` for a form of another version."""
        due, published, evidence = data
        person = cls(Evidence.from_data(evidence))
        person.due = due
        person.published = published
        return person
