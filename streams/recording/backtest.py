"""Backtest: the decisions and lists of a recording, without a broker (SPEC 6 and 8).

The same domain as the worker's, over the same order: so the outcome is what a worker emits that
was given this recording, with one catalog and one policy.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.records import Event
from schemas.topics import PERSON_TOPICS
from streams.engine.alignment import Alignment, Place
from streams.recording.files import RecordedRecord
from streams.recording.partitioning import partition_of
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.policy import Policy

REROUTED = "rerouted"
"""The stream of records that lay in another partition than the rest of their person's."""

RANKS = {topic: rank for rank, topic in enumerate((*PERSON_TOPICS, REROUTED))}


@dataclass(slots=True)
class Counts:
    """What became of every record: decided, joined, dead, rerouted first, or not an input."""

    records: Counter[str] = field(default_factory=Counter)
    decided: int = 0
    joined: int = 0
    rerouted: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    products: int = 0
    forgotten: Counter[str] = field(default_factory=Counter)
    """Facts by kind, dropped of persons of whom there were too many."""
    ignored: Counter[str] = field(default_factory=Counter)


class Backtest:
    """One run over a recording; afterwards `lists` and `counts` tell the rest."""

    def __init__(self, policy: Policy) -> None:
        self.counts = Counts()
        self._policy = policy
        self._catalog = Catalog()
        self.joins: dict[int, Join] = {}
        """The persons of each partition number."""
        self._groups: dict[int, Alignment[Event]] = {}
        self._valid = 0

    @property
    def persons(self) -> int:
        """How many persons have been heard of by evidence: at most so many lists there will be."""
        return sum(len(join.persons) for join in self.joins.values())

    def run(self, records: Iterable[RecordedRecord]) -> Iterator[dict[str, Any]]:
        """The decisions in order, without `as_of`, since two runs are to be compared."""
        self.read(records)
        for decision in self.steps():
            if decision is not None:
                yield decision

    def read(
        self, records: Iterable[RecordedRecord], observe: Callable[[Event], object] | None = None
    ) -> int:
        """Take in a recording; `steps` has as many steps as this returns.

        `observe` is called with each valid event, in the order of the lines.
        """
        self._groups = self._aligned(self._events(records), observe)
        self.joins = {partition: Join(self._policy, self._catalog) for partition in self._groups}
        return self._valid

    def steps(self) -> Iterator[dict[str, Any] | None]:
        """Take the events in their order; the decision of each that is a request, else None."""
        taken = [_taken(partition, group) for partition, group in self._groups.items()]
        for _, partition, event in heapq.merge(*taken, key=lambda entry: entry[0]):
            decision = self.joins[partition].take(event)
            if decision is None:
                self.counts.joined += 1
            else:
                self.counts.decided += 1
                del decision["as_of"]
            yield decision

    def lists(self) -> Iterator[dict[str, Any]]:
        """The final list of every person with evidence, by partition and then by person.

        One without entries or grants, which is a tombstone on the topic, has empty ones here.
        """
        self.counts.forgotten = sum((join.forgotten for join in self.joins.values()), Counter())
        for _, join in sorted(self.joins.items()):
            for user_id in sorted(join.persons):
                join.review(user_id)
            for user_id, person, standing in sorted(join.settle(), key=lambda settled: settled[0]):
                if person.evidence:
                    yield standing or {
                        "user_id": user_id,
                        "ts": person.evidence.newest,
                        "policy": self._policy.version,
                        "granted": [],
                        "entries": [],
                    }

    def _events(self, records: Iterable[RecordedRecord]) -> Iterator[tuple[RecordedRecord, Event]]:
        """The valid records of the person topics; the catalog's are taken in at once."""
        counts = self.counts
        for record in records:
            topic = record.topic
            if topic not in PERSON_TOPICS and topic != "catalog":
                counts.ignored[topic] += 1
                continue
            counts.records[topic] += 1
            try:
                if topic == "catalog":
                    self._catalog.put(*decode_product(record.key, record.value))
                    counts.products += 1
                else:
                    yield record, decode(topic, record.key, record.value, record.timestamp)
            except InvalidRecord as error:
                counts.dead[error.code] += 1

    def _aligned(
        self,
        events: Iterable[tuple[RecordedRecord, Event]],
        observe: Callable[[Event], object] | None,
    ) -> dict[int, Alignment[Event]]:
        """The records by partition number, aligned, each person's in one of them."""
        by_stream: dict[tuple[int, str], list[tuple[int, Event]]] = defaultdict(list)
        partitions: dict[str, set[int]] = defaultdict(set)
        for record, event in events:
            by_stream[record.partition, record.topic].append((record.offset, event))
            partitions[event.user_id].add(record.partition)
            self._valid += 1
            if observe is not None:
                observe(event)
        homes = _homes(partitions)
        groups: dict[int, Alignment[Event]] = defaultdict(Alignment)
        for (partition, topic), stream in sorted(by_stream.items(), key=lambda item: item[0]):
            stream.sort(key=lambda entry: entry[0])
            target = groups[partition].stream(topic, RANKS[topic])
            for offset, event in stream:
                if homes.get(event.user_id, partition) == partition:
                    target.add(offset, event.ts, event)
        if homes:
            self._reroute(by_stream, homes, groups)
        return dict(sorted(groups.items()))

    def _reroute(
        self,
        by_stream: dict[tuple[int, str], list[tuple[int, Event]]],
        homes: dict[str, int],
        groups: dict[int, Alignment[Event]],
    ) -> None:
        """Bring misplaced records to their person's partition, in the order of their times."""
        misplaced: dict[int, list[tuple[Place, Event]]] = defaultdict(list)
        for (partition, topic), stream in by_stream.items():
            for offset, event in stream:
                home = homes.get(event.user_id, partition)
                if home != partition:
                    misplaced[home].append(((event.ts, RANKS[topic], offset), event))
        for home, entries in misplaced.items():
            rerouted = groups[home].stream(REROUTED, RANKS[REROUTED])
            for offset, (_, event) in enumerate(sorted(entries, key=lambda entry: entry[0])):
                rerouted.add(offset, event.ts, event)
                self.counts.rerouted += 1


def _taken(
    partition: int, group: Alignment[Event]
) -> Iterator[tuple[tuple[float, int, int, int], int, Event]]:
    """The records of a group in their order, each with its place among all groups."""
    for (clock, rank, offset), event in group.take():
        yield (clock, rank, partition, offset), partition, event


def _homes(partitions: dict[str, set[int]]) -> dict[str, int]:
    """The partition of each person whose records lie in several, as Kafka's Java clients choose."""
    count = 1 + max((max(numbers) for numbers in partitions.values()), default=0)
    return {
        user_id: partition_of(user_id.encode(), count)
        for user_id, numbers in partitions.items()
        if len(numbers) > 1
    }
