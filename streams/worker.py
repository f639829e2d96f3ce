"""Running one worker: what it needs is there, it starts, works, and stops in order."""

import asyncio
import logging
import signal
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from socket import socket

import mode

from streams.agents.catalog_reader import CatalogReader
from streams.agents.counts import SuppressCounts
from streams.agents.supplier import SuppressTasks
from streams.app import Application, create_app
from streams.engine.checkpoint.strategy import strategy_of
from streams.engine.context import EngineContext
from streams.engine.faust_consumer import FaustGroupConsumer
from streams.engine.loop import Engine
from streams.engine.process.instance_lock import InstanceLock
from streams.engine.process.memory import limit_arenas
from streams.engine.telemetry.counts import EngineCounts
from streams.kafka.registry.schema_registry import SchemaRegistry, registry_of
from streams.monitoring.http_port import served
from streams.monitoring.traces import traced
from streams.monitoring.worker_status import WorkerStatus
from streams.policy_file import PolicyFile, log_change, log_refusal
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.policy_document import PolicyError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often it is looked whether the policy file has changed."""


def run_worker(
    settings: Settings,
    policy: PolicyFile,
    topics: Mapping[str, str],
    partitions: int,
    listener: socket | None,
) -> None:
    """Run until the process is told to stop. Raises the error that stopped it otherwise.

    `topics` are the streams by the topics that they are read from, each with `partitions`. Health
    and metrics are served on the `listener`, if there is one.
    """
    limit_arenas()
    with InstanceLock(settings) as lock:
        registry = registry_of(settings)
        catalog = CatalogReader(settings, Catalog(), registry=registry)
        try:
            catalog.load()
            logger.info("the catalog has %d products", len(catalog.catalog.products))
            lock.await_its_turn()
            working = _run(settings, policy, topics, partitions, catalog, registry, listener, lock)
            asyncio.run(working)
        finally:
            catalog.close()


async def _run(
    settings: Settings,
    policy: PolicyFile,
    topics: Mapping[str, str],
    partitions: int,
    catalog: CatalogReader,
    registry: SchemaRegistry | None,
    listener: socket | None,
    lock: InstanceLock,
) -> None:
    tasks = SuppressTasks(settings, policy.policy, topics, catalog, registry)
    app = create_app(settings, topics)
    consumer, strategy = FaustGroupConsumer(app), strategy_of(settings)
    engine = Engine(EngineContext(settings, topics, partitions, tasks, consumer, strategy))
    app.engine = engine
    app.lock = lock
    status = WorkerStatus(engine, tasks)
    worker = mode.Worker(
        app,
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
        loop=asyncio.get_running_loop(),
    )
    failure = _stop_on_failure(app, worker)
    app.in_worker = True
    watches = [
        asyncio.create_task(_watch_membership(app, consumer)),
        asyncio.create_task(_watch_policy(app, tasks, policy)),
        asyncio.create_task(status.watch_the_loop()),
    ]
    logger.info("worker starts: policy %s, state in %s", policy.policy.version, settings.folder)
    with traced(settings) as engine.committer.trace:
        async with served(status, listener):
            try:
                await worker.start()
            finally:
                for watch in watches:
                    watch.cancel()
                # `start` returns when stopping begins, not when it has ended.
                await (worker._signal_stop_future or worker.stop())
    if failure.done():
        failure.result()
    if worker.crash_reason:
        raise worker.crash_reason
    strategy.producer.close()
    logger.info("worker stopped: %s", _in_words(engine.context.counts, tasks.counts))


def _stop_on_failure(app: Application, worker: mode.Worker) -> asyncio.Future[None]:
    """Let the app's first failure stop the worker in order; the future then holds it."""
    failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(error: BaseException) -> None:
        if not failure.done():
            failure.set_exception(error)
            app.engine.give_up()
            # Where it is put is where a signal's stop would be: there can be only one.
            if worker._signal_stop_future is None:
                worker._signal_stop_future = asyncio.create_task(worker.stop())

    app.fail = fail
    return failure


async def _watch_membership(app: Application, consumer: FaustGroupConsumer) -> None:
    """Notice what keeps the worker out of the group even while it fetches nothing."""
    while True:
        await asyncio.sleep(1)
        try:
            hears_group = await consumer.hears_group()
            if hears_group is not None:
                app.engine.context.liveness.hears_group = hears_group
        except Exception as error:  # whatever it is, it stops the worker and is its last word
            app.fail(error)


async def _watch_policy(app: Application, tasks: SuppressTasks, file: PolicyFile) -> None:
    """Use another policy when its file changes; SIGHUP has it looked at once."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), LOOK_SECONDS)
        is_asked = asked.is_set()
        asked.clear()
        before = file.policy
        try:
            policy = await asyncio.to_thread(file.look, is_complete=is_asked)
            if policy is not None:
                await app.engine.between_checkpoints(partial(tasks.use, policy))
        except PolicyError as error:
            tasks.counts.policies_refused += 1
            log_refusal(before, error)
        except Exception as error:  # whatever it is, it stops the worker and is its last word
            app.fail(error)
        else:
            if policy is not None:
                log_change(before, policy)
            elif is_asked:
                logger.info("the policy stays %s: its file says nothing else", before.version)


def _in_words(*counts: EngineCounts | SuppressCounts) -> str:
    """What was counted, as one: `Counts(consumed=…, …)`."""
    shown = [repr(each).partition("(")[2].removesuffix(")") for each in counts]
    return f"Counts({', '.join(shown)})"
