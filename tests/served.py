"""The HTTP service for tests: on a port of its own, with lists that a test chooses."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request as Asked
from urllib.request import urlopen

import orjson
from aiohttp import web

from schemas.records import Request
from streams.suppression.catalog import Catalog
from streams.suppression.policy import Policy
from streams.suppression.standing import decide_from_list
from streams.view.service import Answers, application_of
from streams.view.view import Freshness, Known, NotCaughtUp
from tests.builders import NOW


class FixedView:
    """A view that follows nothing."""

    def __init__(self, **lists: Mapping[str, Any]) -> None:
        self.lists = {user_id: orjson.dumps(each) for user_id, each in lists.items()}
        self.policy = Policy.default()
        self.catalog = Catalog()
        self.is_caught_up = True
        self.failure: Exception | None = None
        self.fresh = Freshness(partition=3, age=0.25, level_at=NOW, newest=NOW - 1)

    def freshness(self) -> list[Freshness]:
        return [self.fresh]

    def person(self, user_id: str) -> Known:
        if self.failure is not None:
            raise self.failure
        if not self.is_caught_up:
            raise NotCaughtUp("lists and catalog are being read")
        return Known(self.lists.get(user_id), self.fresh)

    def decide(self, request: Request) -> tuple[dict[str, Any], Freshness]:
        listed = self.person(request.user_id).list
        return decide_from_list(request, listed, self.policy, self.catalog), self.fresh


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: Any
    """The JSON, or None where there is nothing."""


class Served:
    """A service that answers at an address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask(Asked(self.address + quote(path), headers=headers))

    def post(self, path: str, body: Any) -> Answer:
        """`body` may be bytes, or what is written as JSON."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return self._ask(Asked(self.address + path, data, {"Content-Type": "application/json"}))

    def _ask(self, asked: Asked) -> Answer:
        try:
            with urlopen(asked, timeout=10) as response:
                return _answer(response.status, response.headers, response.read())
        except HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    return Answer(status, headers, json.loads(body) if body else None)


@contextmanager
def served(view: Answers) -> Iterator[Served]:
    """Answer from a thread until the block ends."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(application_of(view), shutdown_timeout=1)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    address = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield Served(address)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
