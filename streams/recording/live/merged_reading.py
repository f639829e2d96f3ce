"""Reading several partitions as one, in the order of time.

The order is that in which a worker would take the records (SPEC 6), with the record's timestamp for
the event time: a partition's clock is the newest timestamp that it has shown, and a record's place
is its partition's clock, then the topic's rank (`line_order`) and the partition, then the offset.
So it depends on the records alone, not on how they were fetched, and `head` of a recording is its
beginning.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self

from streams.engine.alignment import BEFORE_EVERYTHING, OrderKey, PartitionGroup
from streams.errors import UserError
from streams.kafka.bounded_reading import READ_AT_ONCE, SECONDS
from streams.kafka.reader import Fetched, Fetching, RecordsDeleted, TopicReader
from streams.kafka.topic_partition import TopicPartition
from streams.recording.live.progress import Reached
from streams.settings import Settings

WAITING_BYTES: Final = 64 << 20
"""So much may be fetched and wait for its turn, shared equally by the partitions."""
QUEUE_KILOBYTES: Final = 16_384
"""So much may have been fetched that was not yet read."""
MESSAGE_BYTES: Final = 500
"""About what a record takes in memory beside its key and value."""
WAIT_SECONDS: Final = 0.1


class MergedReading:
    """The committed records of some partitions, as one. A context manager."""

    def __init__(
        self,
        settings: Settings,
        positions: Sequence[Reached],
        is_wanted: Callable[[str, Any], bool],
        *,
        goes_on: bool,
    ) -> None:
        """`is_wanted` is asked which messages of a topic, by its default name, are meant.

        `goes_on` does not stop where the partitions ended at the beginning, and waits only for
        what was there by then.
        """
        self._positions = positions
        self._is_wanted = is_wanted
        self._goes_on = goes_on
        self._group: PartitionGroup[Any] = PartitionGroup()
        self._streams = [
            self._group.queue(f"{reached.topic}/{reached.partition}", rank)
            for rank, reached in enumerate(positions)
        ]
        for stream, reached in zip(self._streams, positions, strict=True):
            stream.next_offset = reached.position
            stream.known_end = reached.end
            stream.clock = BEFORE_EVERYTHING if reached.clock is None else reached.clock
        self._clocks = [reached.clock for reached in positions]
        self._ready: deque[tuple[OrderKey, Any]] = deque()
        self._waiting = [0] * len(positions)
        self._paused = {rank for rank in range(len(positions)) if self._is_done(rank)}
        self._partitions = [
            TopicPartition(settings.topic(each.topic), each.partition) for each in positions
        ]
        self._ranks = {partition: rank for rank, partition in enumerate(self._partitions)}
        # While a broker waits for records of partitions that have no more, it sends none of those
        # that have.
        wait_ms = 100 if goes_on else 10
        self._reader = TopicReader(
            settings, Fetching(QUEUE_KILOBYTES, partition_bytes=262_144, wait_ms=wait_ms)
        )

    def __enter__(self) -> Self:
        # What is done with may have been deleted since, and to ask for it would be an error.
        self._reader.assign(
            {
                partition: self._positions[rank].position
                for rank, partition in enumerate(self._partitions)
                if rank not in self._paused
            }
        )
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.close()

    @property
    def is_at_end(self) -> bool:
        """Whether all that was there at the beginning has been fetched."""
        return all(stream.next_offset >= stream.known_end for stream in self._streams)

    def fetch(self) -> int:
        """Take in what has come, after waiting a little for it; returns how many offsets that is.

        Raises `KafkaException`, and `UserError` when the broker falls silent though it has more,
        or has deleted what was to be read.
        """
        try:
            fetched = self._reader.poll(READ_AT_ONCE, WAIT_SECONDS)
        except RecordsDeleted as deleted:
            topic, number = deleted.partition
            raise UserError(
                f"{topic}, partition {number}: records were deleted before they could be recorded, "
                "as the topic keeps them no longer. Begin a new recording later in the topic, by "
                "--from."
            ) from deleted
        passed = sum(
            self._add(self._ranks[partition], of_it) for partition, of_it in fetched.items()
        )
        if self._reader.silence > SECONDS and not self.is_at_end:
            raise UserError(f"The broker gave no more records for {SECONDS} seconds.")
        return passed

    def ready(self) -> Iterator[Any]:
        """The messages whose turn it is, in their order; fetched ones may have to wait."""
        self._ready.extend(self._group.pop_ready())
        while self._ready:
            (clock, rank, _), message = self._ready.popleft()
            self._clocks[rank] = clock
            self._waiting[rank] -= _size(message)
            yield message
        self._balance()

    def reached(self) -> list[Reached]:
        """How far it has come, once what `ready` has yielded is done with."""
        pending: dict[int, int] = {}
        for (_, rank, offset), _ in self._ready:
            pending.setdefault(rank, offset)
        for rank, stream in enumerate(self._streams):
            first = stream.waiting[0][0][2] if stream.waiting else stream.next_offset
            pending.setdefault(rank, first)
        return [
            Reached(each.topic, each.partition, pending[rank], each.end, self._clocks[rank])
            for rank, each in enumerate(self._positions)
        ]

    def _add(self, rank: int, fetched: Fetched) -> int:
        """Add what was fetched of a partition; returns how many offsets that is."""
        stream = self._streams[rank]
        before = stream.next_offset
        for message in fetched.records:
            self._add_record(rank, message)
        stream.next_offset = max(stream.next_offset, fetched.position)
        if not self._goes_on:
            stream.next_offset = min(stream.next_offset, stream.known_end)
        return stream.next_offset - before

    def _add_record(self, rank: int, message: Any) -> None:
        stream = self._streams[rank]
        offset = message.offset()
        is_beyond = offset >= stream.known_end and not self._goes_on
        if offset < stream.next_offset:
            return  # fetched again
        if not is_beyond and self._is_wanted(self._positions[rank].topic, message):
            stream.append(offset, message.timestamp()[1], message)
            self._waiting[rank] += _size(message)
        else:
            stream.next_offset = offset + 1

    def _is_done(self, rank: int) -> bool:
        stream = self._streams[rank]
        return not self._goes_on and stream.next_offset >= stream.known_end

    def _balance(self) -> None:
        """Fetch no more of partitions of which enough waits, or nothing is wanted any more."""
        share = WAITING_BYTES / len(self._positions)
        paused = set()
        for rank in range(len(self._positions)):
            enough = share / 2 if rank in self._paused else share
            if self._is_done(rank) or self._waiting[rank] > enough:
                paused.add(rank)
        if pausing := paused - self._paused:
            self._reader.pause([self._partitions[rank] for rank in pausing])
        if resuming := self._paused - paused:
            self._reader.resume([self._partitions[rank] for rank in resuming])
        self._paused = paused


def _size(message: Any) -> int:
    return MESSAGE_BYTES + len(message.key() or b"") + len(message.value() or b"")
