"""The service takes on so much at a time, and says so to whoever asks for more."""

from typing import Any

import orjson
import pytest

from streams.settings import ServeSettings
from streams.view.service import LARGE_BYTES
from tests.served import FixedView, asked, bid, served
from tests.waiting import wait_until

SMALL = ServeSettings(candidates=3, batch_candidates=5, large_requests=1)


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("/v1/decide", asked(*"abcd"), "candidates: expected at most 3, got 4"),
        ("/v1/decide", [asked("a"), asked(*"abcd")], "[1] candidates: expected at most 3, got 4"),
        (
            "/v1/decide",
            [asked(*"abc"), asked(*"abc")],
            "value: expected at most 5 candidates in all requests, got more",
        ),
        (
            "/v1/openrtb",
            bid(*"abcd"),
            "imp: expected at most 3 candidates in all, got more",
        ),
    ],
    ids=["a request", "one of a batch", "a batch", "a bid request"],
)
def test_more_candidates_than_it_takes_on_are_refused(path: str, body: Any, detail: str) -> None:
    with served(FixedView(), settings=SMALL) as service:
        answer = service.post(path, body)
    assert (answer.status, answer.body) == (400, {"error": "too_large", "detail": detail})


def test_as_many_candidates_as_it_takes_on_are_decided() -> None:
    with served(FixedView(), settings=SMALL) as service:
        answers = service.post("/v1/decide", [asked(*"abc"), asked(*"de")])
    assert [each["allowed"] for each in answers.body] == [["a", "b", "c"], ["d", "e"]]


def test_another_large_request_than_it_takes_on_is_to_come_again_later() -> None:
    large = orjson.dumps(asked("tv")) + b" " * LARGE_BYTES
    with served(FixedView(), settings=SMALL) as service, service.half_sent(large):
        wait_until(lambda: service.post("/v1/decide", large).status == 503, "no place for it")
        answer = service.post("/v1/decide", large)
        assert (answer.body["error"], answer.headers["Retry-After"]) == ("busy", "1")
        assert service.post("/v1/decide", asked("tv")).status == 200


def test_a_small_request_is_one_also_where_it_does_not_say_how_long_it_is() -> None:
    body = orjson.dumps(asked("tv"))
    head = b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with served(FixedView(), settings=SMALL) as service, service.half_sent(b"x" * LARGE_BYTES * 2):
        wait_until(
            lambda: service.post("/v1/decide", b" " * LARGE_BYTES * 2).status == 503, "no place"
        )
        with service.connection() as connection:
            connection.sendall(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_a_large_request_is_answered_once_there_is_a_place_for_it() -> None:
    large = orjson.dumps(asked("tv")) + b" " * LARGE_BYTES
    with served(FixedView(), settings=SMALL) as service:
        with service.half_sent(large):
            wait_until(lambda: service.post("/v1/decide", large).status == 503, "no place for it")
        wait_until(lambda: service.post("/v1/decide", large).status == 200, "a place for it")
