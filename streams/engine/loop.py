"""The loop of a worker: poll, align, process, checkpoint.

A checkpoint is one transaction of output, changelog and offsets. The state goes to disk only after
it was committed, so what is on disk is never ahead. Meanwhile the loop goes on with what follows.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, Final

from streams.engine.alignment import RecordQueue
from streams.engine.assignment import Assignment, State
from streams.engine.checkpoint.exactly_once import Fenced
from streams.engine.committer import Committer
from streams.engine.context import EngineContext
from streams.engine.opening import PartitionOpener
from streams.engine.partition_processor import in_batches
from streams.engine.process.garbage import Garbage
from streams.engine.process.unattended import log_failure, shielded
from streams.engine.state.progress import ANOTHER_TOPIC
from streams.engine.state.restore import Interrupted
from streams.engine.state.standby import Standby
from streams.engine.task import Task, Waiting
from streams.errors import UserError
from streams.kafka.group_consumer import GroupConsumer, Polled
from streams.kafka.topic_partition import TopicPartition

logger = logging.getLogger(__name__)

IDLE_SECONDS: Final = 0.5
"""How long to wait for records when there is nothing else to do."""
BATCH_BYTES: Final = 16 << 20
"""So much input is processed at once at most, or else a single record."""


class Engine:
    """The work on the partitions that are assigned to this worker, and their checkpoints.

    Faust calls it: `restore` after an assignment, then `step` again and again, and `revoke` when
    the group revokes the partitions. A step that is cancelled still runs to its end.
    """

    def __init__(self, context: EngineContext) -> None:
        self.context = context
        self.name = context.strategy.producer.name
        """The name by which the group and the broker know this worker."""
        self.assignment = Assignment(context)
        self.committer = Committer(context, self.assignment)
        self._consumer = context.consumer
        self._opener = PartitionOpener(context)
        self._lock = asyncio.Lock()
        """Held by whoever opens, works on or closes partitions."""
        self._standby: Standby | None = None
        self._schedule = self.committer.schedule
        self._garbage = Garbage(monotonic())

    # -- the road of a batch

    async def step(self) -> None:
        """Fetch once, do what can be done, and commit it if it is time."""
        polled = await self._consumer.poll(self._fetchable(), self._poll_seconds())
        await shielded(self._advance(polled))

    async def _advance(self, polled: Polled) -> None:
        async with self._lock:
            try:
                await self.committer.check()
                if self.assignment.state is not State.RUNNING:
                    return
                self.context.liveness.beat()
                if await self._is_ready(polled):
                    self._align(polled)
                    await self._process_ready()
                    self._punctuate()
                    await self._checkpoint_if_due()
            except Fenced as fenced:
                await self._handle_fenced(fenced)
        self._garbage.collect(monotonic())

    async def _is_ready(self, polled: Polled) -> bool:
        """Whether all that decoding needs is there; False if partitions are revoked before."""
        interrupted, beat = self.assignment.interrupted, self.context.liveness.beat
        waiting = Waiting(self._checkpoint_if_changed, interrupted, beat)
        return await self.context.tasks.ready(polled, waiting)

    def _align(self, polled: Polled) -> None:
        """Queue the records that were fetched, and note up to where the broker holds more."""
        self._require_the_same_topics(polled)
        processors, topics = self.assignment.processors, self.context.topics
        for partition, records in polled.records.items():
            processors[partition.partition].add(topics[partition.topic], records)
        for partition, position in polled.positions.items():
            queue = self._queue_of(partition)
            queue.next_offset = max(queue.next_offset, position.next_offset)
            if position.known_end is not None and position.known_end >= 0:
                queue.known_end = position.known_end

    async def _process_ready(self) -> None:
        """Process all records whose turn it is, with checkpoints in between if they are many."""
        most = self.context.settings.batch_records
        for processor in self.assignment.processors.values():
            for batch, size in in_batches(processor.group.pop_ready(), most, BATCH_BYTES):
                processor.process(batch, size)
                self._schedule.add(monotonic(), len(batch), size)
                self.context.liveness.beat()
                self.context.counts.batches.observe(len(batch))
                self.context.strategy.producer.poll()
                await asyncio.sleep(0)  # for heartbeats, probes, and whoever revokes
                if self.assignment.state is not State.RUNNING:
                    return
                await self._checkpoint_if_due()
                if self.assignment.state is not State.RUNNING:
                    return

    def _punctuate(self) -> None:
        """Have the tasks do what is due, unless there is a checkpoint that they have to await."""
        if self.assignment.state is State.RUNNING and not self.committer.is_under_way:
            for processor in self.assignment.processors.values():
                processor.task.punctuate()

    def _require_the_same_topics(self, polled: Polled) -> None:
        """Refuse a topic that ends before what was read of it: aiokafka just begins it anew."""
        for partition, position in polled.positions.items():
            queue = self._queue_of(partition)
            if position.next_offset < queue.next_offset:
                raise UserError(
                    f"{partition.topic}, partition {partition.partition}: the group "
                    f"{self.context.settings.application} has read up to offset "
                    f"{queue.next_offset}, but the topic ends before that: {ANOTHER_TOPIC}"
                )

    def _fetchable(self) -> set[TopicPartition]:
        """The partitions of which more may be fetched.

        A partition without waiting records may always be fetched: the others may wait for it.
        """
        processors, settings = self.assignment.processors, self.context.settings
        waiting_bytes = sum(processor.waiting_bytes for processor in processors.values())
        has_room = waiting_bytes < settings.waiting_megabytes << 20
        most = settings.waiting_records if has_room else 1
        return {
            partition
            for partition in self.assignment.partitions
            if len(self._queue_of(partition).waiting) < most
        }

    def _queue_of(self, partition: TopicPartition) -> RecordQueue[Any]:
        """The records of a partition that wait for their turn."""
        processor = self.assignment.processors[partition.partition]
        return processor.queue(self.context.topics[partition.topic])

    def _poll_seconds(self) -> float:
        """For how many seconds a fetch may wait for records."""
        if not self.assignment.is_changed:
            return IDLE_SECONDS
        return self._schedule.seconds_left(monotonic(), self._is_caught_up)

    @property
    def _is_caught_up(self) -> bool:
        """Whether all that the broker is known to hold has been fetched."""
        return all(
            queue.bound is None
            for processor in self.assignment.processors.values()
            for queue in processor.group.queues.values()
        )

    # -- checkpoints

    async def checkpoint(self) -> None:
        """Commit everything since the last checkpoint, then write the state to disk.

        Does nothing where none may be taken. Raises as `take_checkpoint` does, and what the task
        supplier raises after the checkpoint was taken.
        """
        await self.committer.take()

    async def _checkpoint_if_due(self) -> None:
        is_changed = self.assignment.is_changed
        if is_changed and not self._schedule.seconds_left(monotonic(), self._is_caught_up):
            await self.committer.finish()
            self._punctuate()
            await self.committer.begin()

    async def _checkpoint_if_changed(self) -> None:
        await self.committer.finish()
        if self.assignment.is_changed:
            await self.checkpoint()

    async def between_checkpoints(self, change: Callable[[Iterable[Task]], None]) -> None:
        """Change something of all tasks at one point in time, the same for all partitions.

        What was processed before it is committed first. Raises as `checkpoint` does, but for
        `Fenced`.
        """
        await shielded(self._between_checkpoints(change))

    async def _between_checkpoints(self, change: Callable[[Iterable[Task]], None]) -> None:
        async with self._lock:
            try:
                await self._checkpoint_if_changed()
            except Fenced as fenced:
                await self._handle_fenced(fenced)
            change([processor.task for processor in self.assignment.processors.values()])

    # -- the life of an assignment

    async def restore(self) -> None:
        """Open and restore the partitions that the group has assigned to this worker."""
        restored = asyncio.create_task(self._open_assigned())
        try:
            await asyncio.shield(restored)
        except asyncio.CancelledError:
            # Another rebalance. The thread that restores has to end before its files are closed.
            self.assignment.revoke()
            restored.add_done_callback(log_failure)
            raise

    async def _open_assigned(self) -> None:
        async with self._lock:
            restore = self.assignment.begin_restore()
            self.context.counts.rebalances += 1
            watch = asyncio.create_task(_keep_alive(self._consumer))
            try:
                assigned = await self._consumer.assigned()
                opened = await asyncio.to_thread(self._opener.open, assigned.partitions, restore)
            except Interrupted:
                self.assignment.close()
                return
            finally:
                watch.cancel()
            is_running = self.assignment.run(opened, assigned.metadata)
            if is_running and (spared := await self._consumer.standbys()):
                self._standby = self._opener.standby(spared)

    async def revoke(self) -> None:
        """Give all partitions back: a last checkpoint, then close the state."""
        self.assignment.revoke()
        async with self._lock:
            try:
                await self.checkpoint()
            except Fenced as fenced:
                self._count_fenced(fenced)
            finally:
                self.assignment.close()
                if self._standby is not None:
                    await asyncio.to_thread(self._standby.stop)
                    self._standby = None

    def give_up(self) -> None:
        """Commit nothing any more: what was done since the last checkpoint is done again."""
        self.assignment.invalidate()

    async def _handle_fenced(self, fenced: Fenced) -> None:
        """Drop what the group has refused, and ask it for another assignment."""
        self._count_fenced(fenced)
        self.assignment.invalidate()
        self.assignment.close_partitions()
        await self._consumer.rejoin()

    def _count_fenced(self, fenced: Fenced) -> None:
        logger.warning("the group has given this worker up: %s", fenced)
        self.context.counts.fenced += 1


async def _keep_alive(consumer: GroupConsumer) -> None:
    while True:
        await asyncio.sleep(1)
        await consumer.keep_alive()
