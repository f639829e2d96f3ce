"""The join of one partition: records in their order go in, decisions and lists come out."""

from collections import Counter
from collections.abc import Iterator
from typing import final

from schemas.outputs import Decision, SuppressionList
from schemas.records import Dismissal, EventGroup, Identity, Input, Purchase, Request, Share
from streams.suppression.catalog import Catalog
from streams.suppression.claim_index import ClaimIndex
from streams.suppression.contradictions import TOPICS, contradicts
from streams.suppression.decision import decide
from streams.suppression.evidence import Evidence
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from streams.suppression.scope_claims import EARLIEST

Prepared = tuple[str, Person, SuppressionList | None]
"""A person by id, with the list as it now is."""

Checkpointed = tuple[str, Person, list[Share], SuppressionList | None]
"""The same, with what the person has to share."""


@final
class Join:
    """The persons of one partition number and what was seen of its topics.

    The caller puts the persons that it has stored into `persons` before it hands over their
    records, and writes those that `checkpoint` returns.
    """

    __slots__ = (
        "_nobody",
        "_pending",
        "_put_off",
        "_sharing",
        "as_of",
        "catalog",
        "contradictions",
        "forgotten",
        "newest",
        "persons",
        "policy",
        "shared",
        "statements",
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
        self.shared: int | None = None
        """The newest time of a share that was taken in; None before the first."""
        self.statements: Counter[tuple[str, str]] = Counter()
        """How many statements about ids were news, by what they say, and by whether (yes or no) the
        id is a kiosk with them, and shares nothing."""
        self._put_off: dict[str, list[Share]] = {}
        """Shares that are still to be taken in, by their receivers."""
        self._pending: dict[str, Person] = {}
        """Who may have changed since the last checkpoint."""
        self._sharing: dict[str, Person] = {}
        """Who is linked and may have changed since it last shared."""
        self._nobody: ClaimIndex = _index_of_nobody(policy, catalog)

    def apply(self, event: Input) -> Decision | None:
        """Apply the next record; returns the decision where it is a request.

        A share does not move the clock: its time is another partition's.
        """
        if type(event) is Share:
            self._see_share(event)
            self._receive(event)
            return None
        if self._put_off:
            self._take_in(event.user_id)
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
        if type(event) is EventGroup:
            for each in event.events:
                self.apply(each)
            return None
        if type(event) is Identity:
            self._state(event, person)
            return None
        if person is None:
            person = self.persons[user_id] = Person()
        elif contradicts(person.evidence, event, newest - self.policy.retention):
            self.contradictions[TOPICS[type(event)]] += 1
        forgotten = person.join(event, self.policy, self.catalog)
        if forgotten:
            self.forgotten.update(forgotten)
        self._pending[user_id] = person
        if person.links is not None:
            self._sharing[user_id] = person
        if type(event) is Purchase:
            self._see("purchases", ts)
        elif type(event) is Dismissal:
            self._see("dismissals", ts)
        return None

    def _state(self, event: Identity, known: Person | None) -> None:
        """Add a statement about an id."""
        person = Person() if known is None else known
        if person.state(event, self.policy, self.catalog):
            self.persons[event.user_id] = person
            self._pending[event.user_id] = self._sharing[event.user_id] = person
            is_kiosk = person.links is not None and person.links.standing(self.policy).is_kiosk
            self.statements[event.action, "yes" if is_kiosk else "no"] += 1

    def _receive(self, share: Share) -> None:
        """Take in what another id shares with one of these."""
        user_id, newest = share.user_id, self.newest
        known = self.persons.get(user_id)
        person = Person() if known is None else known
        due = person.due
        if due is not None and newest is not None and due <= newest:
            person.expire(self.policy, self.catalog, newest)
            self._pending[user_id] = person
        forgotten = person.receive(share, self.policy, self.catalog)
        shares_anew = person.shares_anew(self.policy)
        if forgotten is None and not shares_anew:
            return
        if forgotten:
            self.forgotten.update(forgotten)
        self.persons[user_id] = self._pending[user_id] = person
        if share.direction == "up" or share.whole or share.ended or shares_anew:
            self._sharing[user_id] = person  # what else comes down goes nowhere else

    def put_off(self, share: Share) -> None:
        """Take a share in later: before the next record of its receiver, or for the checkpoint.

        All of the receiver is needed then anyhow, and is in the processor's caches for once.
        """
        self._see_share(share)
        self._put_off.setdefault(share.user_id, []).append(share)

    def _take_in(self, user_id: str) -> None:
        """Take in what was put off for a person."""
        for share in self._put_off.pop(user_id, ()):
            self._receive(share)

    def _see_share(self, share: Share) -> None:
        self.shared = share.ts if self.shared is None else max(share.ts, self.shared)

    def take_shares(self) -> list[Share]:
        """What linked persons have to share since the last time, where no share is put off."""
        if not self._sharing:
            return []
        sharing, self._sharing = self._sharing, {}
        ts = self._time_of_shares()
        shares: list[Share] = []
        for user_id, person in sharing.items():
            shares += person.take_shares(user_id, self.policy, self.catalog, ts)
        return shares

    def _time_of_shares(self) -> int:
        """Later than that of all that they rest on, here and where that was shared from.

        So whoever merges by time takes them after that, in whatever partition that lies.
        """
        return 1 + max(-1 if time is None else time for time in (self.newest, self.shared))

    def _see(self, topic: str, ts: int) -> None:
        known = self.as_of.get(topic)
        if known is None or ts > known:
            self.as_of = {**self.as_of, topic: ts}

    def use(self, policy: Policy) -> None:
        """Read by another policy from here on.

        Whoever is in memory was read by the old one, and has to be put there anew. Only right
        after a checkpoint, when nothing is in memory that is not stored.
        """
        self.policy = policy
        self._nobody = _index_of_nobody(policy, self.catalog)
        self.persons.clear()

    def review(self, user_id: str) -> None:
        """Look at a person again in the next checkpoint, though nothing new is known."""
        person = self.persons.get(user_id)
        if person is not None:
            self._pending[user_id] = person
            if person.links is not None:
                self._sharing[user_id] = person

    def is_pending(self, user_id: str) -> bool:
        """Whether the next checkpoint will look at a person."""
        return user_id in self._pending or user_id in self._put_off

    def checkpoint(self) -> Iterator[Checkpointed]:
        """Each person who may have changed since the last time, with all that is to be sent.

        A person of whom nothing is known, who is false, is to be forgotten. All state that this
        leaves depends only on the evidence and the partition's newest event time, not on when it
        was called before.
        """
        ts = self._time_of_shares()
        for user_id in list(self._put_off):
            self._take_in(user_id)
            person = self._pending.pop(user_id, None)
            if person is not None:
                yield self._checkpointed(user_id, person, ts)
        pending, self._pending = self._pending, {}
        for user_id, person in pending.items():
            yield self._checkpointed(user_id, person, ts)

    def _checkpointed(self, user_id: str, person: Person, ts: int) -> Checkpointed:
        shares: list[Share] = []
        if self._sharing.pop(user_id, None) is not None:
            shares = person.take_shares(user_id, self.policy, self.catalog, ts)
        return user_id, person, shares, self._current_list(user_id, person)

    def prepare(self) -> list[Prepared]:
        """The same without shares, for who took them before."""
        pending, self._pending = self._pending, {}
        return [
            (user_id, person, self._current_list(user_id, person))
            for user_id, person in pending.items()
        ]

    def _current_list(self, user_id: str, person: Person) -> SuppressionList | None:
        newest = EARLIEST if self.newest is None else self.newest
        person.expire(self.policy, self.catalog, newest)
        return person.current_list(user_id, self.policy, self.catalog, newest)


def _index_of_nobody(policy: Policy, catalog: Catalog) -> ClaimIndex:
    """What is held against people of whom nothing is known."""
    index = ClaimIndex(Evidence(), policy, catalog)
    index.bring_up_to_date()
    return index
