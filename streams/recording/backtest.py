"""Backtest: the decisions and lists of a recording, without a broker (SPEC 6 and 8).

The same domain as the worker's, over the same order: so the outcome is what a worker emits that
was given this recording, with one catalog and one policy. Persons are independent of each other,
but for the clocks: so a backtest may be of some of them, if it is given the others' clocks. Ids
that are linked are one person's, and stay together.

What ids share with each other (SPEC 9) is taken as it was recorded, or else made here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zlib import crc32

from msgspec import UNSET

from schemas.adapters.formats import readers_of
from schemas.adapters.notes import NO_NOTES, Note
from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.outputs import Decision, SuppressionList
from schemas.records import Event, Identity, Input, events_of
from schemas.topics import PERSON_TOPICS, SHARES
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord
from streams.recording.linked_ids import NOBODY
from streams.recording.note_counts import NoteCounts
from streams.recording.order import Clocks, NewestTimes, Order, OrderedEvent, newest_of
from streams.recording.partitions import Homes, Partitions
from streams.recording.tally import Tally
from streams.suppression.catalog import Catalog
from streams.suppression.identities.blocking import Blocking
from streams.suppression.join import Join
from streams.suppression.policy import Policy


@dataclass(slots=True)
class BacktestCounts(Tally):
    """What became of every record: decided, joined, dead, ignored, and rerouted before that."""

    records: Counter[str] = field(default_factory=Counter)
    decided: int = 0
    joined: int = 0
    rerouted: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    products: int = 0
    forgotten: Counter[str] = field(default_factory=Counter)
    """Facts by kind, dropped of persons of whom there were too many, under the first policy."""
    contradictions: Counter[str] = field(default_factory=Counter)
    """Events by topic that had the id of an earlier one of the person, and other content."""
    ignored: Counter[str] = field(default_factory=Counter)
    """By topic: of topics that are no inputs, and of other formats what is about something else."""
    notes: NoteCounts = field(default_factory=NoteCounts)
    """What adapters left out, corrected or derived in records that were joined or decided."""

    @property
    def all_records(self) -> int:
        """All records that were read, of whatever topic."""
        return self.records.total() + self.ignored.total()


class PersonSlice(NamedTuple):
    """Some of the persons: one slice of so many equal ones, by a hash of the person's id."""

    number: int
    of: int
    linked: Mapping[bytes, bytes] = NOBODY
    """By linked ids the one that stands for them all."""

    def holds(self, user_id: bytes) -> bool:
        """Whether the person is among them."""
        return crc32(self.linked.get(user_id, user_id)) % self.of == self.number


ALL_PERSONS: Final = PersonSlice(0, 1)

NATIVE: Final[Mapping[str, str]] = {}
"""All topics are in Unhaunt's own format."""


RECORDED: Final = frozenset((*PERSON_TOPICS, SHARES))
"""The topics whose records are taken."""


class Step(NamedTuple):
    """An event that was applied, or the events of one record; or a share that was made here."""

    event: Input
    clock: int
    """The newest event time of its partition, this event's included, in milliseconds."""
    decisions: tuple[Decision | None, ...]
    """For each policy the decision on a request, without `as_of`; of other events None."""
    joins: tuple[Join, ...]
    """For each policy the join that holds the person."""
    ordered: OrderedEvent
    """The event with all that orders it; of a share that was made here, the one that led to it."""


