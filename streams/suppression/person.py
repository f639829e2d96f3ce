"""One person: evidence, what it claims now, and what was last published of it."""

from collections.abc import Mapping, Sequence
from typing import Final, Self, final

from mypy_extensions import mypyc_attr

from schemas.outputs import SuppressionList
from schemas.records import Event, Identity, Share
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
from streams.suppression.identities import union
from streams.suppression.identities.fact_sets import Key, as_evidence, facts_of, key_of
from streams.suppression.identities.impressions import keep_newest
from streams.suppression.identities.keeping import Keeping, forget_shared
from streams.suppression.identities.links import Links, no_links
from streams.suppression.identities.receiving import receive
from streams.suppression.identities.sharing import take_shares
from streams.suppression.identities.statements import with_statement
from streams.suppression.lists import last_end_before, list_of
from streams.suppression.policy import Policy
from streams.suppression.stored import FORMAT, StoredPerson
from streams.suppression.surplus import MOST_FACTS, forget_surplus
from streams.suppression.words import FOREVER

NOTHING: Final[Mapping[str, int]] = {}

AT_ONCE: Final = -(1 << 63)
"""When a person is due of whom it is not known what is over by now."""


@mypyc_attr(acyclic=True)
@final
class Person:
    """The state of a person, with the index of claims kept until the catalog changes."""

    __slots__ = ("_index", "due", "evidence", "forgotten", "links", "published")

    def __init__(self, evidence: Evidence | None = None) -> None:
        self.evidence: Evidence = Evidence() if evidence is None else evidence
        """What was reported of this very id."""
        self.links: Links | None = None
        """What is known of its links to other ids; None while it has none (SPEC 9)."""
        self.published: str | None = None
        """Digest of the list that was last published; None when that was a tombstone or nothing."""
        self.due: int | None = None
        """The partition's event time from which on evidence may have to go or the list to end."""
        self.forgotten: int = 0
        """How many facts are no longer kept because there were too many."""
        self._index: ClaimIndex | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to remember."""
        return self.links is not None or bool(self.evidence)

    def join(self, event: Event, policy: Policy, catalog: Catalog) -> Mapping[str, int]:
        """Add evidence; returns how many facts of each kind had to be forgotten for it."""
        evidence = self.evidence
        changes = evidence.join(event)
        index = self._index
        links = self.links
        if links is not None and not links.is_alone(policy):
            return self._join_beside_guests(changes, links, policy, catalog)
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
        self._look_by(first + policy.retention + 1)
        if evidence.size > MOST_FACTS:
            return self._forget_surplus(policy, catalog)
        return NOTHING

    # -- beside what other ids share (SPEC 9)

    def _join_beside_guests(
        self, changes: list[Change], links: Links, policy: Policy, catalog: Catalog
    ) -> Mapping[str, int]:
        """Follow the evidence, in which these facts have just changed."""
        self._follow([key_of(fact) for _, fact in changes], links, policy, catalog)
        for known, fact in changes:
            is_simple = known is None and not catalog.aliases
            is_simple = is_simple and not isinstance(fact, Line | Acting)
            self._look_by(fact.ts + policy.retention + 1 if is_simple else AT_ONCE)
        return self._forget_surplus(policy, catalog)

    def state(self, event: Identity, policy: Policy, catalog: Catalog) -> bool:
        """Add a statement about this id; returns whether it is any news."""
        links = self.links
        known = () if links is None else links.statements
        statements = with_statement(known, event)
        if statements is known:
            return False
        if links is None:
            links = self.links = no_links(policy)
            links.block(policy.is_blocked(event.user_id))
        keep_newest(self.evidence, links.standing(policy), policy, catalog)
        links.state(statements, policy)
        self._put_together_anew()
        return True

    def receive(self, share: Share, policy: Policy, catalog: Catalog) -> Mapping[str, int] | None:
        """Take in what another id shares; returns what had to be forgotten for it.

        None if it has no effect. Raises `ValueError` for a share that cannot be read.
        """
        links = no_links(policy) if self.links is None else self.links
        was_alone = links.is_alone(policy)
        received = receive(share, links, policy)
        if not received.is_effective:
            return None
        self.links = None if links.is_empty else links
        if received.keys is None or was_alone or links.is_alone(policy):
            self._index = None
        else:
            self._follow(received.keys, links, policy, catalog)
        self._look_by(AT_ONCE)
        return self._forget_surplus(policy, catalog)

    def shares_anew(self, policy: Policy) -> bool:
        """Whether the id last shared by another policy, by which it may ask for other things."""
        return self.links is not None and self.links.shared_by != policy.sharing

    def take_shares(self, user_id: str, policy: Policy, catalog: Catalog, ts: int) -> list[Share]:
        """What this id has to share since it last did; records of a time."""
        links = self.links
        if links is None:
            return []
        keep_newest(self.evidence, links.standing(policy), policy, catalog)
        if self.shares_anew(policy):
            self._put_together_anew()
        shares = take_shares(user_id, facts_of(self.evidence), links, policy, ts)
        if links.is_empty:
            self.links = None
        return shares

    def counting(self, policy: Policy) -> Evidence:
        """All that counts for this id: its own evidence and what others share, as reported."""
        links = self.links
        if links is None or links.is_alone(policy):
            return self.evidence
        counting = union.counting_union(self.evidence, links, policy)
        counting.newest = self._newest(counting, policy) or 0
        return counting

    def _newest(self, counting: Evidence, policy: Policy) -> int | None:
        """The event time of the newest evidence that counts for this id; None where none does."""
        links, evidence = self.links, self.evidence
        if links is not None and not links.is_alone(policy):
            return union.newest(counting, evidence, links, policy)
        return evidence.newest if evidence else None

    def _follow(self, keys: Sequence[Key], links: Links, policy: Policy, catalog: Catalog) -> None:
        """Let the index follow what there is under these keys, or be made anew."""
        index = self._index
        if index is not None:
            changes: list[Change] | None = None
            if index.generation == catalog.generation and not catalog.aliases:
                changes = union.follow(index.evidence, keys, self.evidence, links, policy)
            if changes is None:
                self._index = None
            else:
                index.update(changes)

    def _index_of_all(self, links: Links, policy: Policy, catalog: Catalog) -> ClaimIndex:
        """An index of what counts, and of what does not as well."""
        if links.standing(policy).all_counts:
            return self.index(policy, catalog)
        facts = as_evidence(union.full_union(self.evidence, links, policy))
        return ClaimIndex(read_evidence(facts, catalog), policy, catalog)

    def _put_together_anew(self) -> None:
        self._index = None
        self._look_by(AT_ONCE)

    def _look_by(self, time: int) -> None:
        due = self.due
        if due is None or time < due:
            self.due = time

    # -- what ends

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
        links = self.links
        if links is not None and not links.is_alone(policy):
            return self._forget_surplus_beside_guests(links, policy, catalog)
        index = self.index(policy, catalog)
        evidence, is_read_otherwise = self.evidence, index.evidence is not self.evidence
        if is_read_otherwise:
            keep_what_was_read(evidence, index.evidence, catalog)
        if evidence.size <= MOST_FACTS:
            return NOTHING
        ends = endings(index)
        if is_read_otherwise:
            ends = endings_as_reported(ends, evidence, catalog)
        before = facts_of(evidence)
        forgotten = forget_surplus(evidence, ends)
        if links is not None:
            forget_shared(links, before, evidence)
        self._index = None
        self.forgotten += forgotten.total()
        return forgotten

    def _forget_surplus_beside_guests(
        self, links: Links, policy: Policy, catalog: Catalog
    ) -> Mapping[str, int]:
        """The same over all that there is, from wherever it came."""
        if self.evidence.size + links.size_of_guests(policy) <= MOST_FACTS:
            return NOTHING
        keeping = Keeping(self.evidence, links, self._index_of_all(links, policy, catalog))
        forgotten = keeping.forget_surplus(MOST_FACTS)
        if forgotten:
            self._index = None
            self.forgotten += forgotten.total()
        return forgotten

    def expire(self, policy: Policy, catalog: Catalog, newest: int) -> None:
        """Remove the evidence that is over at the partition's newest event time."""
        links = self.links
        if links is not None and not links.is_alone(policy):
            keep_newest(self.evidence, links.standing(policy), policy, catalog)
            keeping = Keeping(self.evidence, links, self._index_of_all(links, policy, catalog))
            self.due, is_changed = keeping.expire(newest)
            if is_changed:
                self._index = None
            return
        index = self.index(policy, catalog)
        before = None if links is None else facts_of(self.evidence)
        self.due = expire(index, newest)
        if index.evidence is not self.evidence:
            keep_what_was_read(self.evidence, index.evidence, catalog)
        if links is not None and before is not None:
            forget_shared(links, before, self.evidence)

    def index(self, policy: Policy, catalog: Catalog) -> ClaimIndex:
        """What the evidence claims by the policy and the catalog as they are now."""
        index = self._index
        if index is None or index.generation != catalog.generation:
            links, counting = self.links, self.evidence
            if links is not None and not links.is_alone(policy):
                counting = union.counting_union(counting, links, policy)
            read = read_evidence(counting, catalog)
            index = self._index = ClaimIndex(read, policy, catalog)
        return index

    def current_list(
        self, user_id: str, policy: Policy, catalog: Catalog, newest: int
    ) -> SuppressionList | None:
        """The list as of the partition's newest event time; None for a tombstone.

        It may make the person due, at its end.
        """
        index = self.index(policy, catalog)
        seen = self._newest(index.evidence, policy)
        if seen is None:
            return None
        claims, granted = index.claims(), index.evidence.granted()
        links = self.links
        if links is not None and not links.is_alone(policy):
            claims = union.with_origin(claims, union.counting(self.evidence, links, policy))
        current = list_of(user_id, claims, granted, seen, newest, policy.version, self.forgotten)
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
                evidence.newest if evidence else 0,
                evidence.lines,
                evidence.refunds,
                evidence.voided,
                evidence.dismissals,
                evidence.restorations,
                evidence.impressions,
                evidence.preferences,
                evidence.reinstated,
                None if self.links is None else self.links.stored(),
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
        if read.links is not None:
            person.links = Links(read.links, facts_of(evidence))
        return person
