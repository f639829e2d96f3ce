"""Backtest: the decisions and lists of a recording, without a broker (SPEC 6 and 8).

The same domain as the worker's, over the same order: so the outcome is what a worker emits that
was given this recording, with one catalog and one policy. Persons are independent of each other,
but for the clocks: so a backtest may be of some of them, if it is given the others' clocks. Ids
that are linked are one person's, and stay together.

What ids share with each other (SPEC 9) is taken as it was recorded, or else made here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final, final

from msgspec import UNSET

from schemas.adapters.formats import Reader, readers_of
from schemas.adapters.notes import NO_NOTES, Note
from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.outputs import Decision, SuppressionList
from schemas.records import Event, EventGroup, Identity, Input, Share, events_of
from schemas.topics import PERSON_TOPICS, SHARES
from streams.kafka.partitioner import partition_of
from streams.recording.backtest_counts import BacktestCounts
from streams.recording.clocks import Clocks, NewestTimes, newest_of
from streams.recording.files import RecordedRecord
from streams.recording.order import Order
from streams.recording.ordered_event import OrderedEvent
from streams.recording.partitions import Homes, Partitions
from streams.recording.person_slice import ALL_PERSONS, PersonSlice
from streams.recording.step import Step
from streams.suppression.catalog import Catalog
from streams.suppression.identities.blocking import Blocking
from streams.suppression.identities.receiving import require_readable
from streams.suppression.join import Join
from streams.suppression.policy import Policy

NATIVE: Final[Mapping[str, str]] = {}
"""All topics are in Unhaunt's own format."""

RECORDED: Final = (*PERSON_TOPICS, SHARES)
"""The topics whose records are taken."""

Observe = Callable[[Event], object]


@final
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
        self._is_first = persons.number == 0
        self._has_all = persons.of == 1
        readers = readers_of(formats, self._observe)
        self._topics = {
            name: _Topic(name, readers.get(name), name in self._blocking.topics)
            for name in RECORDED
        }
        self._format: str = ""
        self._notes: Sequence[Note] = NO_NOTES
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
            for decision in step.decisions:
                if decision is not None:
                    yield decision

    def read(self, records: Iterable[RecordedRecord], observe: Observe | None = None) -> int:
        """Read a recording; `steps` has as many steps as this returns, and one a share made here.

        `observe` is called with each valid event, in the order of the lines.
        """
        partitions: dict[str, int] = {}
        astray: dict[str, None] = {}
        highest = valid = 0
        has_shares = has_statements = False
        for line, record in enumerate(records):
            topic = self._topics.get(record.topic)
            if topic is None:
                self._product(record)
                continue
            partition = record.partition
            has_shares = has_shares or topic.name == SHARES
            highest = max(highest, partition)
            event = self._event(topic, record)
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
            elif topic.may_state and record.key not in (None, user_id.encode()):
                astray[user_id] = None  # it lies where the other id belongs
            self._order.add(partition, topic.name, record.offset, line, event)
            if topic.may_state:
                has_statements = has_statements or _has_statements(event)
            if observe is not None:
                _show(event, observe)
        for topic in self._topics.values():
            if topic.records:
                self.counts.records[topic.name] = topic.records
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
        """Apply the events in their order, and let go of each."""
        partitions = self.partitions
        no_decisions: tuple[Decision | None, ...] = (None,) * len(self._policies)
        joined = decided = 0
        waiting = self.in_order()
        waiting.reverse()
        while waiting:
            ordered = waiting.pop()
            joins, decisions = partitions.apply(ordered)
            if decisions[0] is None:
                joined += 1
            else:
                decided += 1
                for decision in decisions:
                    if decision is not None:
                        decision.as_of = UNSET
            yield Step(ordered.event, decisions, joins, ordered)
            for share, receivers in partitions.shared:
                yield Step(share, no_decisions, receivers, ordered)
        self.counts.joined, self.counts.decided = joined, decided
        first = [by_policy[0] for by_policy in self.joins.values()]
        self.counts.contradictions = sum([each.contradictions for each in first], Counter())

    def lists(self) -> Iterator[SuppressionList]:
        """The final list of every person with evidence, by partition and then by person.

        One without entries or grants, which is a tombstone on the topic, has empty ones here.
        """
        for _, current in self.lists_by_partition(0):
            yield current

    def lists_by_partition(self, number: int) -> Iterator[tuple[int, SuppressionList]]:
        """The lists under a policy, by its number, each with its partition."""
        newest = newest_of(self._others)
        for partition in sorted(self.joins):
            join = self.joins[partition][number]
            reached = newest.get(partition)
            if reached is not None:
                join.newest = reached if join.newest is None else max(join.newest, reached)
            for user_id in join.persons:
                join.review(user_id)
            for user_id, person, current in sorted(join.prepare(), key=itemgetter(0)):
                counting = person.counting(join.policy)
                if counting:
                    yield partition, current or _empty_list(user_id, counting.newest, join.policy)
        self.counts.forgotten = sum([each[0].forgotten for each in self.joins.values()], Counter())

    def _event(self, topic: "_Topic", record: RecordedRecord) -> Input | None:
        """The input in a valid record of these persons; records without one are counted."""
        key = record.key
        owner = None if topic.may_state else key  # a statement's key may be the other id
        if owner is not None and not self._has_all and not self._persons.holds(owner):
            return None
        is_counted_here = owner is not None or self._is_first
        event: Input | None
        try:
            if topic.reader is None:
                event = decode(topic.name, key, record.value, record.timestamp)
            else:
                event = topic.reader(key, record.value, record.timestamp, record.headers)
            if topic.may_state and event is not None:
                event = self._blocking.left_of(event)
            elif isinstance(event, Share):
                require_readable(event)
        except InvalidRecord as error:
            if is_counted_here:
                topic.records += 1
                self.counts.dead[error.code] += 1
            return None
        if event is None:
            if is_counted_here:
                self.counts.ignored[topic.name] += 1
            return None
        if owner is None and not self._has_all and not self._persons.holds(event.user_id.encode()):
            return None
        topic.records += 1
        return event

    def _observe(self, format_name: str, notes: Sequence[Note]) -> None:
        self._format, self._notes = format_name, notes

    def _product(self, record: RecordedRecord) -> None:
        counts = self.counts if self._is_first else BacktestCounts()
        if record.topic != "catalog":
            counts.ignored[record.topic] += 1
            return
        counts.records["catalog"] += 1
        try:
            product_id, product = decode_product(record.key, record.value)
        except InvalidRecord as error:
            counts.dead[error.code] += 1
            return
        self.catalog.put(product_id, product)
        counts.products += 1


@final
class _Topic:
    """How the records of a topic are read, and how many there were of these persons."""

    def __init__(self, name: str, reader: Reader | None, may_state: bool) -> None:
        self.name = name
        self.reader = reader
        """Of another format than Unhaunt's own."""
        self.may_state = may_state
        """Whether they may hold statements about ids."""
        self.records = 0


def _has_statements(record: Input) -> bool:
    return any(type(each) is Identity for each in events_of(record))


def _show(record: Input, observe: Observe) -> None:
    """Show the events of a record; a share reports nothing new."""
    if type(record) is EventGroup:
        for each in record.events:
            observe(each)
    elif type(record) is not Share:
        observe(record)


def _empty_list(user_id: str, ts: int, policy: Policy) -> SuppressionList:
    return SuppressionList(user_id, ts, policy.version, [], [])
