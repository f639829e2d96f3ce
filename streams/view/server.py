"""The server of a view: HTTP by aiohttp, until somebody stops it or the view has ended."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

import uvloop

from streams.engine.process.garbage import Garbage
from streams.monitoring.connections import Limits, Server
from streams.monitoring.http_port import answering
from streams.view.service import Service

logger = logging.getLogger(__name__)

LARGEST_BODY: Final = 4 << 20
"""Bytes of a batch."""
LOOK_SECONDS: Final = 1.0


def serve(service: Service, listener: socket.socket) -> None:
    """Answer there until stopped. Raises what ends the view.

    A view that follows topics is one that has been opened.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(service, listener))
    if service.view.failure is not None:
        raise service.view.failure


async def _serve(service: Service, listener: socket.socket) -> None:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with served(service, listener):
        scheme = "http" if service.access.tls is None else "https"
        logger.info("answers at %s://%s:%d", scheme, *listener.getsockname()[:2])
        looking = asyncio.create_task(_look_after(service, stopping))
        await stopping.wait()
        looking.cancel()


@asynccontextmanager
async def served(service: Service, listener: socket.socket) -> AsyncIterator[None]:
    """Answer while the block runs."""
    settings = service.settings
    limits = Limits(settings.connections, settings.request_seconds)
    server = Server(service, limits, service.counts.connections, LARGEST_BODY)
    async with answering(server, listener, service.access.tls):
        yield


async def _look_after(service: Service, stopping: asyncio.Event) -> None:
    """Collect garbage when it suits, see whether tokens and certificate have changed, and stop
    answering when the view has ended: somebody should start it again, or see why.
    """
    view, garbage, is_settled = service.view, Garbage(monotonic()), False
    while view.failure is None:
        if view.is_caught_up and not is_settled:
            is_settled = True
            gc.freeze()  # modules and catalog are no garbage, and take long to look at
        garbage.collect(monotonic())
        service.access.look()
        await asyncio.sleep(LOOK_SECONDS)
    stopping.set()
