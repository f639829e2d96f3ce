"""A view over HTTP, for ad servers beside it: lists of persons, and decisions on requests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from hashlib import blake2b
from time import perf_counter
from typing import Final, NamedTuple

import msgspec
import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from schemas.answers import Decided, Fresh, Health
from schemas.asked import Asked, read_asked
from schemas.decoding import InvalidRecord, parse_object
from schemas.openapi import MOST_AT_ONCE, document
from schemas.openrtb.bid_request import read_bid_request
from streams.monitoring.connections import SERVER
from streams.settings import ServeSettings
from streams.view.access import Access, Refused
from streams.view.answers import Answers, Freshness, Known, NotCaughtUp, NotFollowed
from streams.view.bounds import require_few_values
from streams.view.counts import ServiceCounts
from streams.view.metrics import PATHS, Serving, exposition_of
from streams.view.openrtb_options import OpenRtbOptions
from streams.view.turns import TooMuch, Turns

_encode: Final = msgspec.json.Encoder().encode

PERSONS: Final = "/v1/persons/"
"""What comes before the id of a person, which is the rest of the path."""
LARGE_BYTES: Final = 64 << 10
"""A body of more is a large request's."""


class Route(NamedTuple):
    """A path of the service, and what answers it."""

    path: str
    """As the OpenAPI document has it."""
    methods: tuple[str, ...]
    answer: Callable[[web.BaseRequest, bytes], Awaitable[web.Response]]
    """Takes the request and its body. Raises `InvalidRecord`, and what a view raises."""

    @property
    def is_open(self) -> bool:
        """Whether it is answered without a token, as what orchestrators ask."""
        return self.path.startswith("/health/")

    @property
    def has_body(self) -> bool:
        """Whether something is sent there; where not, what is sent is not read."""
        return "POST" in self.methods


