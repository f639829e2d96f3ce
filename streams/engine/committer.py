"""The checkpoints of a worker: one at a time, and while one is committed the work goes on.

So there are up to three layers of state: what is on disk, what is being committed (`Changes`), and
what was done since, which only the tasks have. The outputs of the last are held (`Outbox`). Where a
commit fails, what was done since is void with it.
"""

import asyncio
from collections.abc import Iterable
from time import monotonic

from streams.engine.assignment import Assignment
from streams.engine.checkpoint.checkpoint import take_checkpoint
from streams.engine.checkpoint.schedule import CheckpointSchedule
from streams.engine.context import EngineContext
from streams.engine.partition_processor import PartitionProcessor
from streams.engine.telemetry.tracing import Trace, untraced
from streams.kafka.topic_partition import TopicPartition


class Committer:
    """Takes the checkpoints of an assignment.

    Its methods are for one caller at a time. They raise, of the checkpoint that they wait for, what
    `take_checkpoint` does, and what the task supplier raises once it was taken.
    """

    def __init__(self, context: EngineContext, assignment: Assignment) -> None:
        self.schedule = CheckpointSchedule(context.settings, monotonic())
        self.trace: Trace = untraced
        self._context = context
        self._assignment = assignment
        self._under_way: asyncio.Task[None] | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether a checkpoint was prepared and is not on disk yet."""
        return self._under_way is not None and not self._under_way.done()

    async def begin(self) -> None:
        """Prepare a checkpoint of all that was done; its commit goes on by itself.

        Waits for the one before. Does nothing where none may be taken.
        """
        await self.finish()
        if self._assignment.may_commit:
            prepared = asyncio.Event()
            self._under_way = asyncio.create_task(self._checkpoint(prepared))
            await prepared.wait()
            await self.check()

    async def take(self) -> None:
        """Commit all that was done, and wait until it is on disk."""
        await self.begin()
        await self.finish()

    async def finish(self) -> None:
        """Wait until the checkpoint that is under way, if there is one, is on disk."""
        if self._under_way is not None:
            try:
                await asyncio.shield(self._under_way)
            finally:
                if self._under_way.done():
                    self._under_way = None

    async def check(self) -> None:
        """Raise what a checkpoint has failed with; waits for none."""
        if not self.is_under_way:
            await self.finish()

    async def _checkpoint(self, prepared: asyncio.Event) -> None:
        began = monotonic()
        assignment, context, records = self._assignment, self._context, self.schedule.records
        changed = [each for each in assignment.processors.values() if each.is_changed]
        offsets = self._offsets_of(changed)

        def go_on(preparing: float) -> None:
            self.schedule.prepared(monotonic(), preparing)
            prepared.set()

        try:
            with self.trace("checkpoint", records=records):
                committing = await take_checkpoint(
                    changed,
                    # Without any the old ones: only with offsets the membership is checked.
                    offsets or assignment.committed,
                    assignment.metadata,
                    context.strategy,
                    context.consumer,
                    self.trace,
                    go_on,
                )
        except BaseException:
            assignment.invalidate()
            raise
        finally:
            prepared.set()
        assignment.committed |= offsets
        self.schedule.committed(committing)
        context.liveness.beat()
        context.counts.checkpoints.observe(records)
        context.counts.checkpoint_seconds.observe(monotonic() - began)
        context.tasks.committed()

    def _offsets_of(self, changed: Iterable[PartitionProcessor]) -> dict[TopicPartition, int]:
        """The offsets that these partition groups have reached."""
        names = {stream: topic for topic, stream in self._context.topics.items()}
        return {
            TopicPartition(names[stream], processor.number): offset
            for processor in changed
            for stream, offset in processor.offsets.items()
        }
