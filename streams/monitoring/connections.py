"""A server of HTTP by aiohttp whose connections nobody holds for ever, and which says no version.

aiohttp itself closes a connection that has been without a request for `keepalive_timeout`, but
bounds neither how many there are nor how long a request may take to come or an answer to go.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

logger = logging.getLogger(__name__)

SERVER: Final = "unhaunt"
IDLE_SECONDS: Final = 75.0
"""How long a connection may be without a request: longer than what load balancers keep one."""
LOOK_SECONDS: Final = 1.0
DRAIN_SECONDS: Final = 2.0
"""How long a request may still come that was answered before it was all there."""
STRANGERS_FAULT: Final = (ConnectionError, HttpProcessingError, RequestPayloadError)
"""What anybody can cause: it is no error of this program, and worth no traceback."""
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nServer: unhaunt\r\nRetry-After: 1\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class Limits(NamedTuple):
    """What a server's clients may take of it."""

    connections: int = 100
    """So many at a time."""
    request_seconds: float = 10.0
    """How long the head of a request may take to come, from its first byte, and then how long the
    answer may make no way."""


@dataclass(slots=True)
class ConnectionCounts:
    """What became of a server's connections."""

    open: int = 0
    """Those that there are."""
    closed: Counter[str] = field(default_factory=Counter)
    """Those that the server closed or refused to keep its limits, by why."""


class Server(web.Server):
    """Makes connections, and looks after those that there are."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        limits: Limits,
        counts: ConnectionCounts,
        largest_body: int = 0,
    ) -> None:
        """A body of more bytes is not read further, which is answered with 413."""
        super().__init__(handler, request_factory=self._request)
        self.counts = counts
        self.limits = limits
        self.open: set[Connection] = set()
        self._largest_body = largest_body
        self._clock = asyncio.get_running_loop()

    def __call__(self) -> "Connection":
        """A connection, for a transport."""
        return Connection(self, self._clock)

    def _request(
        self, message: Any, payload: Any, connection: Any, writer: Any, task: Any
    ) -> web.BaseRequest:
        cast(Connection, connection).begin()
        return web.BaseRequest(
            message,
            payload,
            connection,
            writer,
            task,
            self._clock,
            client_max_size=self._largest_body,
        )

    def has_room(self) -> bool:
        """Whether there may be one more: the one that is idle for longest is closed for it."""
        if len(self.open) < self.limits.connections:
            return True
        idle = [each for each in self.open if each.idle_since is not None]
        if idle:
            min(idle, key=lambda each: each.idle_since or 0).end("made_room")
        return bool(idle)

    async def look_after(self) -> None:
        """Close what keeps the server waiting for too long, for as long as this is not cancelled.

        A timer for each connection would cost each request more than all of this does.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            late = self._clock.time() - self.limits.request_seconds
            for connection in [*self.open]:
                if connection.waits_for and connection.waits_since <= late:
                    connection.end(connection.waits_for)


class Connection(web.RequestHandler):
    """A connection, which knows what it waits for at its other end, and since when."""

    def __init__(self, server: Server, clock: asyncio.AbstractEventLoop) -> None:
        self.idle_since: float | None = None
        """By the event loop's clock; None while a request is at work."""
        self.waits_for = ""
        """`slow_request` for the rest of a head, `slow_reader` for an answer to go."""
        self.waits_since = 0.0
        self._server = server
        self._clock = clock
        super().__init__(
            server,
            loop=clock,
            access_log=None,  # type: ignore[arg-type]  # which aiohttp takes for none
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=DRAIN_SECONDS,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if there is room."""
        if not self._server.has_room():
            self._server.counts.closed["full"] += 1
            self.close()  # what still comes is not read
            refused = cast(asyncio.Transport, transport)
            refused.write(FULL)
            refused.close()
            return
        self.idle_since = self._clock.time()
        self._server.open.add(self)
        self._server.counts.open = len(self._server.open)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._server.open.discard(self)
        self._server.counts.open = len(self._server.open)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes that came; the first of a head begin its time."""
        if self.idle_since is not None and not self.waits_for:
            self._wait("slow_request")
        super().data_received(data)

    def begin(self) -> None:
        """The head of a request is there."""
        self.waits_for = ""
        self.idle_since = None

    def log_access(
        self,
        request: web.BaseRequest,  # noqa: ARG002
        response: web.StreamResponse,  # noqa: ARG002
        time: float | None,  # noqa: ARG002
    ) -> None:
        """An answer was sent. There is no log of those."""
        self.idle_since = self._clock.time()

    def pause_writing(self) -> None:
        """No more of the answer can go until some of it was taken."""
        super().pause_writing()
        self._wait("slow_reader")

    def resume_writing(self) -> None:
        """Most of it was taken."""
        self.waits_for = ""
        super().resume_writing()

    def end(self, why: str) -> None:
        """Close it at once, whatever was still to come or to go."""
        self._server.counts.closed[why] += 1
        self.idle_since, self.waits_for = None, ""
        transport = self.transport
        self.force_close()
        if transport is not None:
            transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what could not be read, or where something went wrong."""
        answer = super().handle_error(request, status, exc, message)
        answer.headers["Server"] = SERVER
        return answer

    def log_exception(self, *args: Any, **details: Any) -> None:
        """Log what went wrong here, and not what somebody else did wrong."""
        if isinstance(details.get("exc_info"), STRANGERS_FAULT):
            logger.debug("a request could not be read: %r", details["exc_info"])
        else:
            super().log_exception(*args, **details)

    def _wait(self, why: str) -> None:
        self.waits_for = why
        self.waits_since = self._clock.time()
