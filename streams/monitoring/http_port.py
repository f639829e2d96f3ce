"""The HTTP port of a worker or a unit: health and metrics, to be read, and nothing else."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Final, Protocol

import msgspec
from aiohttp import web

from streams.errors import UserError
from streams.monitoring.connections import SERVER, ConnectionCounts, Limits, Server
from streams.monitoring.health import CHECKS, Check
from streams.monitoring.metrics.exposition import Exposition
from streams.settings import Settings

STOP_SECONDS: Final = 1.0
"""How long an answer that has begun may still take when the port is closed."""
_HEADERS: Final = {"Server": SERVER}


class Status(Protocol):
    """Answers health checks and scrapes."""

    async def check(self, name: str) -> Check:
        """The answer to one of `CHECKS`."""

    async def metrics(self, accept: str) -> Exposition:
        """All metrics, in the form that an Accept header asks for."""


def listener_of(settings: Settings) -> socket.socket | None:
    """The address to answer at, as the settings say; None where they say nowhere.

    Raises `UserError` when that cannot be done.
    """
    host, port = settings.http_host, settings.http_port
    if not port:
        return None
    try:
        return bind(host, port)
    except OSError as error:
        raise UserError(
            f"UNHAUNT_HTTP_HOST={host}, UNHAUNT_HTTP_PORT={port}: cannot listen there: "
            f"{error.strerror}. Each worker of a machine needs a port of its own, and 0 is for "
            "none."
        ) from error


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; on any free port if that is 0. Raises `OSError`."""
    listener = bind(host, port)
    listener.listen()
    return listener


def bind(host: str, port: int) -> socket.socket:
    """Have an address to oneself, where connections are refused until it is served.

    Raises `OSError`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


@asynccontextmanager
async def served(status: Status, listener: socket.socket | None) -> AsyncIterator[None]:
    """Answer while the block runs; not at all without a listener."""
    if listener is None:
        yield
        return
    async with answering(Server(_answers(status), Limits(), ConnectionCounts()), listener):
        yield


@asynccontextmanager
async def answering(
    server: Server, listener: socket.socket, tls: SSLContext | None = None
) -> AsyncIterator[None]:
    """Let a server answer while the block runs, and end what it has begun."""
    accepting = await asyncio.get_running_loop().create_server(
        server,
        sock=listener,
        ssl=tls,
        ssl_handshake_timeout=None if tls is None else server.limits.request_seconds,
    )
    looking = asyncio.create_task(server.look_after())
    try:
        yield
    finally:
        looking.cancel()
        accepting.close()
        await asyncio.sleep(0)  # what was accepted in this moment is to be known
        server.pre_shutdown()
        await server.shutdown(STOP_SECONDS)


def _answers(status: Status) -> Callable[[web.BaseRequest], Awaitable[web.Response]]:
    async def answer(request: web.BaseRequest) -> web.Response:
        name = request.path.removeprefix("/health/")
        is_check = name in CHECKS and name != request.path
        if not is_check and request.path != "/metrics":
            return web.Response(status=404, headers=_HEADERS)
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={**_HEADERS, "Allow": "GET, HEAD"})
        if not is_check:
            found = await status.metrics(request.headers.get("Accept", ""))
            return web.Response(
                body=found.body, headers={**_HEADERS, "Content-Type": found.content_type}
            )
        check = await status.check(name)
        return web.Response(
            status=200 if check.ok else 503,
            body=msgspec.json.encode(check) + b"\n",
            headers={**_HEADERS, "Content-Type": "application/json"},
        )

    return answer
