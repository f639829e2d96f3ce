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
    """Makes connections, and knows those that there are."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        limits: Limits,
        counts: ConnectionCounts,
        largest_body: int = 0,
    ) -> None:
        """A body of more bytes is not read further, which is answered with 413."""
        super().__init__(handler, request_factory=self._request)
        self.limits = limits
        self.counts = counts
        self._largest_body = largest_body
        self._clock = asyncio.get_running_loop()
        self.idle: dict[Connection, None] = {}
        """Those without a request, the one that has been so for longest first."""

    def __call__(self) -> "Connection":
        """A connection, for a transport."""
        return Connection(self)

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
        """Whether there may be one more: an idle one is closed for it."""
        if self.counts.open < self.limits.connections:
            return True
        oldest = next(iter(self.idle), None)
        if oldest is not None:
            oldest.end("made_room")
        return oldest is not None


class Connection(web.RequestHandler):
    """A connection, with a limit to each wait for whoever is at its other end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._clock = asyncio.get_running_loop()
        self._is_open = False
        self._is_idle = False
        self._waiting: asyncio.TimerHandle | None = None
        """For the rest of a head, or for an answer to go."""
        super().__init__(
            server,
            loop=self._clock,
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
        self._server.counts.open += 1
        self._is_open = True
        self._rest()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        self._server.counts.open -= self._is_open
        self._is_open = False
        self._server.idle.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes that came; the first of a head begin its time."""
        if self._is_idle and self._waiting is None:
            self._wait("slow_request")
        super().data_received(data)

    def begin(self) -> None:
        """The head of a request is there."""
        self._stop_waiting()
        self._is_idle = False
        self._server.idle.pop(self, None)

    async def finish_response(
        self,
        request: web.BaseRequest,
        resp: web.StreamResponse,
        start_time: float | None = None,
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; it has been sent when this returns."""
        resp.headers["Server"] = SERVER
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._rest()

    def pause_writing(self) -> None:
        """No more of the answer can go until some of it was taken."""
        super().pause_writing()
        self._stop_waiting()
        self._wait("slow_reader")

    def resume_writing(self) -> None:
        """Most of it was taken."""
        self._stop_waiting()
        super().resume_writing()

    def end(self, why: str) -> None:
        """Close it at once, whatever was still to come or to go."""
        self._server.counts.closed[why] += 1
        self._server.idle.pop(self, None)
        transport = self.transport
        self.force_close()
        if transport is not None:
            transport.abort()

    def log_exception(self, *args: Any, **details: Any) -> None:
        """Log what went wrong here, and not what somebody else did wrong."""
        if isinstance(details.get("exc_info"), STRANGERS_FAULT):
            logger.debug("a request could not be read: %r", details["exc_info"])
        else:
            super().log_exception(*args, **details)

    def _rest(self) -> None:
        if self._is_open:
            self._is_idle = True
            self._server.idle[self] = None

    def _wait(self, why: str) -> None:
        seconds = self._server.limits.request_seconds
        self._waiting = self._clock.call_later(seconds, self.end, why)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
