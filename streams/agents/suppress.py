"""The task: decide on requests, join evidence, and keep everybody's list published."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from time import time
from typing import Any, Final

from schemas.outputs import SuppressionList, to_json
from schemas.records import NO_FACTS, Share
from schemas.topics import RANKS, SHARES
from streams.agents.accounting import Accounting
from streams.agents.context import SuppressContext
from streams.agents.intake import UNJOINABLE, Home, decoded
from streams.agents.person_cache import PersonCache, key_of
from streams.agents.product_ids import ProductIdSample
from streams.agents.review import Review
from streams.agents.side_outputs import SideOutputs
from streams.engine.task import Decoded, Ordered, TaskContext
from streams.kafka.partitioner import partition_of
from streams.suppression.identities.blocking import Blocking
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy

SHARES_RANK: Final = RANKS[SHARES]


class SuppressTask:
    """The product's work on one partition group; an `engine.task.Task`."""

    def __init__(self, context: TaskContext, shared: SuppressContext, policy: Policy) -> None:
        self.policy = policy
        self._number = context.number
        self._partitions = context.partitions
        self._send = context.send
        self._changes = context.changes
        self._counts = shared.counts
        self._catalog = shared.catalog
        self._readers = shared.readers
        self._blocking = Blocking.by(policy, shared.settings.format_by_topic)
        self._write_decision = shared.write_decision
        self._write_list = shared.write_list
        self._decisions = shared.settings.topic("decisions")
        self._suppressions = shared.settings.topic("suppressions")
        self._shares = shared.settings.topic(SHARES)
        self._accounting = self._prepared = Accounting(shared.counts)
        self._join = Join(policy, shared.catalog.catalog)
        self._product_ids = ProductIdSample(shared.catalog.catalog, shared.counts)
        most = shared.settings.cached_persons
        self._persons = PersonCache(self._join, context.changes, most, shared.counts.looked_up)
        self._home = Home(context.number, context.partitions, self._join.persons)
        progress = context.progress
        product_offsets: dict[str, int] = {}
        read_by = self._current
        if progress is not None:
            self._join.newest, self._join.as_of = progress["newest"], progress["as_of"]
            self._join.shared = progress.get("shared")
            product_offsets, read_by = progress["buried_products"], progress["read_as"]
        self._side_outputs = SideOutputs(context.number, context.send, product_offsets, shared)
        self._review = Review(context.store, context.changes, read_by)

    # -- the methods of a task

    def decode(self, stream: str, records: Sequence[Any]) -> Iterable[Decoded]:
        """Decode records to events, or to what says why they cannot be joined."""
        return decoded(stream, records, self._home, self._readers, self._blocking)

    def process(self, batch: Sequence[Ordered]) -> None:
        """Decide, join, take what is shared, dead-letter or reroute."""
        self._persons.load(
            {item.user_id for _, (item, _) in batch if not isinstance(item, UNJOINABLE)}
        )
        join, send, number = self._join, self._send, self._number
        apply, put_off = join.apply, join.put_off
        write, decisions = self._write_decision, self._decisions
        count_decision, count_event = self._accounting.decided, self._accounting.joined
        decided = shared = unjoinable = 0
        for key, (item, _) in batch:
            if isinstance(item, UNJOINABLE):
                unjoinable += 1
                self._side_outputs.dispatch(item)
            elif key[1] == SHARES_RANK:
                shared += 1
                put_off(item)
                self._accounting.shared(item)
            elif (decision := apply(item)) is not None:
                decided += 1
                count_decision(decision)
                send(decisions, number, item.user_id.encode(), write(decision))
            else:
                count_event(key, item)
        self._product_ids.look_at(batch)
        self._counts.decided += decided
        self._counts.joined += len(batch) - decided - shared - unjoinable
        self._counts.shares_received += shared
        self._persons.evict()

    def punctuate(self) -> None:
        """Review persons who are due, and everybody after the policy or the catalog has changed."""
        newest = self._join.newest
        if newest is None:
            return
        users = self._review.next_users(newest, self._current)
        self._persons.load(users)
        for user_id in users:
            self._join.review(user_id)

    @property
    def is_changed(self) -> bool:
        """Whether somebody was reviewed, or the catalog has something to dead-letter."""
        return self._review.is_pending or self._side_outputs.has_pending_products

    def prepare(self) -> None:
        """Send shares and the lists that changed, and put the persons into the state."""
        self._side_outputs.dead_letter_products()
        for user_id, person, shares, current in self._join.checkpoint():
            if shares:
                self._share(shares)
            self._publish(user_id, person, current)
            key = key_of(user_id)
            if person:
                self._changes.put(key, person.to_bytes())
                if person.due is not None:
                    self._changes.schedule(person.due, key)
            else:
                del self._join.persons[user_id]
                self._changes.put(key, None)
        for counts, counted in (
            (self._counts.forgotten, self._join.forgotten),
            (self._counts.contradictions, self._join.contradictions),
        ):
            counts.update(counted)
            counted.clear()
        self._counts.statements.update(self._join.statements)
        self._join.statements.clear()
        self._prepared, self._accounting = self._accounting, Accounting(self._counts)
        self._counts.prepared = self._counts.accounted

    def progress(self) -> Mapping[str, Any]:
        """Times of the partition, what its lists were made by, and the catalog's offsets."""
        return {
            "newest": self._join.newest,
            "as_of": self._join.as_of,
            "shared": self._join.shared,
            "read_as": self._review.read_by,
            "buried_products": self._side_outputs.product_offsets,
        }

    def committed(self) -> None:
        """Count what was committed, and evict persons who are stored by now."""
        self._prepared.committed(round(time() * 1000))
        self._review.committed()
        self._persons.evict()

    def close(self) -> None:
        """Read no more of the store."""
        self._review.close()

    # -- for whoever has the task

    def use(self, policy: Policy) -> None:
        """Use another policy from here on, and make everybody's list anew.

        Only when there is nothing that a checkpoint would have to commit.
        """
        self.policy = policy
        self._blocking = self._blocking._replace(policy=policy)
        self._join.use(policy)
        self._review.begin_anew()

    @property
    def cached_persons(self) -> int:
        """How many decoded persons are in memory."""
        return len(self._join.persons)

    @property
    def evidence_behind(self) -> Mapping[str, int]:
        """How far the newest purchase and the newest dismissal lie behind the newest event.

        In milliseconds, by topic, without one of which there was none.
        """
        newest = self._join.newest or 0
        return {stream: newest - time for stream, time in self._join.as_of.items()}

    @property
    def _current(self) -> str:
        """Names the policy and the catalog that there are now."""
        return f"{self.policy.fingerprint}:{self._catalog.position}"

    def _share(self, shares: Sequence[Share]) -> None:
        """Send what an id shares with others, to the partitions of these."""
        for share in shares:
            receiver = share.user_id.encode()
            self._send(
                self._shares, partition_of(receiver, self._partitions), receiver, to_json(share)
            )
            self._counts.shares_withdrawing += share.ended or share.withdrawn != NO_FACTS
            self._counts.ids_turned_away += share.ended and share.direction == "down"
        self._counts.shares_sent += len(shares)

    def _publish(self, user_id: str, person: Person, current: SuppressionList | None) -> None:
        """Send a list if it differs from the one that was last sent."""
        if current is None:
            if person.published is None:
                return
            content, person.published = None, None
        else:
            content = self._write_list(current)
            digest = hashlib.blake2b(content, digest_size=8).hexdigest()
            if digest == person.published:
                return
            person.published = digest
        self._send(self._suppressions, self._number, user_id.encode(), content)
        self._counts.lists += 1
