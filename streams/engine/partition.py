"""One assigned partition number: its order, its join, its state, and what they put out."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import monotonic, time
from typing import Any

import orjson

from schemas.adapters.formats import readers_of
from schemas.decoding import InvalidRecord
from schemas.outputs import SuppressionList, to_json
from schemas.topics import RANKS, REROUTED, STREAMS
from streams.agents.catalog_reader import CatalogReader, InvalidProduct
from streams.engine.alignment import BEFORE_EVERYTHING, UNKNOWN_END, Alignment, Place
from streams.engine.checkpoint.output import Output
from streams.engine.intake import MISFITS, Entry, Fetched, Home, Ignored, Misfit, Misplaced, take_in
from streams.engine.state.progress import progress_of
from streams.engine.state.store import PERSON, PROGRESS, Store
from streams.engine.telemetry.accounting import Accounting
from streams.engine.telemetry.counts import Counts
from streams.kafka.registry.schema_registry import SchemaRegistry, Write
from streams.settings import Settings
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from streams.suppression.stored import FORMAT

SWEEP_PAUSE_SECONDS = 60
"""A catalog that never rests lets everybody's list be read anew no more often than this."""
REVIEWED_AT_ONCE = 2_000
"""Most persons that are looked at between two batches though nothing new was said of them."""


