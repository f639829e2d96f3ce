"""Faust's consumer without its per-event path: records cross to the engine in bulk.

Faust keeps what it is good at: membership of the group, the assignor that gives one worker the
same partition number of every topic, the order of a rebalance, supervision. Offsets are committed
by the engine, so every way in which Faust would commit them is closed.
"""

import asyncio
import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any

import aiokafka
import aiokafka.errors
from aiokafka import TopicPartition as AiokafkaPartition
from aiokafka.structs import OffsetAndMetadata
from confluent_kafka import KafkaException
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.transport.drivers import aiokafka as driver

from streams.engine.assignment import State
from streams.engine.fetch_pace import BUSY, FetchPace, Gathering
from streams.engine.process.instance_lock import InstanceLock
from streams.errors import UserError
from streams.kafka.group_consumer import Assigned, Polled, Position
from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.offset_metadata import signature
from streams.kafka.security import for_aiokafka
from streams.kafka.topic_partition import TopicPartition

logger = logging.getLogger(__name__)

FETCH_BYTES = 2 * 1_048_576
"""For one partition: more than the largest value that is no dead letter."""
FETCH_RECORDS = 10_000
LEAVE_SECONDS = 5
"""A broker may take a minute to answer a worker that joins, and one that is gone never does."""


class Namesake(UserError, aiokafka.errors.KafkaError):  # type: ignore[misc]
    """Another worker has this one's name, and its place; of a kind that aiokafka hands out."""

    __str__ = Exception.__str__


class Listener(driver.ConsumerRebalanceListener):  # type: ignore[misc]
    """Runs in the consumer's thread, before Faust hears of an assignment."""

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Pause fetching, and keep the group metadata that checkpoints need.

        They are read here and not at the checkpoint: by then the coordinator may have been reset,
        and a transaction without a generation is not fenced.
        """
        consumer = self._thread._consumer
        consumer.pause(*assigned)
        self._thread.pace = FetchPace(monotonic())
        let_gather(consumer, BUSY)
        coordinator = consumer._coordinator
        settings = self._thread.app.engine.context.settings
        self._thread.metadata = GroupMetadata(
            settings.application,
            coordinator.generation,
            coordinator.member_id,
            settings.instance or None,
        )
        self._thread.app.lock.note(coordinator.member_id)
        await super().on_partitions_assigned(assigned)


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread of the aiokafka consumer, and the only code that touches it."""

    metadata: GroupMetadata | None = None
    """The group metadata of the last assignment."""
    pace: FetchPace
    """Begins with each assignment."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        conf = self.app.conf
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            client_id=self.app.engine.name,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=FETCH_BYTES,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            **for_aiokafka(self.app.engine.context.settings.kafka),
        )

    async def on_start(self) -> None:
        """Start the consumer, which joins the group only when it is its turn."""
        await super().on_start()
        coordinator, lock = self._consumer._coordinator, self.app.lock
        join, is_first = coordinator._do_rejoin_group, True

        async def join_in_turn(subscription: Any) -> Any:
            nonlocal is_first
            # Before the first time its turn was awaited; and who is still a member has a place.
            if not is_first and not coordinator.member_id and not await _is_its_turn(lock):
                return False
            is_first = False
            try:
                return await join(subscription)
            except aiokafka.errors.KafkaError:
                lock.note(coordinator.member_id)
                if not await _is_replaced(lock):
                    raise
                coordinator.reset_generation()  # another has joined in its place meanwhile
                return False

        coordinator._do_rejoin_group = join_in_turn

    async def poll(self, partitions: set[TopicPartition], seconds: float) -> Polled:
        """What was fetched, with the positions of the same moment."""
        consumer = self._consumer
        consumer._coordinator.check_errors()
        records: Mapping[Any, list[Any]] = {}
        if partitions:
            records = await self._fetch_records(
                consumer, partitions, timeout=seconds, max_records=FETCH_RECORDS
            )
        else:  # aiokafka would read an empty set as all of them
            await asyncio.sleep(seconds)
        assignment = consumer._subscription.subscription.assignment
        positions = {}
        for partition in assignment.tps if assignment else ():
            state = assignment.state_value(partition)
            if state._position is not None:
                positions[partition] = Position(state._position, state.lso)
        now = monotonic()
        if records or not partitions:  # without any it is not the brokers that have nothing
            self.pace.hear(now)
        let_gather(consumer, self.pace.gathering(now))
        return Polled(records or {}, positions)

    async def assigned(self) -> Assigned:
        """The assignment that holds now."""
        assert self.metadata is not None, "partitions were assigned"
        return Assigned(frozenset(self._consumer.assignment()), self.metadata)

    async def standbys(self) -> set[int]:
        """The numbers of the partitions that the group wants kept warm here for others."""
        return {each.partition for each in self._assignor.assigned_standbys()}

    async def start_at(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Go to these offsets, and fetch from there."""
        for partition, offset in offsets.items():
            self._consumer.seek(partition, offset)
        self._consumer.resume(*offsets)

    async def commit_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit offsets outside of a transaction."""
        signed = signature(self.app.engine.name)
        await self._consumer.commit(
            {
                AiokafkaPartition(*partition): OffsetAndMetadata(offset, signed)
                for partition, offset in offsets.items()
            }
        )

    async def check(self) -> bool:
        """Whether the group's coordinator answers.

        Raises what keeps this worker out of the group, which aiokafka raises only when it is asked.
        """
        coordinator = self._consumer._coordinator
        coordinator.check_errors()
        return coordinator.coordinator_id is not None

    async def rejoin(self) -> None:
        """Have the group assign anew, even if it does not know that it must."""
        self._consumer._coordinator.request_rejoin()

    async def keep_alive(self) -> None:
        """Count as polling during a long restore, or the group would consider this worker stuck."""
        with self._consumer._subscription.fetch_context():
            pass

    def close(self) -> None:
        """Do nothing: the thread closes the consumer at its end, on the loop that it belongs to."""

    async def on_thread_stop(self) -> None:
        """Leave the group, if the broker lets us in time.

        Whatever happens to it, the thread has to end in order: the worker waits for that.
        """
        try:
            await asyncio.wait_for(super().on_thread_stop(), LEAVE_SECONDS)
        except (TimeoutError, asyncio.CancelledError):  # aiokafka lets out its tasks' cancellation
            logger.warning("the worker could not leave the group: the broker did not answer")


def let_gather(consumer: aiokafka.AIOKafkaConsumer, gathering: Gathering) -> None:
    """Have brokers answer the next fetches so; aiokafka has it as a setting of its start only."""
    fetcher = consumer._fetcher
    fetcher._fetch_min_bytes = gathering.least_bytes
    fetcher._fetch_max_wait_ms = gathering.milliseconds


async def _is_its_turn(lock: InstanceLock) -> bool:
    """Wait until nobody else in the group has this worker's name; False when no broker tells.

    Raises `Namesake` where somebody keeps it.
    """
    try:
        await asyncio.to_thread(lock.await_its_turn)
    except UserError as error:
        raise Namesake(str(error)) from error
    except KafkaException:
        return False
    return True


async def _is_replaced(lock: InstanceLock) -> bool:
    """Whether somebody else in the group has this worker's name, as far as a broker tells."""
    try:
        return await asyncio.to_thread(lock.has_namesake)
    except KafkaException:
        return False


