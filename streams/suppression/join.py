"""The join of one partition: records in their order go in, decisions and lists come out."""

from collections import Counter
from typing import final

from schemas.outputs import Decision, SuppressionList
from schemas.records import Dismissal, EventGroup, Input, Purchase, Request
from streams.suppression.catalog import Catalog
from streams.suppression.claim_index import ClaimIndex
from streams.suppression.contradictions import TOPICS, contradicts
from streams.suppression.decision import decide
from streams.suppression.evidence import Evidence
from streams.suppression.person import Person
from streams.suppression.policy import Policy

Prepared = tuple[str, Person, SuppressionList | None]
"""A person by id, with the list as it now is."""


@final
class Join:
    """The persons of one partition number and what was seen of its topics.

    The caller puts the persons that it has stored into `persons` before it hands over their
    records, and writes those that `prepare` returns.
    """

    __slots__ = (
        "_nobody",
        "_pending",
        "as_of",
        "catalog",
        "contradictions",
        "forgotten",
        "newest",
        "persons",
        "policy",
    )

    def __init__(self, policy: Policy, catalog: Catalog) -> None:
        self.policy = policy
        self.catalog = catalog
        self.persons: dict[str, Person] = {}
        self.newest: int | None = None
        """The newest event time of the partition, over all topics; None before the first."""
        self.as_of: dict[str, int] = {}
        """The newest event time seen of purchases and of dismissals (SPEC 5).

        Decisions hold on to it, so it is never changed, but another takes its place.
        """
        self.contradictions: Counter[str] = Counter()
        """By topic the events that had the id of an earlier one, and other content."""
        self.forgotten: Counter[str] = Counter()
        """How many facts of each kind were dropped of persons of whom there were too many."""
        self._pending: dict[str, Person] = {}
        """Who may have changed since the last `prepare`."""
        self._nobody: ClaimIndex = _index_of_nobody(policy, catalog)

    def apply(self, event: Input) -> Decision | None:
        """Apply the next record; returns the decision where it is a request."""
        ts = event.ts
        newest = self.newest
        if newest is None or ts > newest:
            newest = self.newest = ts
        user_id = event.user_id
        person = self.persons.get(user_id)
        if person is not None:
            due = person.due
            if due is not None and due <= newest:
                person.expire(self.policy, self.catalog, newest)
                self._pending[user_id] = person
        if type(event) is Request:  # an exact type is quicker to ask for than `isinstance`
            held = self._nobody
            if person is not None:
                held = person.index(self.policy, self.catalog)
            decision = decide(event, held, self.policy, self.catalog)
            decision.as_of = self.as_of
            return decision
        if isinstance(event, EventGroup):
            for each in event.events:
                self.apply(each)
            return None
        if person is None:
            person = self.persons[user_id] = Person()
        elif contradicts(person.evidence, event, newest - self.policy.retention):
            self.contradictions[TOPICS[type(event)]] += 1
        forgotten = person.join(event, self.policy, self.catalog)
        if forgotten:
            self.forgotten.update(forgotten)
        self._pending[user_id] = person
        if type(event) is Purchase:
            self._see("purchases", ts)
        elif type(event) is Dismissal:
            self._see("dismissals", ts)
        return None

    def _see(self, topic: str, ts: int) -> None:
        known = self.as_of.get(topic)
        if known is None or ts > known:
            self.as_of = {**self.as_of, topic: ts}

    def use(self, policy: Policy) -> None:
        """Read by another policy from here on.

        Whoever is in memory was read by the old one, and has to be put there anew. Only right
        after a `prepare`, when nothing is in memory that is not stored.
        """
        self.policy = policy
        self._nobody = _index_of_nobody(policy, self.catalog)
        self.persons.clear()

    def review(self, user_id: str) -> None:
        """Look at a person again in the next `prepare`, though nothing new is known."""
        person = self.persons.get(user_id)
        if person is not None:
            self._pending[user_id] = person

    def is_pending(self, user_id: str) -> bool:
        """Whether the next `prepare` will look at a person."""
        return user_id in self._pending

    def prepare(self) -> list[Prepared]:
        """Each person who may have changed since the last time, with the list as it now is.

        A person without evidence is to be forgotten. All state that this leaves depends only on
        the evidence and the partition's newest event time, not on when it was called before.
        """
        pending, self._pending = self._pending, {}
        newest = self.newest
        prepared: list[Prepared] = []
        if newest is None:
            return prepared
        policy, catalog = self.policy, self.catalog
        for user_id, person in pending.items():
            person.expire(policy, catalog, newest)
            current = person.current_list(user_id, policy, catalog, newest)
            prepared.append((user_id, person, current))
        return prepared


def _index_of_nobody(policy: Policy, catalog: Catalog) -> ClaimIndex:
    """What is held against people of whom nothing is known."""
    index = ClaimIndex(Evidence(), policy, catalog)
    index.bring_up_to_date()
    return index
