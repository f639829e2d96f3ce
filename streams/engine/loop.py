"""The engine of a worker: what lies between Faust's rebalances and the partitions' work.

One step fetches, aligns, hands batches to the agent, and takes a checkpoint when it is time. A
checkpoint is one transaction of output, changelog and offsets; only after it was committed does
the state go to disk, so that what is on disk is never ahead.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

from schemas.topics import RANKS
from streams.agents.catalog_reader import CatalogReader
from streams.engine.assignment import BROKER_SECONDS, Assignment
from streams.engine.batches import Batch, in_batches
from streams.engine.checkpoint.answer import answered
from streams.engine.checkpoint.output import Fenced, Output
from streams.engine.checkpoint.schedule import Pace
from streams.engine.dead_letter_limit import DeadLetterLimit
from streams.engine.partition import Partition
from streams.engine.process.garbage import Garbage
from streams.engine.process.unattended import log_failure, to_its_end
from streams.engine.state.progress import ANOTHER_TOPIC
from streams.engine.state.restore import Interrupted, Restore
from streams.engine.state.standby import Standby
from streams.engine.telemetry.counts import Counts
from streams.engine.telemetry.liveness import Pulse
from streams.engine.telemetry.tracing import Trace, untraced
from streams.errors import UserError
from streams.kafka.group_metadata import Membership
from streams.kafka.registry.schema_registry import SchemaRegistry
from streams.settings import Settings
from streams.suppression.policy import Policy

logger = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
"""How long to wait for records when there is nothing else to do."""


class Engine:
    """The partitions that are assigned to this worker, and their checkpoints."""

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        topics: Mapping[str, str],
        partitions: int,
        catalog: CatalogReader,
        output: Output,
        registry: SchemaRegistry | None = None,
    ) -> None:
        """`topics` are the streams by the names of the topics that they are read from.

        `registry` has the schemas of the topics whose values are framed.
        """
        self.settings = settings
        self.policy = policy
        self.catalog = catalog
        self.output = output
        self.name = output.name
        self.membership: Membership | None = None
        """The generation in which partitions are held; None while none are."""
        self.start_offsets: dict[Any, int] = {}
        self.is_restored = False
        self.partitions: dict[int, Partition] = {}
        self.counts = Counts()
        self.pulse = Pulse()
        self.hand_over: Callable[[Batch], Any] | None = None
        """Gives a batch to the agent; set by the application."""
        self.trace: Trace = untraced
        self._topics = topics
        self._assignment = Assignment(
            settings, policy, topics, partitions, catalog, output, self.counts, registry
        )
        self._registry = registry
        self._lock = asyncio.Lock()
        self._restore: Restore | None = None
        self._standby: Standby | None = None
        self._committed: dict[tuple[str, int], int] = {}
        self._pace = Pace(settings, monotonic())
        self._garbage = Garbage(monotonic())
        self._dead_letter_limit = DeadLetterLimit(settings.dead_letter_percent, monotonic())
        self._suspended = asyncio.Event()

    # -- between an assignment and the first fetch

    async def restore(self, thread: Any) -> None:
        """Open and restore the partitions that the group has assigned to this worker."""
        restored = asyncio.create_task(self._restored(thread))
        try:
            await asyncio.shield(restored)
        except asyncio.CancelledError:
            # Another rebalance. The thread that restores has to end before its files are closed.
            self._cancel_restore()
            restored.add_done_callback(log_failure)
            raise

    async def _restored(self, thread: Any) -> None:
        async with self._lock:
            self.is_restored = False
            self._suspended.clear()
            self._restore = Restore(self.settings, BROKER_SECONDS, self.pulse)
            self.pulse.enter("restoring")
            self.counts.rebalances += 1
            watch = asyncio.create_task(_keep_alive(thread))
            try:
                assigned = await thread.call_thread(thread.assigned)
                opened = await asyncio.to_thread(self._assignment.open, assigned, self._restore)
                self.partitions, self.start_offsets, self._committed = opened
            except Interrupted:
                self.pulse.enter("joining")
                return
            finally:
                watch.cancel()
            self.is_restored = not self._suspended.is_set()
            if not self.is_restored:
                self._close()
                return
            self.pulse.enter("working", len(self.partitions))
            if spared := await thread.call_thread(thread.standbys):
                self._standby = self._assignment.standby(spared)

    def _cancel_restore(self) -> None:
        self._suspended.set()
        if self._restore is not None:
            self._restore.cancel()

    # -- records

    async def step(self, thread: Any) -> None:
        """Fetch once, do what can be done, and commit it if it is time."""
        polled = await thread.call_thread(thread.poll, self._wanted(), self._patience())
        await to_its_end(self._advance(thread, polled))

    async def _advance(self, thread: Any, polled: Any) -> None:
        async with self._lock:
            if self._suspended.is_set():
                return
            self.pulse.beat()
            self.catalog.fetch()
            try:
                if self._registry is not None and not await self._know_schemas(thread, polled):
                    return
                self.catalog.take_in()
                self._add(polled)
                await self._work(thread)
                if self._checkpoint_is_due():
                    await self.checkpoint(thread)
            except Fenced as fenced:
                await self._given_up(thread, fenced)
        self._garbage.collect(monotonic())

    async def _given_up(self, thread: Any, fenced: Fenced) -> None:
        """Take back what the group did not take, and ask it for another assignment."""
        self._note(fenced)
        self.membership = None
        self._suspended.set()
        self._close()
        await thread.call_thread(thread.rejoin)

    async def _know_schemas(self, thread: Any, polled: Any) -> bool:
        """Have all schemas of what was fetched; False if its partitions were taken away before."""
        assert self._registry is not None, "there are values with schemas"
        unknown = self._registry.missing_in(polled.records, self._topics, self.catalog.fetched)
        if unknown and any(partition.is_changed for partition in self.partitions.values()):
            await self.checkpoint(thread)  # the registry may be away for longer than a transaction
        return await self._registry.know(unknown, self._suspended, self.pulse.beat)

    def _note(self, fenced: Fenced) -> None:
        logger.warning("the group has given this worker up: %s", fenced)
        self.counts.fenced += 1

    def _wanted(self) -> set[Any]:
        """The partitions of which more may be fetched.

        One of which nothing waits always may: it is such that the others wait for.
        """
        waiting_bytes = sum(partition.waiting_bytes for partition in self.partitions.values())
        has_room = waiting_bytes < self.settings.waiting_megabytes << 20
        most = self.settings.waiting_records if has_room else 1
        return {place for place in self.start_offsets if self._waiting(place) < most}

    def _waiting(self, place: Any) -> int:
        alignment = self.partitions[place.partition].alignment
        return len(alignment.streams[self._topics[place.topic]].waiting)

    def _patience(self) -> float:
        """For how many seconds a fetch may wait for records."""
        if not any(partition.is_changed for partition in self.partitions.values()):
            return IDLE_SECONDS
        return self._pace.seconds_left(monotonic(), self._is_caught_up)

    def _add(self, polled: Any) -> None:
        self._require_the_same_topics(polled)
        for place, records in polled.records.items():
            self.partitions[place.partition].add(self._topics[place.topic], records)
        for place, position in polled.positions.items():
            name = self._topics[place.topic]
            stream = self.partitions[place.partition].alignment.stream(name, RANKS[name])
            stream.next_offset = max(stream.next_offset, position.next_offset)
            if position.known_end is not None and position.known_end >= 0:
                stream.known_end = position.known_end

    def _require_the_same_topics(self, polled: Any) -> None:
        """Refuse a topic that ends before what was read of it: aiokafka just begins it anew."""
        for place, position in polled.positions.items():
            streams = self.partitions[place.partition].alignment.streams
            expected = streams[self._topics[place.topic]].next_offset
            if position.next_offset < expected:
                raise UserError(
                    f"{place.topic}, partition {place.partition}: the group "
                    f"{self.settings.application} has read up to offset {expected}, but the topic "
                    f"ends before that: {ANOTHER_TOPIC}"
                )

    async def _work(self, thread: Any) -> None:
        """Hand over all that has its turn, with checkpoints in between if it is much."""
        for partition in self.partitions.values():
            taken = partition.alignment.take()
            for entries, size in in_batches(taken, self.settings.batch_records):
                batch = Batch(partition, entries)
                if not await self._handed_over(batch):
                    return
                self.pulse.beat()
                self.counts.batches.observe(len(entries))
                self._pace.add(len(entries), size)
                self.output.poll()
                if self._checkpoint_is_due():
                    await self.checkpoint(thread)
                    if self._suspended.is_set():
                        return
            partition.review()

    async def _handed_over(self, batch: Batch) -> bool:
        """Whether the agent has worked off a batch; a rebalance may take it out of its hands.

        Faust lets nothing into its channels during a rebalance and forgets what was in them, so
        neither handing over nor the end of the work can be waited for alone.
        """
        worked_off: asyncio.Future[Any] = asyncio.create_task(self._worked_off(batch))
        suspended: asyncio.Future[Any] = asyncio.create_task(self._suspended.wait())
        try:
            await asyncio.wait({worked_off, suspended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            suspended.cancel()
        if not worked_off.done():
            worked_off.cancel()
            batch.done.cancel()
            return False
        worked_off.result()
        return True

    async def _worked_off(self, batch: Batch) -> None:
        assert self.hand_over is not None, "the application tells where batches go"
        await self.hand_over(batch)
        await batch.done

    # -- another policy

    async def use(self, policy: Policy, thread: Any) -> None:
        """Read by another policy from one place in the order on, the same for all partitions.

        What came before that place is committed first. Raises as `checkpoint` does, but for
        `Fenced`.
        """
        await to_its_end(self._change_policy(policy, thread))

    async def _change_policy(self, policy: Policy, thread: Any) -> None:
        async with self._lock:
            self.policy = self._assignment.policy = policy
            try:
                if any(partition.is_changed for partition in self.partitions.values()):
                    await self.checkpoint(thread)
            except Fenced as fenced:
                await self._given_up(thread, fenced)
            for partition in self.partitions.values():
                partition.use(policy)

    # -- checkpoints

    def _checkpoint_is_due(self) -> bool:
        is_changed = any(partition.is_changed for partition in self.partitions.values())
        return is_changed and not self._pace.seconds_left(monotonic(), self._is_caught_up)

    @property
    def _is_caught_up(self) -> bool:
        """Whether all that the broker is known to hold has been fetched."""
        return all(
            stream.bound is None
            for partition in self.partitions.values()
            for stream in partition.alignment.streams.values()
        )

    async def checkpoint(self, thread: Any) -> None:
        """Commit everything since the last checkpoint, then write the state to disk.

        Raises `Fenced` when the group has given this worker up, `KafkaException` when the broker
        does not take it, and `TooManyDeadLetters` after it was taken.
        """
        if self.membership is not None:
            with self.trace("checkpoint", records=self._pace.records):
                await self._checkpoint(thread, self.membership)

    async def _checkpoint(self, thread: Any, membership: Membership) -> None:
        began = monotonic()
        changed = [partition for partition in self.partitions.values() if partition.is_changed]
        with self.trace("settle", partitions=len(changed)):
            for partition in changed:
                partition.settle()
        settling = monotonic() - began
        names = {name: topic for topic, name in self._topics.items()}
        offsets = {
            (names[name], partition.number): offset
            for partition in changed
            for name, offset in partition.offsets.items()
        }
        try:
            # Where nothing was taken the old offsets: only with offsets the membership is checked.
            await self._commit(thread, changed, offsets or self._committed, membership)
        except BaseException:
            self.membership = None  # what was sent is void, and would be missing in the next one
            raise
        self._committed |= offsets
        now = monotonic()
        self.pulse.beat()
        self.counts.checkpoints.observe(self._pace.records)
        self.counts.checkpoint_seconds.observe(now - began)
        self._pace.taken(now, settling)
        self._dead_letter_limit.check(self.counts, now)

    async def _commit(
        self,
        thread: Any,
        changed: Sequence[Partition],
        offsets: Mapping[tuple[str, int], int],
        membership: Membership,
    ) -> None:
        """Commit in the order that the guarantee asks for."""
        with self.trace("commit", guarantee=self.settings.guarantee):
            if self.settings.guarantee == "exactly_once":
                await answered(lambda: self.output.commit(offsets, membership), self.settings)
            else:
                await answered(self.output.flush, self.settings)
        with self.trace("store"):
            for partition in changed:
                partition.committed()
        if self.settings.guarantee == "at_least_once":
            await thread.call_thread(thread.commit_offsets, offsets)

    def give_up(self) -> None:
        """Commit nothing any more: what was done since the last checkpoint is done again."""
        self.membership = None
        self._cancel_restore()

    async def suspend(self, thread: Any) -> None:
        """Give all partitions back: a last checkpoint, then close the state."""
        self._cancel_restore()
        async with self._lock:
            try:
                if self.is_restored:
                    await self.checkpoint(thread)
            except Fenced as fenced:
                self._note(fenced)
            finally:
                self.membership = None
                self.is_restored = False
                self._close()
                if self._standby is not None:
                    await asyncio.to_thread(self._standby.stop)
                    self._standby = None

    def _close(self) -> None:
        for partition in self.partitions.values():
            partition.close()
        self.partitions = {}
        self.start_offsets = {}
        self.pulse.enter("joining")


async def _keep_alive(thread: Any) -> None:
    while True:
        await asyncio.sleep(1)
        await thread.call_thread(thread.keep_alive)
