"""The join of one partition: records in their order go in, decisions and lists come out."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from schemas.records import Dismissal, EventGroup, Input, Purchase, Request
from streams.suppression.catalog import Catalog
from streams.suppression.decision import decide
from streams.suppression.evidence import Evidence
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from streams.suppression.reading import Reading


class Join:
    """The persons of one partition number and what was seen of its topics.

    The caller puts the persons that it has stored into `persons` before it hands over their
    records, and writes those that `settle` yields.
    """

    def __init__(self, policy: Policy, catalog: Catalog) -> None:
        self.policy = policy
        self.catalog = catalog
        self.persons: dict[str, Person] = {}
        self.newest: int | None = None
        """The newest event time of the partition, over all topics; None before the first."""
        self.as_of: dict[str, int] = {}
        """The newest event time seen of purchases and of dismissals (SPEC 5)."""
        self.forgotten: Counter[str] = Counter()
        """How many facts of each kind were dropped of persons of whom there were too many."""
        self._unsettled: dict[str, None] = {}
        self._nobody = Reading(Evidence(), policy, catalog)

    def take(self, event: Input) -> dict[str, Any] | None:
        """Take the next record; returns the decision where it is a request."""
        ts = event.ts
        if self.newest is None or ts > self.newest:
            self.newest = ts
        person = self.persons.get(event.user_id)
        if person is not None and person.due is not None and person.due <= self.newest:
            person.expire(self.policy, self.catalog, self.newest)
            self._unsettled[event.user_id] = None
        if isinstance(event, Request):
            reading = self._nobody
            if person is not None and person.evidence:
                reading = person.reading(self.policy, self.catalog)
            decision = decide(event, reading, self.policy, self.catalog)
            decision["as_of"] = dict(self.as_of)
            return decision
        if isinstance(event, EventGroup):
            for each in event.events:
                self.take(each)
            return None
        if person is None:
            person = self.persons[event.user_id] = Person()
        if forgotten := person.join(event, self.policy, self.catalog):
            self.forgotten.update(forgotten)
        self._unsettled[event.user_id] = None
        if isinstance(event, Purchase):
            self.as_of["purchases"] = max(ts, self.as_of.get("purchases", ts))
        elif isinstance(event, Dismissal):
            self.as_of["dismissals"] = max(ts, self.as_of.get("dismissals", ts))
        return None

    def use(self, policy: Policy) -> None:
        """Read by another policy from here on.

        Whoever is in memory was read by the old one, and has to be put there anew. Only right
        after a `settle`, when nothing is in memory that is not stored.
        """
        self.policy = policy
        self._nobody = Reading(Evidence(), policy, self.catalog)
        self.persons.clear()

    def review(self, user_id: str) -> None:
        """Look at a person again in the next `settle`, though nothing new was said."""
        self._unsettled[user_id] = None

    def is_unsettled(self, user_id: str) -> bool:
        """Whether the next `settle` will look at a person."""
        return user_id in self._unsettled

    def settle(self) -> Iterator[tuple[str, Person, dict[str, Any] | None]]:
        """Each person who may have changed since the last time, with the list that now stands.

        A person without evidence is to be forgotten. All state that this leaves depends only on
        the evidence and the partition's newest event time, not on when it was called before.
        """
        unsettled, self._unsettled = self._unsettled, {}
        for user_id in unsettled:
            person = self.persons.get(user_id)
            if person is None or self.newest is None:
                continue
            person.expire(self.policy, self.catalog, self.newest)
            standing = person.standing_list(user_id, self.policy, self.catalog, self.newest)
            yield user_id, person, standing
