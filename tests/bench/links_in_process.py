"""What links cost in the domain: no broker, one core, processor time.

What ids share at a checkpoint reaches the others after it, as live.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from time import process_time
from typing import Final, NamedTuple

from schemas.records import Event, Share
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord
from tests.bench.domain import (
    Join,
    apply,
    checkpoint,
    decode_event,
    encode_decision,
    encode_list,
    encode_share,
    encode_state,
    put_off,
)

PARTITIONS: Final = 8
EVENTS: Final = 2_500
"""Of a checkpoint of all partitions together."""
PARTS: Final = ("receive", "apply", "checkpoint")

Sent = tuple[bytes, bytes]
"""Key and value of a share."""


class Cost(NamedTuple):
    """Microseconds of processor time an event, and shares an event."""

    receive: float
    """Reading shares, from bytes."""
    apply: float
    """With decisions as bytes, and what was shared with whom that is about."""
    checkpoint: float
    """Taking in what was shared with others, sharing, making lists and states, and writing all."""
    shares: float

    @property
    def total(self) -> float:
        """Of an event."""
        return self.receive + self.apply + self.checkpoint


class Partitions:
    """The joins of all partitions, and what is under way between them."""

    def __init__(self, joins: Sequence[Join]) -> None:
        self._joins = joins
        self._under_way: list[Sent] = []
        self._seconds: dict[str, float] = defaultdict(float)
        self._shares = 0

    def work_off(self, records: Iterable[RecordedRecord]) -> Cost:
        """What an event of these records costs, with what is shared for it."""
        events = 0
        self._seconds.clear()
        self._shares = 0
        for batch in batches(records):
            events += len(batch)
            self._checkpoint(batch)
        while self._under_way:
            self._checkpoint([])
        spent = {part: self._seconds[part] / events * 1e6 for part in PARTS}
        return Cost(**spent, shares=self._shares / events)

    def _checkpoint(self, batch: Sequence[tuple[int, Event]]) -> None:
        joins, seconds = self._joins, self._seconds
        shares, self._under_way = self._under_way, []
        began = process_time()
        for key, value in shares:
            put_off(joins[partition_of(key, len(joins))], key, value)
        received = process_time()
        for number, event in batch:
            decision = apply(joins[number], event)
            if decision is not None:
                encode_decision(decision)
        applied = process_time()
        for join in joins:
            for shared, (_, person, current) in checkpoint(join):
                self._under_way += [sent(share) for share in shared]
                if current is not None:
                    encode_list(current)
                encode_state(person)
        self._shares += len(self._under_way)
        times = [began, received, applied, process_time()]
        for part, begin, end in zip(PARTS, times, times[1:], strict=False):
            seconds[part] += end - begin


def sent(share: Share) -> Sent:
    """As it goes over its topic."""
    return share.user_id.encode(), encode_share(share)


def batches(records: Iterable[RecordedRecord]) -> Iterator[list[tuple[int, Event]]]:
    """The records as events with their partitions, so many at a time."""
    batch: list[tuple[int, Event]] = []
    for record in records:
        event = decode_event(record.topic, record.key, record.value, record.timestamp)
        batch.append((record.partition, event))
        if len(batch) == EVENTS:
            yield batch
            batch = []
    if batch:
        yield batch
