"""A view over HTTP, for ad servers beside it: lists of persons, and decisions on requests."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from time import perf_counter
from typing import Any, Final, NamedTuple, cast

import msgspec
import orjson
from aiohttp import web

from schemas.decoding import InvalidRecord, decode, parse_object
from schemas.openapi import MOST_AT_ONCE, document
from schemas.openrtb.bid_request import read_bid_request
from schemas.records import Request
from streams.view.answers import Answers, Freshness, NotCaughtUp, NotFollowed
from streams.view.counts import ServiceCounts
from streams.view.metrics import PATHS, Serving, exposition_of
from streams.view.openrtb_options import OpenRtbOptions

PERSONS: Final = "/v1/persons/"
"""What comes before the id of a person, which is the rest of the path."""


class Route(NamedTuple):
    """A path of the service, and what answers it."""

    path: str
    """As the OpenAPI document has it."""
    methods: tuple[str, ...]
    answer: Callable[[web.BaseRequest, bytes], web.Response]
    """Takes the request and its body. Raises `InvalidRecord`, and what a view raises."""


class Service:
    """Answers requests. aiohttp calls it with each, without an application of its own in between:
    its routing and middlewares would take as long as a decision.
    """

    def __init__(self, view: Answers, openrtb: OpenRtbOptions) -> None:
        self.view = view
        self._serving = Serving(view, ServiceCounts())
        self._openrtb_options = openrtb
        reading = ("GET", "HEAD")
        self._person_route = Route("/v1/persons/{user_id}", reading, self._person)
        self._routes = {
            route.path: route
            for route in (
                Route("/v1/decide", ("POST",), self._decide),
                Route("/v1/openrtb", ("POST",), self._openrtb),
                Route("/health/live", reading, self._live),
                Route("/health/ready", reading, self._ready),
                Route("/metrics", reading, self._metrics),
                Route("/openapi.json", reading, self._openapi),
            )
        }

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        """The answer to a request, counted if an ad server asked."""
        route = self._route(request.path)
        if route is None:
            return _problem(404, "not_found", "GET /openapi.json tells what there is")
        if request.method not in route.methods:
            return _wrong_method(request.method, route)
        if route.path not in PATHS:
            return await self._explained(route, request)
        counts, begun, status = self._serving.counts, perf_counter(), 500
        try:
            response = await self._explained(route, request)
            status = response.status
        finally:
            counts.answers[route.path, str(status)] += 1
            counts.seconds.observe(perf_counter() - begun)
        return response

    def _route(self, path: str) -> Route | None:
        if path.startswith(PERSONS) and path != PERSONS:
            return self._person_route
        return self._routes.get(path)

    async def _explained(self, route: Route, request: web.BaseRequest) -> web.Response:
        """Answer a request; errors become responses with a code and a detail."""
        try:
            return route.answer(request, await request.read())
        except InvalidRecord as error:
            return _problem(400, error.code, error.detail)
        except NotCaughtUp as error:
            return _problem(503, "not_caught_up", str(error), {"Retry-After": "1"})
        except NotFollowed as error:
            return _problem(503, "not_followed", str(error))
        except web.HTTPRequestEntityTooLarge as error:
            return _problem(error.status, "request_entity_too_large", error.text or "")
        except Exception as error:
            if error is not self.view.failure:
                raise
            return _problem(503, "ended", str(error))

    # -- what is asked

    def _person(self, request: web.BaseRequest, _: bytes) -> web.Response:
        known = self.view.person(request.path.removeprefix(PERSONS))
        headers = _fresh_headers(known.freshness)
        if known.published is None:
            return _problem(404, "no_list", "nothing is held against this person", headers)
        tag = blake2b(known.published, digest_size=8).hexdigest()
        headers["ETag"] = f'"{tag}"'
        if any(each.value in (tag, "*") for each in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return _json(known.published, headers=headers)

    def _decide(self, _: web.BaseRequest, body: bytes) -> web.Response:
        now = self.view.now()
        if body.lstrip().startswith(b"["):
            batch = [_of_batch(number, each, now) for number, each in enumerate(_batch(body))]
            return _json(orjson.dumps([self._decided(each) for each in batch]))
        return _json(orjson.dumps(self._decided(_asked(body, now))))

    def _decided(self, request: Request) -> dict[str, Any]:
        decision, freshness = self.view.decide(request)
        self._serving.counts.decided(decision)
        decision["fresh"] = _fresh(freshness)
        return decision

    def _openrtb(self, _: web.BaseRequest, body: bytes) -> web.Response:
        persons, candidates = self._openrtb_options.persons, self._openrtb_options.candidates
        bid = read_bid_request(parse_object(body), self.view.now(), persons, candidates)
        answer, decisions, freshness = self.view.bid(bid)
        for decision in decisions:
            self._serving.counts.decided(decision)
        try:
            return _json(orjson.dumps(answer), headers=_fresh_headers(freshness))
        except orjson.JSONEncodeError as error:
            raise InvalidRecord("not_json", f"value: {error}") from None

    def _live(self, *_: object) -> web.Response:
        return self._health(self.view.failure is None)

    def _ready(self, *_: object) -> web.Response:
        return self._health(self.view.is_caught_up)

    def _health(self, is_well: bool) -> web.Response:
        partitions = [_fresh(each) for each in self.view.freshness()]
        body = orjson.dumps({"ready": self.view.is_caught_up, "partitions": partitions})
        return _json(body, 200 if is_well else 503)

    def _metrics(self, request: web.BaseRequest, _: bytes) -> web.Response:
        body, content_type = exposition_of(self._serving, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    def _openapi(self, *_: object) -> web.Response:
        return _json(orjson.dumps(document()))


def _asked(value: bytes, now: int) -> Request:
    """A request that is of now where it does not say. Raises `InvalidRecord`."""
    return cast(Request, decode("impression-requests", None, value, now))


def _batch(body: bytes) -> list[msgspec.Raw]:
    try:
        batch = msgspec.json.decode(body, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        detail = f"value: expected JSON, got something else: {error}"
        raise InvalidRecord("not_json", detail) from None
    if len(batch) > MOST_AT_ONCE:
        detail = f"value: expected at most {MOST_AT_ONCE:,} requests, got {len(batch):,}"
        raise InvalidRecord("too_large", detail)
    return batch


def _of_batch(number: int, value: msgspec.Raw, now: int) -> Request:
    try:
        return _asked(bytes(value), now)
    except InvalidRecord as error:
        raise InvalidRecord(error.code, f"[{number}] {error.detail}") from None


# --- how it is answered --------------------------------------------------------------------------


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


def _wrong_method(method: str, route: Route) -> web.Response:
    detail = f"expected {' or '.join(route.methods)}, got {method}"
    return _problem(405, "method_not_allowed", detail, {"Allow": ", ".join(route.methods)})


def _problem(
    status: int, error: str, detail: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    return _json(orjson.dumps({"error": error, "detail": detail}), status, headers)


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