class Backtest:
    """One run over a recording; afterwards `lists` and `counts` tell the rest.

    In a run by slices, what is not a person's (the catalog, other topics) counts with the first.
    """

    def __init__(
        self,
        *policies: Policy,
        persons: PersonSlice = ALL_PERSONS,
        formats: Mapping[str, str] = NATIVE,
    ) -> None:
        """`formats` are those of topics in another format than Unhaunt's own."""
        self.counts = BacktestCounts()
        self.catalog = Catalog()
        self.partitions = Partitions(policies, self.catalog)
        self._policies = policies
        self._blocking = Blocking.by(policies[0], formats)
        self._persons = persons
        self._readers = readers_of(formats, self._observe)
        self._format, self._notes = "", NO_NOTES
        """The format of the newest record of another one, and the notes on it."""
        self._order = Order()
        self._clocks = Clocks({})
        self._others: Sequence[Clocks] = ()

    @property
    def joins(self) -> Mapping[int, tuple[Join, ...]]:
        """The persons of each partition number, for each policy."""
        return self.partitions.joins

    def run(self, records: Iterable[RecordedRecord]) -> Iterator[Decision]:
        """The decisions in order, without `as_of`, since two runs are to be compared."""
        self.read(records)
        for step in self.steps():
            yield from filter(None, step.decisions)

    def read(
        self, records: Iterable[RecordedRecord], observe: Callable[[Event], object] | None = None
    ) -> int:
        """Read a recording; `steps` has as many steps as this returns, and one a share made here.

        `observe` is called with each valid event, in the order of the lines.
        """
        partitions: dict[str, int] = {}
        astray: dict[str, None] = {}
        highest = valid = 0
        has_shares = has_statements = False
        add = self._order.add
        for line, record in enumerate(records):
            partition, topic = record.partition, record.topic
            if topic not in RECORDED:
                self._product(record)
                continue
            has_shares = has_shares or topic == SHARES
            highest = max(highest, partition)
            event = self._event(record)
            if self._notes:
                if event is not None:
                    self.counts.notes.add(self._format, self._notes, line)
                self._notes = NO_NOTES
            if event is None:
                continue
            valid += 1
            user_id = event.user_id
            if partitions.setdefault(user_id, partition) != partition:
                astray[user_id] = None
            elif topic in self._blocking.topics and record.key not in (None, user_id.encode()):
                astray[user_id] = None  # it lies where the other id belongs
            add(partition, topic, (record.offset, line, event))
            for each in events_of(event):
                has_statements = has_statements or type(each) is Identity
                if observe is not None:
                    observe(each)
        homes = {user_id: partition_of(user_id.encode(), highest + 1) for user_id in astray}
        self.counts.rerouted = self._order.reroute(homes)
        if has_statements and not has_shares:
            self.partitions.homes = Homes(partitions | homes, highest + 1)
        return valid

    def clocks(self) -> Clocks:
        """How the records that were read move the clocks, for other slices."""
        self._clocks = self._order.clocks()
        return self._clocks

    def align(self, others: Sequence[Clocks]) -> None:
        """Let the clocks of the other slices count."""
        self._others = others
        if others:
            self.partitions.newest_times = NewestTimes([self._clocks, *others])

    def in_order(self) -> list[OrderedEvent]:
        """The events in their order, for a caller that applies them itself; no steps are left."""
        return self._order.in_order(self._others)

    def steps(self) -> Iterator[Step]:
        """Apply the events in their order."""
        counts, partitions = self.counts, self.partitions
        no_decisions = (None,) * len(self._policies)
        for ordered in self.in_order():
            clock, _, _, _, _, event = ordered
            by_policy, decisions = partitions.apply(ordered)
            if decisions[0] is None:
                counts.joined += 1
            else:
                counts.decided += 1
                for decision in decisions:
                    if decision is not None:
                        decision.as_of = UNSET
            yield Step(event, clock, decisions, by_policy, ordered)
            for share, receivers in partitions.shared:
                yield Step(share, clock, no_decisions, receivers, ordered)
        first = [by_policy[0] for by_policy in self.joins.values()]
        self.counts.contradictions = sum((each.contradictions for each in first), Counter())

    def lists(self) -> Iterator[SuppressionList]:
        """The final list of every person with evidence, by partition and then by person.

        One without entries or grants, which is a tombstone on the topic, has empty ones here.
        """
        for _, current in self.lists_by_partition(0):
            yield current

    def lists_by_partition(self, number: int) -> Iterator[tuple[int, SuppressionList]]:
        """The lists under a policy, by its number, each with its partition."""
        newest = newest_of(self._others)
        for partition, joins in sorted(self.joins.items()):
            join = joins[number]
            if (reached := newest.get(partition)) is not None:
                join.newest = reached if join.newest is None else max(join.newest, reached)
            for user_id in sorted(join.persons):
                join.review(user_id)
            for user_id, person, current in sorted(join.prepare(), key=lambda each: each[0]):
                counting = person.counting(join.policy)
                if counting:
                    yield partition, current or _empty_list(user_id, counting.newest, join.policy)
        self.counts.forgotten = sum((each[0].forgotten for each in self.joins.values()), Counter())

    def _event(self, record: RecordedRecord) -> Input | None:
        """The input in a valid record of these persons; records without one are counted."""
        topic, key, counts, persons = record.topic, record.key, self.counts, self._persons
        may_state = topic in self._blocking.topics
        owner = None if may_state else key  # a statement's key may be the other id
        if owner is not None and persons.of > 1 and not persons.holds(owner):
            return None
        reader = self._readers.get(topic)
        event: Input | None
        try:
            if reader is None:
                event = decode(topic, key, record.value, record.timestamp)
            else:
                event = reader(key, record.value, record.timestamp, record.headers)
            if may_state and event is not None:
                event = self._blocking.left_of(event)
        except InvalidRecord as error:
            if owner is not None or persons.number == 0:
                counts.records[topic] += 1
                counts.dead[error.code] += 1
            return None
        if event is None:
            if owner is not None or persons.number == 0:
                counts.ignored[topic] += 1
            return None
        if owner is None and not persons.holds(event.user_id.encode()):
            return None
        counts.records[topic] += 1
        return event

    def _observe(self, format_name: str, notes: Sequence[Note]) -> None:
        self._format, self._notes = format_name, notes

    def _product(self, record: RecordedRecord) -> None:
        counts = BacktestCounts() if self._persons.number else self.counts
        if record.topic != "catalog":
            counts.ignored[record.topic] += 1
            return
        counts.records["catalog"] += 1
        try:
            self.catalog.put(*decode_product(record.key, record.value))
            counts.products += 1
        except InvalidRecord as error:
            counts.dead[error.code] += 1


def _empty_list(user_id: str, ts: int, policy: Policy) -> SuppressionList:
    return SuppressionList(user_id, ts, policy.version, [], [])