class FaustGroupConsumer:
    """Faust's consumer as the engine's `GroupConsumer`: each call crosses to its thread."""

    def __init__(self, app: Any) -> None:
        """`app` is Faust's; its consumer need not be there before the first call."""
        self._app = app

    @property
    def _thread(self) -> Any:
        return self._app.consumer._thread

    async def poll(self, partitions: set[TopicPartition], seconds: float) -> Polled:
        """See `GroupConsumer`, as for all else here."""
        polled: Polled = await self._thread.call_thread(self._thread.poll, partitions, seconds)
        return polled

    async def assigned(self) -> Assigned:
        """The assignment that holds now."""
        assigned: Assigned = await self._thread.call_thread(self._thread.assigned)
        return assigned

    async def standbys(self) -> set[int]:
        """The numbers of the partitions that the group wants kept warm here for others."""
        numbers: set[int] = await self._thread.call_thread(self._thread.standbys)
        return numbers

    async def commit_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit offsets outside of a transaction."""
        await self._thread.call_thread(self._thread.commit_offsets, offsets)

    async def rejoin(self) -> None:
        """Have the group assign anew, even if it does not know that it must."""
        await self._thread.call_thread(self._thread.rejoin)

    async def keep_alive(self) -> None:
        """Count as polling during a long restore, or the group would consider this worker stuck."""
        await self._thread.call_thread(self._thread.keep_alive)

    async def hears_group(self) -> bool | None:
        """Whether the group's coordinator answers; None before there is one.

        Raises what keeps this worker out of the group, which aiokafka raises only when it is asked.
        """
        thread = self._thread
        if thread is None or thread._consumer is None or not thread._consumer._coordinator:
            return None
        hears: bool = await thread.call_thread(thread.check)
        return hears


class BulkConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer service; its fetcher runs the engine's loop."""

    RebalanceListener = Listener

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def commit(self, *_: Any, **__: Any) -> bool:
        """Do nothing: offsets are part of the engine's checkpoints."""
        return False

    async def perform_seek(self) -> None:
        """Seek to where the engine starts; it found that when it restored the state."""
        await self._thread.call_thread(self._thread.start_at, self.app.engine.assignment.partitions)

    async def verify_all_partitions_active(self) -> None:
        """Do nothing: a partition may wait for as long as alignment needs."""

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                if self.flow_active:
                    await self._step()
                else:
                    await self.wait(self.can_resume_flow)
        except (asyncio.CancelledError, aiokafka.errors.ConsumerStoppedError):
            if not self.app.should_stop:
                raise

    async def _step(self) -> None:
        try:
            await self.app.engine.step()
        except aiokafka.errors.ConsumerStoppedError:
            raise
        except Exception as error:
            self.app.fail(error)
            await self.wait_for_stopped()


class Transport(driver.Transport):  # type: ignore[misc]
    """Faust's aiokafka transport with the consumer of this module."""

    Consumer = BulkConsumer


class EngineRecovery(Recovery):  # type: ignore[misc]
    """Lets the engine restore the state between an assignment and the first fetch.

    It runs beside the rebalance and not inside of it, so heartbeats go on meanwhile.
    """

    async def _resume_streams(self, generation_id: int = 0) -> None:
        try:
            await self._wait(self.app.engine.restore())
        except (RebalanceAgain, ServiceStopped):
            raise
        except Exception as error:
            self.app.fail(error)
            raise ServiceStopped from error
        if self.app.engine.assignment.state is not State.RUNNING:
            raise RebalanceAgain
        await super()._resume_streams(generation_id)


class EngineTables(TableManager):  # type: ignore[misc]
    """Faust's tables, of which there are none, with the recovery of this module."""

    _recovery: EngineRecovery | None

    @property
    def recovery(self) -> EngineRecovery:
        """The recovery service."""
        if self._recovery is None:
            self._recovery = EngineRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
