"""A view over HTTP, for ad servers beside it: lists of persons, and decisions on requests."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from hashlib import blake2b
from time import time
from typing import Any, Final, Protocol, cast

import msgspec
import orjson
from aiohttp import web

from schemas.decoding import InvalidRecord, decode
from schemas.openapi import MOST_AT_ONCE, document
from schemas.records import Request
from streams.view.view import Freshness, Known, NotCaughtUp, NotFollowed, View

logger = logging.getLogger(__name__)

LARGEST_BODY: Final = 8 << 20
"""Bytes of a batch."""
SWITCH_SECONDS: Final = 0.0005
"""How long the thread that follows the lists may keep an answer waiting; by default ten times so
long."""
LOOK_SECONDS: Final = 1.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Answers(Protocol):
    """What a view answers (see `View`)."""

    @property
    def is_caught_up(self) -> bool:
        """Whether it can answer."""

    @property
    def failure(self) -> Exception | None:
        """What has ended it."""

    def freshness(self) -> list[Freshness]:
        """How fresh each partition is."""

    def person(self, user_id: str) -> Known:
        """The list of a person."""

    def decide(self, request: Request) -> tuple[dict[str, Any], Freshness]:
        """The decision on a request."""


def serve(view: View, host: str, port: int) -> None:
    """Answer until told to stop. Raises `OSError` where the port is taken, and what ends the view.

    The view is one that has been opened.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what has been imported is no garbage, and takes long to look at
    application = application_of(view)
    application.cleanup_ctx.append(_ending_with_the_view)
    logger.info("answers at http://%s:%d", host, port)
    web.run_app(application, host=host, port=port, access_log=None, print=None)
    if view.failure is not None:
        raise view.failure


def application_of(view: Answers) -> web.Application:
    """The service: what is asked by HTTP, the view answers."""
    application = web.Application(middlewares=[_explained], client_max_size=LARGEST_BODY)
    application[VIEW] = view
    application.add_routes(
        [
            web.get("/v1/persons/{user_id}", _person),
            web.post("/v1/decide", _decide),
            web.get("/health/live", _live),
            web.get("/health/ready", _ready),
            web.get("/openapi.json", _openapi),
        ]
    )
    return application


VIEW: Final = web.AppKey("view", Answers)


async def _ending_with_the_view(application: web.Application) -> AsyncIterator[None]:
    """Stop answering when the view has ended: somebody should start it again, or see why."""

    async def look() -> None:
        while application[VIEW].failure is None:
            await asyncio.sleep(LOOK_SECONDS)
        signal.raise_signal(signal.SIGTERM)

    looking = asyncio.create_task(look())
    yield
    looking.cancel()


# --- what is asked -------------------------------------------------------------------------------


async def _person(request: web.Request) -> web.Response:
    known = request.app[VIEW].person(request.match_info["user_id"])
    headers = _fresh_headers(known.freshness)
    if known.published is None:
        return _problem(404, "no_list", "nothing is held against this person", headers)
    tag = blake2b(known.published, digest_size=8).hexdigest()
    headers["ETag"] = f'"{tag}"'
    if any(each.value in (tag, "*") for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return _json(known.published, headers=headers)


async def _decide(request: web.Request) -> web.Response:
    view, body, now = request.app[VIEW], await request.read(), int(time() * 1_000)
    if body.lstrip().startswith(b"["):
        batch = [_of_batch(number, each, now) for number, each in enumerate(_batch(body))]
        return _json(orjson.dumps([_decided(view, each) for each in batch]))
    return _json(orjson.dumps(_decided(view, _asked(body, now))))


def _asked(value: bytes, now: int) -> Request:
    """A request that is of now where it does not say. Raises `InvalidRecord`."""
    return cast(Request, decode("impression-requests", None, value, now))


def _batch(body: bytes) -> list[msgspec.Raw]:
    try:
        batch = msgspec.json.decode(body, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        said = f"value: expected JSON, got something else: {error}"
        raise InvalidRecord("not_json", said) from None
    if len(batch) > MOST_AT_ONCE:
        said = f"value: expected at most {MOST_AT_ONCE:,} requests, got {len(batch):,}"
        raise InvalidRecord("too_large", said)
    return batch


def _of_batch(number: int, value: msgspec.Raw, now: int) -> Request:
    try:
        return _asked(bytes(value), now)
    except InvalidRecord as error:
        raise InvalidRecord(error.code, f"[{number}] {error.detail}") from None


def _decided(view: Answers, request: Request) -> dict[str, Any]:
    decision, freshness = view.decide(request)
    decision["fresh"] = _fresh(freshness)
    return decision


async def _live(request: web.Request) -> web.Response:
    return _health(request.app[VIEW], request.app[VIEW].failure is None)


async def _ready(request: web.Request) -> web.Response:
    return _health(request.app[VIEW], request.app[VIEW].is_caught_up)


async def _openapi(_: web.Request) -> web.Response:
    return _json(orjson.dumps(document()))


# --- how it is answered --------------------------------------------------------------------------


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say what is wrong in the way in which all is said."""
    try:
        return await handler(request)
    except InvalidRecord as error:
        return _problem(400, error.code, error.detail)
    except NotCaughtUp as error:
        return _problem(503, "not_caught_up", str(error), {"Retry-After": "1"})
    except NotFollowed as error:
        return _problem(503, "not_followed", str(error))
    except web.HTTPException as error:
        kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return _problem(
            error.status, error.reason.lower().replace(" ", "_"), error.text or "", kept
        )
    except Exception as error:
        if error is not request.app[VIEW].failure:
            raise
        return _problem(503, "ended", str(error))


def _health(view: Answers, is_well: bool) -> web.Response:
    partitions = [_fresh(each) for each in view.freshness()]
    body = orjson.dumps({"ready": view.is_caught_up, "partitions": partitions})
    return _json(body, 200 if is_well else 503)


def _fresh(freshness: Freshness) -> dict[str, Any]:
    partition, age, level_at, newest = freshness
    return {
        "partition": partition,
        "age": round(age, 3),
        "level_at": level_at,
        "newest": newest,
    }


def _fresh_headers(freshness: Freshness) -> dict[str, str]:
    return {
        "Unhaunt-Age": f"{freshness.age:.3f}",
        "Unhaunt-Level-At": str(freshness.level_at),
        "Cache-Control": "no-cache",
    }


def _problem(
    status: int, error: str, detail: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    return _json(orjson.dumps({"error": error, "detail": detail}), status, headers)


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
