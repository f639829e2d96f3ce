"""An engine without a broker: the same loop, order, state and tasks, and topics that are lists.

What stands for Kafka is a consumer that is fed, and a producer whose records count once the engine
has committed them. The state is in RocksDB, in a folder that outlives the engine.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, Self

from schemas.topics import STREAMS
from streams.engine.checkpoint.outbox import Outbox, Output
from streams.engine.context import EngineContext
from streams.engine.loop import Engine
from streams.engine.opening import Opened
from streams.engine.partition_processor import PartitionProcessor
from streams.engine.state.progress import processed_offsets
from streams.engine.state.store import Memory, Store
from streams.engine.task import Task, TaskSupplier
from streams.kafka.group_consumer import Assigned, Polled, Position
from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings

METADATA = GroupMetadata("in-memory", 1, "member", None)


class Sent(NamedTuple):
    """A record that was sent."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Any


class InMemoryProducer(Outbox):
    """Keeps what is sent; the offsets of a topic are those of all its partitions together."""

    name = "in-memory"
    waiting = 0

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Sent] = []
        """Sent since the last commit."""
        self.committed: list[Sent] = []

    def _produce(self, record: Output) -> None:
        *sent, on_delivery = record
        self.open.append(Sent(*sent))
        if on_delivery is not None:
            offset = len(self.committed) + len(self.open)
            on_delivery(None, SimpleNamespace(offset=lambda: offset))

    def poll(self) -> None: ...

    def close(self) -> None: ...


class InMemoryStrategy:
    """Commits by moving records from one list to the other."""

    name = "exactly_once"

    def __init__(self, producer: InMemoryProducer) -> None:
        self.producer = producer
        self.error: Exception | None = None
        """Raised by the next commits instead."""
        self.may_commit = asyncio.Event()
        """While it is cleared commits wait."""
        self.may_commit.set()
        self.offsets: dict[TopicPartition, int] = {}

    async def commit(self, offsets: Mapping[TopicPartition, int], _: GroupMetadata) -> None:
        await self.may_commit.wait()
        if self.error is not None:
            self.producer.open = []
            raise self.error
        self.producer.committed += self.producer.open
        self.producer.open = []
        self.offsets |= offsets

    async def acknowledge(self, offsets: Mapping[TopicPartition, int], consumer: Any) -> None: ...


class InMemoryConsumer:
    """Has all partitions, and hands out what it was fed."""

    def __init__(self, partitions: Iterable[TopicPartition]) -> None:
        self.partitions = frozenset(partitions)
        self.rejoins = 0
        self._records: dict[TopicPartition, list[Any]] = defaultdict(list)
        self._next: dict[TopicPartition, int] = {}

    def feed(self, partition: TopicPartition, records: Iterable[Any]) -> None:
        """Let the topic hold these records as well, with the offsets that they have."""
        self._records[partition] += records

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from an offset."""
        self._next[partition] = offset

    @property
    def is_drained(self) -> bool:
        """Whether everything has been handed out."""
        return not any(map(self._left, self.partitions))

    async def poll(self, partitions: set[TopicPartition], _: float) -> Polled:
        records = {each: left for each in partitions if (left := self._left(each))}
        for each, polled in records.items():
            self._next[each] = polled[-1].offset + 1
        return Polled(records, {each: self._position(each) for each in self.partitions})

    async def assigned(self) -> Assigned:
        return Assigned(self.partitions, METADATA)

    async def standbys(self) -> set[int]:
        return set()

    async def commit_offsets(self, offsets: Mapping[TopicPartition, int]) -> None: ...

    async def rejoin(self) -> None:
        self.rejoins += 1

    async def keep_alive(self) -> None: ...

    def _left(self, partition: TopicPartition) -> list[Any]:
        first = self._next.get(partition, 0)
        return [record for record in self._records[partition] if record.offset >= first]

    def _position(self, partition: TopicPartition) -> Position:
        records = self._records[partition]
        end = records[-1].offset + 1 if records else 0
        return Position(max(self._next.get(partition, 0), 0), end)


class InMemoryEngine:
    """An engine with its partitions assigned. A context manager that gives its folder free."""

    def __init__(
        self,
        tasks: TaskSupplier,
        folder: Path,
        settings: Settings | None = None,
        partitions: int = 1,
    ) -> None:
        """`folder` keeps the state; what it holds is gone on with."""
        self.tasks: Any = tasks
        self.settings = settings or Settings()
        self.producer = InMemoryProducer()
        self.strategy = InMemoryStrategy(self.producer)
        self.consumer = InMemoryConsumer(
            TopicPartition(stream, number) for stream in STREAMS for number in range(partitions)
        )
        topics = {stream: stream for stream in STREAMS}
        strategy: Any = self.strategy
        self.context = EngineContext(
            self.settings, topics, partitions, tasks, self.consumer, strategy
        )
        self.engine = Engine(self.context)
        self._folder = folder
        self._partitions = partitions
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.run(self._assign())
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.assignment.close()
        self._runner.close()

    async def _assign(self) -> None:
        assignment, memory = self.engine.assignment, Memory(1 << 20, 1 << 20)
        assignment.begin_restore()
        processors = {}
        for number in range(self._partitions):
            store = Store(self._folder / str(number), memory)
            offsets = processed_offsets(store)
            processors[number] = PartitionProcessor(number, store, {}, self.context)
            for stream in STREAMS:
                processors[number].start_at(stream, offsets.get(stream, 0))
                self.consumer.seek(TopicPartition(stream, number), offsets.get(stream, 0))
        starts = dict.fromkeys(self.consumer.partitions, 0)
        assert assignment.run(Opened(processors, starts), METADATA)

    def task(self, number: int = 0) -> Task:
        """The task of a partition group."""
        return self.engine.assignment.processors[number].task

    def feed(self, stream: str, *records: Any, number: int = 0) -> None:
        """Let a topic hold these records as well."""
        self.consumer.feed(TopicPartition(stream, number), records)

    def step(self) -> None:
        """Go through the loop once."""
        self._runner.run(self.engine.step())

    def process_all(self) -> None:
        """Process all that the topics hold, without a checkpoint unless one is due."""
        while True:
            self.step()
            groups = [each.group for each in self.engine.assignment.processors.values()]
            if self.consumer.is_drained and not any(group.waiting for group in groups):
                return

    def checkpoint(self) -> None:
        """Take a checkpoint."""
        self._runner.run(self.engine.checkpoint())

    def run(self) -> None:
        """Process all that the topics hold, and commit it."""
        self.process_all()
        self.checkpoint()

    def call(self, work: Any) -> Any:
        """Run a coroutine on the engine's event loop."""
        return self._runner.run(work)
