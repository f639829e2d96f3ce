"""Ids of persons in several partitions, and the shares that are carried between them (SPEC 9)."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from schemas.outputs import Decision
from schemas.records import Event, Identity, Share
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests.builders import NOW, as_json

MOST_ROUNDS = 100
"""What one leaf shares is with the hub, the others and back again in far fewer."""


# --- statements ----------------------------------------------------------------------------------


def signed_in(leaf: str, hub: str, ts: int = NOW, event_id: str = "", **fields: Any) -> Identity:
    return _statement("signed_in", leaf, hub, ts, event_id, **fields)


def signed_out(leaf: str, ts: int = NOW, event_id: str = "") -> Identity:
    return _statement("signed_out", leaf, None, ts, event_id)


def linked(leaf: str, hub: str, ts: int = NOW, event_id: str = "", **fields: Any) -> Identity:
    return _statement("linked", leaf, hub, ts, event_id, **fields)


def unlinked(leaf: str, hub: str, ts: int = NOW, event_id: str = "") -> Identity:
    return _statement("unlinked", leaf, hub, ts, event_id)


def _statement(
    action: Any, leaf: str, hub: str | None, ts: int, event_id: str, **fields: Any
) -> Identity:
    named = event_id or f"{action} {leaf} {hub} {ts}"
    return Identity(event_id=named, user_id=leaf, ts=ts, action=action, person_id=hub, **fields)


# --- partitions ----------------------------------------------------------------------------------


class Partitions:
    """The joins of some partitions. Ids that `partition_of` does not name are in the first one."""

    def __init__(
        self,
        policy: Policy | None = None,
        catalog: Catalog | None = None,
        partition_of: Mapping[str, int] | None = None,
    ) -> None:
        self._partition_of = partition_of or {}
        self.policy = policy or Policy.default()
        self.catalog = catalog or Catalog()
        so_many = max(self._partition_of.values(), default=0) + 1
        self.joins = [Join(self.policy, self.catalog) for _ in range(so_many)]
        self.queues: list[deque[Share]] = [deque() for _ in self.joins]
        """The topic `shares`: by partition what nobody has taken yet."""
        self.sent: list[Share] = []
        """All that was ever shared."""
        self.published: dict[str, Any] = {}
        """The lists of the last checkpoint that had them; None for a tombstone."""
        self._stored_due: dict[str, int] = {}
        """When persons are due by what is stored of them, which is what a worker looks at."""

    def join_of(self, user_id: str) -> Join:
        return self.joins[self._partition_of.get(user_id, 0)]

    def apply(self, event: Event | Share) -> Decision | None:
        """Apply the next record of a partition; nothing is shared for it yet."""
        return self.join_of(event.user_id).apply(event)

    def checkpoint(self, number: int) -> None:
        """Send what a partition has to share, store all of its persons, and read them back."""
        join = self.joins[number]
        for user_id in join.persons:
            due = self._stored_due.get(user_id)
            if due is not None and join.newest is not None and due <= join.newest:
                join.review(user_id)
        for user_id, _, shares, listed in join.checkpoint():
            self._send(shares)
            self.published[user_id] = as_json(listed)
        join.persons = self._read_back(join)

    def _read_back(self, join: Join) -> dict[str, Person]:
        stored = {user_id: person.to_bytes() for user_id, person in join.persons.items() if person}
        read = {user_id: Person.from_bytes(content) for user_id, content in stored.items()}
        for user_id in join.persons:
            self._stored_due.pop(user_id, None)
        self._stored_due |= {
            user_id: person.due for user_id, person in read.items() if person.due is not None
        }
        return read

    def use(self, policy: Policy, number: int, review: bool = True) -> None:
        """Let a partition read everything by another policy from now on.

        Without `review` it has not come to look at anybody yet.
        """
        self.checkpoint(number)
        join = self.joins[number]
        persons = self._read_back(join)
        join.use(policy)
        join.persons = persons
        for user_id in persons if review else ():
            join.review(user_id)

    def _send(self, shares: Iterable[Share]) -> None:
        for share in shares:
            self.sent.append(share)
            self.queues[self._partition_of.get(share.user_id, 0)].append(share)

    def deliver(
        self, number: int, at_most: int | None = None, at_once: bool = False
    ) -> list[Share]:
        """Let a partition have the shares that it was sent, in their order, or the first of them.

        It takes them in when it needs them, as a worker does, or else `at_once`, as a backtest.
        """
        queue = self.queues[number]
        delivered = [
            queue.popleft()
            for _ in range(len(queue) if at_most is None else min(at_most, len(queue)))
        ]
        join = self.joins[number]
        for share in delivered:
            if at_once:
                join.apply(share)
            else:
                join.put_off(share)
        return delivered

    def settle(self, store: bool = False) -> None:
        """Carry shares until there are none; with a checkpoint each time, if they are to `store`.

        Raises `AssertionError` if it does not end.
        """
        for _ in range(MOST_ROUNDS):
            is_quiet = True
            for number, join in enumerate(self.joins):
                if store:
                    self.checkpoint(number)
                else:
                    self._send(join.take_shares())
                is_quiet = not self.deliver(number, at_once=not store) and is_quiet
            if is_quiet and not any(self.queues):
                return
        raise AssertionError("ids share with each other without an end")

    def tell(self, *events: Event) -> list[Any]:
        """Apply these, each share taking effect at once; the decisions as JSON reads them."""
        decisions = []
        for event in events:
            decision = self.apply(event)
            self.settle()
            if decision is not None:
                decisions.append(as_json(decision))
        return decisions

    # --- what came of it ---------------------------------------------------------------------

    def lists(self) -> dict[str, Any]:
        """The list of each id by now; None for a tombstone."""
        lists = {}
        for join in self.joins:
            for user_id in list(join.persons):
                join.review(user_id)
            lists.update({user_id: as_json(listed) for user_id, _, _, listed in join.checkpoint()})
        return lists

    def entries(self, user_id: str) -> list[dict[str, Any]]:
        listed = self.lists().get(user_id)
        return listed["entries"] if listed else []

    def reasons(self, user_id: str) -> dict[str, str]:
        """What is held against whom or what: each entry's reason by its value."""
        return {entry["value"]: entry["reason"] for entry in self.entries(user_id)}
