"""A view over HTTP, for ad servers beside it: lists of persons, and decisions on requests."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from hashlib import blake2b
from time import monotonic, perf_counter
from typing import Any, Final, cast

import msgspec
import orjson
from aiohttp import web

from schemas.decoding import InvalidRecord, decode, parse_object
from schemas.openapi import MOST_AT_ONCE, document
from schemas.openrtb.bid_request import read_bid_request
from schemas.records import Request
from streams.engine.garbage import Garbage
from streams.operations.metrics.serving import PATHS, Serving, told
from streams.view.answers import Answers, Freshness, NotCaughtUp, NotFollowed
from streams.view.bidding import Bidding
from streams.view.counts import Counts

logger = logging.getLogger(__name__)

LARGEST_BODY: Final = 8 << 20
"""Bytes of a batch."""
SWITCH_SECONDS: Final = 0.0005
"""How long the thread that follows the lists may keep an answer waiting; by default ten times so
long."""
LOOK_SECONDS: Final = 1.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SERVING: Final = web.AppKey("serving", Serving)
BIDDING: Final = web.AppKey("bidding", Bidding)


def serve(view: Answers, bidding: Bidding, host: str, port: int) -> None:
    """Answer until told to stop. Raises `OSError` where the port is taken, and what ends the view.

    A view that follows topics is one that has been opened.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    application = application_of(view, bidding)
    application.cleanup_ctx.append(_looked_after)
    logger.info("answers at http://%s:%d", host, port)
    web.run_app(application, host=host, port=port, access_log=None, print=None)
    if view.failure is not None:
        raise view.failure


def application_of(view: Answers, bidding: Bidding) -> web.Application:
    """The service: what is asked by HTTP, the view answers."""
    application = web.Application(middlewares=[_counted, _explained], client_max_size=LARGEST_BODY)
    application[SERVING] = Serving(view, Counts())
    application[BIDDING] = bidding
    application.add_routes(
        [
            web.get("/v1/persons/{user_id}", _person),
            web.post("/v1/decide", _decide),
            web.post("/v1/openrtb", _openrtb),
            web.get("/health/live", _live),
            web.get("/health/ready", _ready),
            web.get("/metrics", _metrics),
            web.get("/openapi.json", _openapi),
        ]
    )
    return application


async def _looked_after(application: web.Application) -> AsyncIterator[None]:
    """Collect garbage when it suits, and stop answering when the view has ended: somebody should
    start it again, or see why.
    """
    view, garbage = application[SERVING].view, Garbage(monotonic())

    async def look() -> None:
        is_settled = False
        while view.failure is None:
            if view.is_caught_up and not is_settled:
                is_settled = True
                gc.freeze()  # modules and catalog are no garbage, and take long to look at
            garbage.collect(monotonic())
            await asyncio.sleep(LOOK_SECONDS)
        signal.raise_signal(signal.SIGTERM)

    looking = asyncio.create_task(look())
    yield
    looking.cancel()


# --- what is asked -------------------------------------------------------------------------------


async def _person(request: web.Request) -> web.Response:
    known = request.app[SERVING].view.person(request.match_info["user_id"])
    headers = _fresh_headers(known.freshness)
    if known.published is None:
        return _problem(404, "no_list", "nothing is held against this person", headers)
    tag = blake2b(known.published, digest_size=8).hexdigest()
    headers["ETag"] = f'"{tag}"'
    if any(each.value in (tag, "*") for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return _json(known.published, headers=headers)


async def _decide(request: web.Request) -> web.Response:
    serving, body = request.app[SERVING], await request.read()
    now = serving.view.now()
    if body.lstrip().startswith(b"["):
        batch = [_of_batch(number, each, now) for number, each in enumerate(_batch(body))]
        return _json(orjson.dumps([_decided(serving, each) for each in batch]))
    return _json(orjson.dumps(_decided(serving, _asked(body, now))))


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


def _decided(serving: Serving, request: Request) -> dict[str, Any]:
    decision, freshness = serving.view.decide(request)
    serving.counts.decided(decision)
    decision["fresh"] = _fresh(freshness)
    return decision


async def _openrtb(request: web.Request) -> web.Response:
    serving, bidding = request.app[SERVING], request.app[BIDDING]
    fields = parse_object(await request.read())
    bid = read_bid_request(fields, serving.view.now(), bidding.persons, bidding.candidates)
    answer, decisions, freshness = serving.view.bid(bid)
    for decision in decisions:
        serving.counts.decided(decision)
    try:
        return _json(orjson.dumps(answer), headers=_fresh_headers(freshness))
    except orjson.JSONEncodeError as error:
        raise InvalidRecord("not_json", f"value: {error}") from None


async def _live(request: web.Request) -> web.Response:
    view = request.app[SERVING].view
    return _health(view, view.failure is None)


async def _ready(request: web.Request) -> web.Response:
    view = request.app[SERVING].view
    return _health(view, view.is_caught_up)


async def _metrics(request: web.Request) -> web.Response:
    body, content_type = told(request.app[SERVING], request.headers.get("Accept", ""))
    return web.Response(body=body, headers={"Content-Type": content_type})


async def _openapi(_: web.Request) -> web.Response:
    return _json(orjson.dumps(document()))


# --- how it is answered --------------------------------------------------------------------------


@web.middleware
async def _counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count what ad servers ask."""
    counts, resource = request.app[SERVING].counts, request.match_info.route.resource
    if resource is None or resource.canonical not in PATHS:
        return await handler(request)
    begun, status = perf_counter(), 500
    try:
        response = await handler(request)
        status = response.status
    finally:
        counts.answers[resource.canonical, str(status)] += 1
        counts.seconds.observe(perf_counter() - begun)
    return response


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
        if error is not request.app[SERVING].view.failure:
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