class Service:
    """Answers requests. aiohttp calls it with each, without an application of its own in between:
    its routing and middlewares would take as long as a decision.
    """

    def __init__(
        self,
        view: Answers,
        openrtb: OpenRtbOptions,
        settings: ServeSettings,
        access: Access,
    ) -> None:
        self.view = view
        self.settings = settings
        self.access = access
        self._turns = Turns(self.settings.large_requests)
        self.counts = ServiceCounts()
        self._serving = Serving(view, self.counts)
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
        begun, status = perf_counter(), 500
        try:
            response = await self._explained(route, request)
            status = response.status
        finally:
            self.counts.answers[route.path, str(status)] += 1
            self.counts.seconds.observe(perf_counter() - begun)
        return response

    def _route(self, path: str) -> Route | None:
        if path.startswith(PERSONS) and path != PERSONS:
            return self._person_route
        return self._routes.get(path)

    async def _explained(self, route: Route, request: web.BaseRequest) -> web.Response:
        """Answer a request; errors become responses with a code and a detail."""
        try:
            self.access.check(request, needs_token=not route.is_open)
            if not route.has_body:
                return await route.answer(request, b"")
            return await self._answer_with_body(route, request)
        except Refused as error:
            return _problem(error.status, error.error, str(error), _CHALLENGES.get(error.status))
        except InvalidRecord as error:
            return _problem(400, error.code, error.detail)
        except NotCaughtUp as error:
            return _problem(503, "not_caught_up", str(error), RETRY)
        except TooMuch as error:
            return _problem(503, "busy", str(error), RETRY)
        except NotFollowed as error:
            return _problem(503, "not_followed", str(error))
        except Exception as error:
            if error is not self.view.failure:
                raise
            return _problem(503, "ended", str(error))

    async def _answer_with_body(self, route: Route, request: web.BaseRequest) -> web.Response:
        """A large body and its answer are held only while a place for large requests is."""
        content = request.content
        # Most bodies come with their head.
        body = content.read_nowait() if content.is_eof() else None
        if body is None and not _is_large(request):
            body = await self._body(request)
        if body is not None and len(body) <= LARGE_BYTES:
            return await route.answer(request, body)
        with self._turns.admitted():
            body = await self._body(request) if body is None else body
            response = await route.answer(request, body)
            await request.protocol.finish_response(request, response, None)
        return response

    async def _body(self, request: web.BaseRequest) -> bytes:
        """Wait for a body. Raises `Refused` when it does not come, or is none."""
        seconds = self.settings.request_seconds
        try:
            async with asyncio.timeout(seconds):
                return await request.read()
        except TimeoutError:
            detail = f"the body did not come within {seconds} seconds"
            raise Refused(408, "request_timeout", detail) from None
        except (RequestPayloadError, ConnectionError):
            raise Refused(400, "not_read", "the body is not what its headers say") from None
        except web.HTTPRequestEntityTooLarge as error:
            raise Refused(413, "request_entity_too_large", error.text or "") from None

    # -- what is asked

    async def _person(self, request: web.BaseRequest, _: bytes) -> web.Response:
        known = self.view.person(request.path.removeprefix(PERSONS))
        headers = _headers(known)
        [published] = known.published
        if published is None:
            return _problem(404, "no_list", "nothing is held against this person", headers)
        tag = blake2b(published, digest_size=8).hexdigest()
        headers["ETag"] = f'"{tag}"'
        if any(each.value in (tag, "*") for each in request.if_none_match or ()):
            return _response(b"", 304, headers)
        return _json(published, headers=headers)

    async def _decide(self, _: web.BaseRequest, body: bytes) -> web.Response:
        now = self.view.now()
        if not body.lstrip().startswith(b"["):
            return _json(_encode(self._decided(self._asked(body, now))))
        batch = await self._turns.done(self._of_batch(body, now))
        answers = await self._turns.done(_encode(self._decided(each)) for each in batch)
        return _json(b"[" + b",".join(answers) + b"]")

    def _of_batch(self, body: bytes, now: int) -> Iterator[Asked]:
        """The requests of a batch. Raises `InvalidRecord`."""
        most, total = self.settings.batch_candidates, 0
        for number, value in enumerate(_batch(body)):
            try:
                asked = self._asked(bytes(value), now)
            except InvalidRecord as error:
                raise InvalidRecord(error.code, f"[{number}] {error.detail}") from None
            total += len(asked.request.candidates)
            if total > most:
                detail = f"value: expected at most {most:,} candidates in all requests, got more"
                raise InvalidRecord("too_large", detail)
            yield asked

    def _asked(self, value: bytes, now: int) -> Asked:
        """A request that is of now where it does not say. Raises `InvalidRecord`."""
        most = self.settings.candidates
        require_few_values(value, most)
        asked = read_asked(value, now)
        candidates = len(asked.request.candidates)
        if candidates > most:
            detail = f"candidates: expected at most {most:,}, got {candidates:,}"
            raise InvalidRecord("too_large", detail)
        return asked

    def _decided(self, asked: Asked) -> Decided:
        decision, known = self.view.decide(*asked)
        self.counts.decided([decision], known.is_known)
        return Decided(
            request_id=decision.request_id,
            user_id=decision.user_id,
            ts=decision.ts,
            policy=decision.policy,
            suppressed=decision.suppressed,
            allowed=decision.allowed,
            ghosted=decision.ghosted,
            known=known.is_known,
            fresh=_fresh(known.freshness),
        )

    async def _openrtb(self, _: web.BaseRequest, body: bytes) -> web.Response:
        persons, candidates = self._openrtb_options.persons, self._openrtb_options.candidates
        most = self.settings.candidates
        require_few_values(body, most)
        bid = read_bid_request(parse_object(body), self.view.now(), persons, candidates, most)
        answer, decisions, known = self.view.bid(bid)
        self.counts.decided(decisions, known.is_known)
        try:
            return _json(orjson.dumps(answer), headers=_headers(known))
        except orjson.JSONEncodeError as error:
            raise InvalidRecord("not_json", f"value: {error}") from None

    async def _live(self, *_: object) -> web.Response:
        return self._health(self.view.failure is None)

    async def _ready(self, *_: object) -> web.Response:
        return self._health(self.view.is_caught_up)

    def _health(self, is_well: bool) -> web.Response:
        partitions = [_fresh(each) for each in self.view.freshness()]
        health = Health(self.view.is_caught_up, partitions)
        return _json(_encode(health), 200 if is_well else 503)

    async def _metrics(self, request: web.BaseRequest, _: bytes) -> web.Response:
        body, content_type = exposition_of(self._serving, request.headers.get("Accept", ""))
        return _response(body, 200, {"Content-Type": content_type})

    async def _openapi(self, *_: object) -> web.Response:
        return _json(orjson.dumps(document()))


def _is_large(request: web.BaseRequest) -> bool:
    """Whether a body may be a large one, by its head."""
    length = request.content_length
    return length is None or length > LARGE_BYTES or "Content-Encoding" in request.headers


def _batch(body: bytes) -> list[msgspec.Raw]:
    try:
        batch = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        detail = f"value: expected JSON, got something else: {error}"
        raise InvalidRecord("not_json", detail) from None
    if len(batch) > MOST_AT_ONCE:
        detail = f"value: expected at most {MOST_AT_ONCE:,} requests, got {len(batch):,}"
        raise InvalidRecord("too_large", detail)
    return batch


# --- how it is answered --------------------------------------------------------------------------

_CHALLENGES: Final = {401: {"WWW-Authenticate": "Bearer"}}
_JSON: Final = {"Content-Type": "application/json"}
RETRY: Final = {"Retry-After": "1"}


def _fresh(freshness: Freshness) -> Fresh:
    partition, age, level_at, newest = freshness
    return Fresh(partition, round(age, 3), level_at, newest)


def _headers(known: Known) -> dict[str, str]:
    freshness = known.freshness
    return {
        "Unhaunt-Known": "true" if known.is_known else "false",
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
    return _response(body, status, _JSON if headers is None else {**headers, **_JSON})


def _response(body: bytes, status: int, headers: Mapping[str, str]) -> web.Response:
    """Says no version of what it is made of, as aiohttp else does."""
    return web.Response(body=body, status=status, headers={**headers, "Server": SERVER})
