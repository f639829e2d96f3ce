"""One partition group at work: its order, its offsets, its state, and the task that uses them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from schemas.topics import RANKS, STREAMS
from streams.engine.alignment import (
    BEFORE_EVERYTHING,
    UNKNOWN_END,
    OrderKey,
    PartitionGroup,
    RecordQueue,
)
from streams.engine.context import EngineContext
from streams.engine.state.changes import Changes
from streams.engine.state.progress import progress_of
from streams.engine.state.store import PROGRESS, Store
from streams.engine.task import Item, Ordered, TaskContext


class PartitionProcessor:
    """Passes the records of a partition group to its task, and the task's changes to the store."""

    def __init__(
        self, number: int, store: Store, topic_ids: Mapping[str, str], context: EngineContext
    ) -> None:
        """`store` is restored; `topic_ids` are those of the topics by stream (KIP-516)."""
        self.number = number
        self.store = store
        self.group: PartitionGroup[tuple[Item, int]] = PartitionGroup()
        self.offsets: dict[str, int] = {}
        """The next offset of each stream of which records were processed and not prepared yet."""
        self.waiting_bytes = 0
        """Bytes in memory of the records that wait for their turn."""
        self._topic_ids = topic_ids
        self._counts = context.counts
        self._state_format = context.tasks.state_format
        progress = progress_of(store)
        self._included: dict[str, int] = {} if progress is None else progress["offsets"]
        """The offset of each stream before which the state includes all records."""
        self._clocks: dict[str, int] = {} if progress is None else progress["clocks"]
        for stream, clock in self._clocks.items():
            self.queue(stream).clock = clock
        send = context.strategy.producer.send
        self._changes = Changes(store, send, context.settings.changelog, number)
        self.task = context.tasks.create(
            TaskContext(number, context.partitions, store, self._changes, send, progress)
        )

    def queue(self, stream: str) -> RecordQueue[tuple[Item, int]]:
        """The records of a stream that wait for their turn."""
        return self.group.queue(stream, RANKS[stream])

    def start_at(self, stream: str, offset: int) -> None:
        """Set the offset at which a stream is read on; the next checkpoint stores it.

        The stream's end is known after the first fetch: what a broker lists may be out of date.
        """
        queue = self.queue(stream)
        queue.next_offset, queue.known_end = offset, UNKNOWN_END
        if self._included.get(stream) != offset:
            self.offsets[stream] = offset

    def add(self, stream: str, records: Sequence[Any]) -> None:
        """Let the next records of a stream, as they were fetched, wait for their turn."""
        queue = self.queue(stream)
        total = 0
        for offset, ts, item, size in self.task.decode(stream, records):
            queue.append(offset, ts, (item, size))
            total += size
        self.waiting_bytes += total

    def process(self, batch: Sequence[Ordered], size: int) -> None:
        """Have the task do its work on records whose turn it is; `size` is their sum in bytes."""
        self.task.process(batch)
        self.waiting_bytes -= size
        last: dict[int, OrderKey] = {key[1]: key for key, _ in batch}
        for rank, count in Counter([key[1] for key, _ in batch]).items():
            stream = STREAMS[rank]
            clock, _, offset = last[rank]
            self._counts.consumed[stream] += count
            self.offsets[stream] = offset + 1
            if clock != BEFORE_EVERYTHING:
                self._clocks[stream] = clock

    @property
    def is_changed(self) -> bool:
        """Whether there is anything that the next checkpoint has to commit."""
        return bool(self.offsets) or self.task.is_changed

    def prepare(self) -> None:
        """Send what changed since the last time, progress last."""
        self._included |= self.offsets
        self.offsets = {}
        self.task.prepare()
        progress = {
            "format": self._state_format,
            "topic_ids": self._topic_ids,
            "offsets": self._included,
            "clocks": self._clocks,
            **self.task.progress(),
        }
        self._changes.put_last(PROGRESS, orjson.dumps(progress))

    def store_changes(self) -> None:
        """Write to disk what was committed."""
        self._counts.changes += len(self._changes)
        self._changes.store()

    def committed(self) -> None:
        """Tell the task that what was prepared is committed and on disk."""
        self.task.committed()

    def close(self) -> None:
        """Close the state; what was not committed is gone."""
        self.task.close()
        self.store.close()


def in_batches(
    ready: Sequence[Ordered], most: int, most_bytes: int
) -> Iterable[tuple[Sequence[Ordered], int]]:
    """Cut into batches of so many records and bytes at most, each with its size in bytes.

    A record that is larger by itself is a batch of its own.
    """
    start, total = 0, 0
    for end, (_, (_, size)) in enumerate(ready):
        if end > start and (end - start == most or total + size > most_bytes):
            yield ready[start:end], total
            start, total = end, 0
        total += size
    if ready:
        yield ready[start:], total
