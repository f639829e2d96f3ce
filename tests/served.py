"""The HTTP service for tests: on a port of its own, with lists that a test chooses."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request as Asked
from urllib.request import urlopen

import orjson
import uvloop

from streams.monitoring.http_port import listen
from streams.settings import ServeSettings
from streams.suppression.catalog import Catalog
from streams.suppression.policy import Policy
from streams.view import server
from streams.view.access import Access
from streams.view.answers import Answers, Freshness, Known, NotCaughtUp
from streams.view.openrtb_options import OpenRtbOptions
from streams.view.service import Service
from tests.builders import NOW


class FixedView(Answers):
    """A view that follows nothing."""

    is_caught_up = True
    failure: Exception | None = None

    def __init__(self, **lists: Mapping[str, Any]) -> None:
        self.lists = {user_id: orjson.dumps(each) for user_id, each in lists.items()}
        self.policy = Policy.default()
        self.catalog = Catalog()
        self.fresh = Freshness(partition=3, age=0.25, level_at=NOW, newest=NOW - 1)
        self.fresh_of: dict[str, Freshness] = {}
        """Of those whose copy is not as fresh as the others'."""

    def now(self) -> int:
        return NOW

    def freshness(self) -> list[Freshness]:
        return [self.fresh]

    def person(self, user_id: str) -> Known:
        if self.failure is not None:
            raise self.failure
        if not self.is_caught_up:
            raise NotCaughtUp("lists and catalog are being read")
        fresh = self.fresh_of.get(user_id, self.fresh)
        return Known((self.lists.get(user_id),), fresh)

    @property
    def held(self) -> int:
        return len(self.lists)


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: Any
    """What the JSON says, or the text; None where there is nothing."""


class Served:
    """A service that answers at an address."""

    def __init__(self, address: str) -> None:
        self.address = address

    @property
    def is_ready(self) -> bool:
        """Whether it answers, and says that it has read everything."""
        try:
            return self.get("/health/ready").status == 200
        except (URLError, ConnectionError):
            return False

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask(Asked(self.address + quote(path), headers=headers))

    def post(self, path: str, body: Any) -> Answer:
        """`body` may be bytes, or what is written as JSON."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return self._ask(Asked(self.address + path, data, {"Content-Type": "application/json"}))

    @contextmanager
    def half_sent(self, body: bytes) -> Iterator[socket.socket]:
        """A request for a decision whose body does not all come, while the block runs."""
        head = f"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        with self.connection() as connection:
            connection.sendall(head.encode() + body[:-1])
            yield connection

    def connection(self) -> socket.socket:
        """A connection to it, for what no client would send."""
        host, port = self.address.removeprefix("http://").split(":")
        return socket.create_connection((host, int(port)), timeout=10)

    def _ask(self, asked: Asked) -> Answer:
        try:
            with urlopen(asked, timeout=10) as response:
                return _answer(response.status, response.headers, response.read())
        except HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    if headers.get("Content-Type", "").startswith("text/"):
        return Answer(status, headers, body.decode())
    return Answer(status, headers, json.loads(body) if body else None)


def asked(*product_ids: str, user_id: str = "ann", **fields: Any) -> dict[str, Any]:
    """A request for a decision."""
    candidates = [{"product_id": each} for each in product_ids]
    return {"request_id": "r1", "user_id": user_id, "ts": NOW, "candidates": candidates, **fields}


def bid(*product_ids: str, **fields: Any) -> dict[str, Any]:
    """A bid request for one impression, on ann."""
    imp: dict[str, Any] = {"id": "1", "banner": {}}
    if product_ids:
        candidates = [{"product_id": each} for each in product_ids]
        imp["ext"] = {"unhaunt": {"candidates": candidates}}
    return {"id": "b1", "imp": [imp], "user": {"id": "ann"}, **fields}


def metric(service: Served, name: str) -> float:
    """What the service tells of itself under a name with its labels."""
    [value] = re.findall(rf"^unhaunt_{re.escape(name)} (.+)$", service.get("/metrics").body, re.M)
    return float(value)


@contextmanager
def served(
    view: Answers, openrtb: OpenRtbOptions | None = None, settings: ServeSettings | None = None
) -> Iterator[Served]:
    """Answer from a thread until the block ends."""
    started: Future[Callable[[], object]] = Future()
    listener = listen("127.0.0.1", 0)
    settings = settings or ServeSettings()
    service = Service(view, openrtb or OpenRtbOptions(), settings, Access(settings, "127.0.0.1"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answering = _answer_on(service, listener, started)
        thread = threading.Thread(target=runner.run, args=[answering])
        thread.start()
        stop = started.result(10)
        try:
            scheme = "http" if service.access.tls is None else "https"
            yield Served("{}://{}:{}".format(scheme, *listener.getsockname()))
        finally:
            stop()
            thread.join()


async def _answer_on(
    service: Service, listener: socket.socket, started: "Future[Callable[[], object]]"
) -> None:
    """Answer until told to stop; how to tell it is known once it has started."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    async with server.served(service, listener):
        started.set_result(lambda: loop.call_soon_threadsafe(stopped.set))
        await stopped.wait()