class Partition:
    """The work on one partition number. Nothing in it waits, and all output goes to `output`."""

    def __init__(
        self,
        number: int,
        partitions: int,
        store: Store,
        policy: Policy,
        catalog: CatalogReader,
        output: Output,
        settings: Settings,
        counts: Counts,
        registry: SchemaRegistry | None = None,
    ) -> None:
        """`registry` has the schemas of the topics whose values are framed."""
        self.number = number
        self.store = store
        self.alignment: Alignment[Entry] = Alignment()
        self.offsets: dict[str, int] = {}
        """The next offset of each stream of which records were taken since the last checkpoint."""
        self.topic_ids: Mapping[str, str] = {}
        """Which topic each stream is read from; a topic that is made anew is another one."""
        self._taken: dict[str, int] = {}
        """The next offset of each stream that the state does not include yet."""
        self.waiting_bytes = 0
        """What the records take that wait for their turn."""
        self._policy = policy
        self._catalog = catalog
        self._output = output
        self._settings = settings
        self._counts = counts
        self._accounting = Accounting(counts)
        self._decisions = settings.topic("decisions")
        self._suppressions = settings.topic("suppressions")
        self._changelog = settings.changelog
        self._join = Join(policy, catalog.catalog)
        self._home = Home(number, partitions, self._join.persons)
        self._readers = readers_of(settings.format_by_topic)
        self._write_decision: Write = to_json
        self._write_list: Write = to_json
        if registry is not None:
            self._readers = registry.framed_readers(self._readers)
            self._write_decision = registry.writer("decisions")
            self._write_list = registry.writer("suppressions")
        self._changes: dict[bytes, bytes | None] = {}
        self._due: list[tuple[int, bytes]] = []
        self._done: list[bytes] = []
        self._clocks: dict[str, float] = {}
        self._read_as: str | None = None
        """What policy and catalog the lists were last made from."""
        self._sweep: Iterator[tuple[bytes, bytes]] | None = None
        self._swept_as = ""
        self._next_sweep = 0.0
        self._buried_products: dict[str, int] = {}
        self._reviewed = False
        """Whether persons were looked at since the last checkpoint of whom nothing was said."""
        self._changelog_offset: int | None = None
        self._load_progress()

    def start_at(self, stream: str, offset: int) -> None:
        """Say where a stream is read on; what is not known of it yet the next checkpoint keeps.

        Where it ends only the first fetch says: what a broker lists may be out of date.
        """
        aligned = self.alignment.stream(stream, RANKS[stream])
        aligned.next_offset, aligned.known_end = offset, UNKNOWN_END
        if self._taken.get(stream) != offset:
            self.offsets[stream] = offset

    def add(self, stream: str, records: Iterable[Any]) -> None:
        """Take in the next records of a stream as they were fetched; they wait for their turn."""
        aligned = self.alignment.stream(stream, RANKS[stream])
        self.waiting_bytes += take_in(aligned, stream, records, self._home, self._readers)

    def process(self, entries: Sequence[tuple[Place, Entry]]) -> None:
        """Take records in their order: decide, join, bury or reroute."""
        self._load({item.user_id for _, (item, _) in entries if not isinstance(item, MISFITS)})
        apply, send, number = self._join.apply, self._output.send, self.number
        write = self._write_decision
        newest: dict[int, Place] = {}
        """The last place of each rank."""
        account_for_decision, account_for_event = self._accounting.decided, self._accounting.joined
        freed = decided = misfits = 0
        for place, (item, size) in entries:
            newest[place[1]] = place
            freed += size
            if isinstance(item, MISFITS):
                misfits += 1
                self._send_away(item)
            elif (decision := apply(item)) is not None:
                decided += 1
                account_for_decision(decision)
                send(self._decisions, number, item.user_id.encode(), write(decision))
            else:
                account_for_event(place, item)
        self.waiting_bytes -= freed
        self._counts.decided += decided
        self._counts.joined += len(entries) - decided - misfits
        for rank, taken in Counter([place[1] for place, _ in entries]).items():
            stream = STREAMS[rank]
            clock, _, offset = newest[rank]
            self._counts.consumed[stream] += taken
            self.offsets[stream] = offset + 1
            if clock != BEFORE_EVERYTHING:
                self._clocks[stream] = clock
        self._let_go()

    def review(self) -> bool:
        """Look at persons whose time has come or whom a new policy or catalog reads anew.

        Returns whether there was anything to look at.
        """
        newest = self._join.newest
        if newest is None:
            return False
        reviewed: list[bytes] = []
        if not self._done:
            due = self.store.due(newest, REVIEWED_AT_ONCE)
            self._done = list(due)
            reviewed += due.values()
        reviewed += self._next_of_sweep()
        users = [key[len(PERSON) :].decode() for key in reviewed]
        self._load(users)
        for user_id in users:
            self._join.review(user_id)
        self._reviewed = self._reviewed or bool(users)
        return bool(users or self._done)

    def use(self, policy: Policy) -> None:
        """Read by another policy from here on, and everybody's list anew.

        Only when there is nothing that a checkpoint would have to commit.
        """
        self._policy = policy
        self._join.use(policy)
        self._sweep, self._next_sweep = None, 0.0

    @property
    def is_changed(self) -> bool:
        """Whether there is anything that the next checkpoint has to commit."""
        return bool(
            self.offsets or self._reviewed or self._done or next(self._unburied_products(), None)
        )

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

    def settle(self) -> None:
        """Send what changed since the last checkpoint: lists and changelog, progress last."""
        self._bury_products()
        self._taken |= self.offsets
        for user_id, person, current in self._join.prepare():
            self._publish(user_id, person, current)
            key = PERSON + user_id.encode()
            if person.evidence:
                self._change(key, person.to_bytes())
                if person.due is not None:
                    self._due.append((person.due, key))
            else:
                del self._join.persons[user_id]
                self._change(key, None)
        self._counts.forgotten.update(self._join.forgotten)
        self._join.forgotten.clear()
        self._change(PROGRESS, orjson.dumps(self._progress()), self._reached)

    def committed(self) -> None:
        """Write to disk what the transaction has committed, and forget what is not needed."""
        self._accounting.committed(round(time() * 1000))
        self._counts.changes += len(self._changes)
        self.store.write(self._changes, self._due, self._done, self._changelog_offset)
        self._changes, self._due, self._done = {}, [], []
        self._reviewed = False
        self.offsets = {}
        self._let_go()

    def _let_go(self) -> None:
        """Keep so many persons in memory as the settings say, beside those still to be stored."""
        persons = self._join.persons
        surplus = len(persons) - self._settings.cached_persons
        for user_id in list(itertools.islice(persons, max(0, surplus))):
            if not self._join.is_pending(user_id):
                del persons[user_id]

    def close(self) -> None:
        """Close the state; what was not committed is gone."""
        self._sweep = None  # a store that is still being read does not give its folder free
        self.store.close()

    def _load(self, users: Sequence[str] | set[str]) -> None:
        """Have these persons in memory, as the newest of those kept there."""
        persons = self._join.persons
        missing = []
        for user_id in users:
            person = persons.pop(user_id, None)
            if person is None:
                missing.append(user_id)
            else:
                persons[user_id] = person
        self._counts.looked_up["memory"] += len(users) - len(missing)
        if not missing:
            return
        stored = self.store.get([PERSON + user_id.encode() for user_id in missing])
        nowhere = 0
        for user_id, data in zip(missing, stored, strict=True):
            if data is None:
                nowhere += 1
            else:
                persons[user_id] = Person.from_bytes(data)
        self._counts.looked_up["disk"] += len(missing) - nowhere
        self._counts.looked_up["nowhere"] += nowhere

    def _publish(self, user_id: str, person: Person, current: SuppressionList | None) -> None:
        """Send a list if it is not what was last sent."""
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
        self._output.send(self._suppressions, self.number, user_id.encode(), content)
        self._counts.lists += 1

    def _change(self, key: bytes, value: bytes | None, on_delivery: Any = None) -> None:
        self._changes[key] = value
        self._output.send(self._changelog, self.number, key, value, on_delivery=on_delivery)

    def _reached(self, error: Any, message: Any) -> None:
        # Without an error: an error aborts the transaction, and the offset is never used.
        if error is None:
            self._changelog_offset = message.offset() + 1

    def _send_away(self, misfit: Misfit) -> None:
        """Bury a record that is not right; bring one that is misplaced to where it belongs."""
        if isinstance(misfit, Ignored):
            self._counts.ignored[misfit.topic] += 1
            return
        record = misfit.record
        if isinstance(misfit, Misplaced):
            self._reroute(record, misfit.user_id, misfit.home)
            return
        self._bury(record, self.number, misfit.problem)
        place = f"{self._topic(record)}, partition {self.number}, offset {record.offset}"
        self._counts.dead_example = f"{place}: {misfit.problem.code}"

    def _bury(self, record: Fetched, partition: int, problem: InvalidRecord) -> None:
        self._output.send(
            self._settings.topic("dead-letters"),
            self.number,
            record.key,
            record.value,
            headers=[
                *record.headers,
                ("unhaunt.error", problem.code),
                ("unhaunt.detail", problem.detail),
                ("unhaunt.topic", self._topic(record)),
                ("unhaunt.partition", str(partition)),
                ("unhaunt.offset", str(record.offset)),
                ("unhaunt.timestamp", str(record.timestamp)),
            ],
        )
        self._counts.dead[problem.code] += 1

    def _topic(self, record: Fetched) -> str:
        """The name of the topic that a record is from."""
        if record.topic == REROUTED:
            return self._settings.reroute
        return self._settings.topic(record.topic)

    def _bury_products(self) -> None:
        for invalid in self._unburied_products():
            record = Fetched("catalog", *invalid[1:-1])
            self._bury(record, invalid.partition, invalid.error)
            self._counts.dead_products[invalid.error.code] += 1
            self._buried_products[str(invalid.partition)] = invalid.offset + 1

    def _unburied_products(self) -> Iterator[InvalidProduct]:
        """The catalog's invalid records: every worker reads them, partition 0 buries them."""
        if self.number == 0:
            for invalid in self._catalog.invalid:
                if invalid.offset >= self._buried_products.get(str(invalid.partition), 0):
                    yield invalid

    def _reroute(self, record: Fetched, user_id: str, home: int) -> None:
        self._output.send(
            self._settings.reroute,
            home,
            user_id.encode(),
            record.value,
            timestamp=record.timestamp,
            headers=[*record.headers, ("unhaunt.topic", record.topic)],
        )
        self._counts.rerouted += 1

    def _next_of_sweep(self) -> list[bytes]:
        """The next persons to be read anew, after the policy or the catalog changed."""
        current = f"{self._policy.fingerprint}:{self._catalog.position}"
        if self._sweep is None:
            if self._read_as == current or monotonic() < self._next_sweep:
                return []
            self._sweep, self._swept_as = self.store.persons(), current
        keys = [key for key, _ in itertools.islice(self._sweep, REVIEWED_AT_ONCE)]
        if not keys:
            self._sweep, self._read_as = None, self._swept_as
            self._next_sweep = monotonic() + SWEEP_PAUSE_SECONDS
        return keys

    def _progress(self) -> Mapping[str, Any]:
        return {
            "format": FORMAT,
            "topic_ids": self.topic_ids,
            "offsets": self._taken,
            "clocks": self._clocks,
            "newest": self._join.newest,
            "as_of": self._join.as_of,
            "read_as": self._read_as,
            "buried_products": self._buried_products,
        }

    def _load_progress(self) -> None:
        progress = progress_of(self.store)
        if progress is None:
            self._read_as = f"{self._policy.fingerprint}:{self._catalog.position}"
            return
        self._taken = progress["offsets"]
        self._clocks = progress["clocks"]
        self._join.newest = progress["newest"]
        self._join.as_of = progress["as_of"]
        self._read_as = progress["read_as"]
        self._buried_products = progress["buried_products"]
        for stream, clock in self._clocks.items():
            self.alignment.stream(stream, RANKS[stream]).clock = clock
