"""Running one worker: what it needs is there, it starts, works, and stops in order."""

import asyncio
import logging
import signal
from collections.abc import Mapping
from contextlib import suppress
from socket import socket

import mode

from streams.agents.catalog_reader import CatalogReader
from streams.app import Application, create_app
from streams.engine.checkpoint.output import output_of
from streams.engine.loop import Engine
from streams.engine.process.memory import use_few_arenas
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

    `topics` are the streams by the topics that they are read from, each with `partitions`. Where
    there is a `listener`, health and metrics are told there.
    """
    use_few_arenas()
    registry = registry_of(settings)
    catalog = CatalogReader(settings, Catalog(), registry=registry)
    try:
        catalog.load()
        logger.info("the catalog has %d products", len(catalog.catalog.products))
        asyncio.run(_run(settings, policy, topics, partitions, catalog, registry, listener))
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
) -> None:
    output = output_of(settings)
    engine = Engine(settings, policy.policy, topics, partitions, catalog, output, registry)
    status = WorkerStatus(engine)
    app = create_app(settings, engine, topics)
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
        asyncio.create_task(_watch_membership(app)),
        asyncio.create_task(_watch_policy(app, policy)),
        asyncio.create_task(status.watch_the_loop()),
    ]
    logger.info("worker starts: policy %s, state in %s", policy.policy.version, settings.folder)
    with traced(settings) as engine.trace:
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
    output.close()
    logger.info("worker stopped: %s", engine.counts)


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


async def _watch_membership(app: Application) -> None:
    """Notice what keeps the worker out of the group even while it fetches nothing."""
    while True:
        await asyncio.sleep(1)
        thread = app.consumer._thread
        if thread is None or thread._consumer is None or not thread._consumer._coordinator:
            continue
        try:
            app.engine.pulse.hears_group = await thread.call_thread(thread.check)
        except Exception as error:  # whatever it is, it stops the worker and is its last word
            app.fail(error)


async def _watch_policy(app: Application, file: PolicyFile) -> None:
    """Take another policy when its file changes, or is said to have changed by SIGHUP."""
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
                await app.engine.use(policy, app.consumer._thread)
        except PolicyError as error:
            app.engine.counts.policies_refused += 1
            log_refusal(before, error)
        except Exception as error:  # whatever it is, it stops the worker and is its last word
            app.fail(error)
        else:
            if policy is not None:
                log_change(before, policy)
            elif is_asked:
                logger.info("the policy stays %s: its file says nothing else", before.version)
