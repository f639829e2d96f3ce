"""One person: evidence, what it claims now, and what was last published of it."""

from collections.abc import Mapping
from typing import Final, Self, final

from schemas.outputs import SuppressionList
from schemas.records import Event
from streams.suppression import stored
from streams.suppression.aliases import (
    endings_as_reported,
    follow,
    keep_what_was_read,
    read_evidence,
)
from streams.suppression.catalog import Catalog
from streams.suppression.claim_index import ClaimIndex
from streams.suppression.evidence import Change, Evidence, lines_of, lines_of_order
from streams.suppression.expiry import endings, expire
from streams.suppression.facts import ACTING, Acting, Fact, Line, Refund
from streams.suppression.lists import last_end_before, list_of
from streams.suppression.policy import Policy
from streams.suppression.stored import FORMAT, StoredPerson
from streams.suppression.surplus import MOST_FACTS, forget_surplus
from streams.suppression.words import FOREVER

NOTHING: Final[Mapping[str, int]] = {}


@final
class Person:
    """The state of a person, with the index of claims kept until the catalog changes."""

    __slots__ = ("_index", "due", "evidence", "forgotten", "published")

    def __init__(self, evidence: Evidence | None = None) -> None:
        self.evidence: Evidence = Evidence() if evidence is None else evidence
        self.published: str | None = None
        """Digest of the list that was last published; None when that was a tombstone or nothing."""
        self.due: int | None = None
        """The partition's event time from which on evidence may have to go or the list to end."""
        self.forgotten: int = 0
        """How many facts are no longer kept because there were too many."""
        self._index: ClaimIndex | None = None

    def join(self, event: Event, policy: Policy, catalog: Catalog) -> Mapping[str, int]:
        """Add evidence; returns how many facts of each kind had to be forgotten for it."""
        evidence = self.evidence
        changes = evidence.join(event)
        index = self._index
        if index is not None:
            followed: list[Change] | None = None
            if index.generation == catalog.generation:
                followed = changes
                if catalog.aliases:
                    followed = follow(index.evidence, evidence, changes, catalog)
            if followed is None:
                self._index = None
            else:
                index.update(followed)
        first = event.ts
        for known, fact in changes:
            if known is not None or type(fact) in ACTING or catalog.aliases:
                first = min(first, self._first_end(known, fact, catalog))
        soonest = first + policy.retention + 1
        due = self.due
        if due is None or soonest < due:
            self.due = soonest
        if evidence.size > MOST_FACTS:
            return self._forget_surplus(policy, catalog)
        return NOTHING

    def _first_end(self, known: Fact | None, fact: Fact, catalog: Catalog) -> int:
        """Neither the fact nor what it corrects or takes back or brings back ends before this time.

        A line that came later than a corrected one may be among them, not one that came earlier.
        """
        first = fact.ts
        for line in (known, fact):
            if isinstance(line, Line):
                first = min(first, line.bought)
        for acting in (known, fact):
            if isinstance(acting, Acting):
                for line in lines_of(self.evidence, acting):
                    first = min(first, line.bought)
            if catalog.aliases and isinstance(acting, Line | Refund):
                for line in lines_of_order(self.evidence, acting.order_id):
                    first = min(first, line.bought)  # any may be of the same product
        return first

    def _forget_surplus(self, policy: Policy, catalog: Catalog) -> Mapping[str, int]:
        """Keep the bound, and count what has to go for it.

        Only the index knows which impressions need be kept (SPEC 3), so only then it is known
        whether there are too many facts.
        """
        index = self.index(policy, catalog)
        evidence, is_read_otherwise = self.evidence, index.evidence is not self.evidence
        if is_read_otherwise:
            keep_what_was_read(evidence, index.evidence, catalog)
        if evidence.size <= MOST_FACTS:
            return NOTHING
        ends = endings(index)
        if is_read_otherwise:
            ends = endings_as_reported(ends, evidence, catalog)
        forgotten = forget_surplus(evidence, ends)
        self._index = None
        self.forgotten += forgotten.total()
        return forgotten

    def expire(self, policy: Policy, catalog: Catalog, newest: int) -> None:
        """Remove the evidence that is over at the partition's newest event time."""
        index = self.index(policy, catalog)
        self.due = expire(index, newest)
        if index.evidence is not self.evidence:
            keep_what_was_read(self.evidence, index.evidence, catalog)

    def index(self, policy: Policy, catalog: Catalog) -> ClaimIndex:
        """What the evidence claims by the policy and the catalog as they are now."""
        index = self._index
        if index is None or index.generation != catalog.generation:
            read = read_evidence(self.evidence, catalog)
            index = self._index = ClaimIndex(read, policy, catalog)
        if index.outdated:
            index.bring_up_to_date()
        return index

    def current_list(
        self, user_id: str, policy: Policy, catalog: Catalog, newest: int
    ) -> SuppressionList | None:
        """The list as of the partition's newest event time; None for a tombstone.

        It may make the person due, at its end.
        """
        evidence = self.evidence
        if not evidence:
            return None
        claims = self.index(policy, catalog).claims()
        granted = evidence.granted()
        current = list_of(
            user_id, claims, granted, evidence.newest, newest, policy.version, self.forgotten
        )
        if current is not None and not granted:
            due = self.due
            end = last_end_before(claims, FOREVER if due is None else due)
            if end is not None:
                self.due = end
        return current

    def to_bytes(self) -> bytes:
        """The stored form."""
        evidence = self.evidence
        return stored.write(
            StoredPerson(
                self.due,
                FORMAT,
                self.published,
                self.forgotten,
                evidence.newest,
                evidence.lines,
                evidence.refunds,
                evidence.voided,
                evidence.dismissals,
                evidence.restorations,
                evidence.impressions,
                evidence.preferences,
                evidence.reinstated,
            )
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The person that `to_bytes` wrote. Raises `ValueError` for a form of another version."""
        read = stored.read(content)
        evidence = Evidence()
        evidence.newest = read.newest
        evidence.lines = read.lines
        evidence.refunds = read.refunds
        evidence.voided = read.voided
        evidence.dismissals = read.dismissals
        evidence.restorations = read.restorations
        evidence.impressions = read.impressions
        evidence.preferences = read.preferences
        evidence.reinstated = read.reinstated
        person = cls(evidence)
        person.due = read.due
        person.published = read.published
        person.forgotten = read.forgotten
        return person
