"""Nobody can hold the service's connections for ever, nor all of them."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from socket import socket

import orjson
import pytest

from streams.settings import ServeSettings
from tests.builders import NOW, dismissal, published
from tests.served import FixedView, Served, metric, served
from tests.waiting import wait_until

CONNECTIONS = 20
HALF_A_HEAD = b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-"
HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
OPTED_OUT = published(dismissal("opt_out_all", event_id="e" * 1_000)) or {}


@pytest.fixture
def service() -> Iterator[Served]:
    limits = ServeSettings(connections=CONNECTIONS, request_seconds=1, large_requests=100)
    with served(FixedView(ann=OPTED_OUT), settings=limits) as service:
        yield service


def is_closed(connection: socket) -> bool:
    """Whether the service closes a connection, without an answer."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def try_to_send(connection: socket, piece: bytes) -> None:
    """Send it, if the service has not closed the connection yet."""
    with suppress(ConnectionError):
        connection.sendall(piece)


def is_refused(service: Served) -> bool:
    """Whether a new connection is told to come again later."""
    with service.connection() as connection:
        try_to_send(connection, HEAD)
        answer = connection.recv(1 << 16)
    return answer.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 1\r\n" in answer


def closed(service: Served, why: str) -> float:
    return metric(service, f'served_closed_connections_total{{why="{why}"}}')


def test_a_head_that_does_not_come_is_waited_for_no_longer_than_said(service: Served) -> None:
    with service.connection() as connection:
        connection.sendall(HALF_A_HEAD)
        assert is_closed(connection)
    assert closed(service, "slow_request") == 1


def test_bytes_that_trickle_in_do_not_prolong_it(service: Served) -> None:
    with service.connection() as connection:
        connection.settimeout(0.05)

        def is_over() -> bool:
            try:
                connection.sendall(b"x")
                return connection.recv(1) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        connection.sendall(HALF_A_HEAD)
        wait_until(is_over, "the connection closed")
    assert closed(service, "slow_request") == 1


def test_a_body_that_does_not_come_is_answered_and_the_connection_closed(service: Served) -> None:
    with service.half_sent(b"x" * 1_000) as connection:
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b'"error":"request_timeout"' in answer


def test_an_answer_that_nobody_takes_is_given_up(service: Served) -> None:
    candidates = [{"product_id": "tv"}] * 1_000
    asked = {"request_id": "r", "user_id": "ann", "ts": NOW, "candidates": candidates}
    body = orjson.dumps([asked] * 15)  # answered by more than the network's buffers hold
    with service.half_sent(body) as connection:
        connection.sendall(body[-1:])
        wait_until(lambda: closed(service, "slow_reader") == 1, "the answer given up")


def test_a_connection_at_rest_is_no_slow_sender(service: Served) -> None:
    with service.connection() as resting, service.connection() as slow:
        resting.sendall(HEAD)
        assert resting.recv(1 << 16).startswith(b"HTTP/1.1 200")
        slow.sendall(HALF_A_HEAD)
        assert is_closed(slow)
        resting.sendall(HEAD)
        assert resting.recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_hundreds_of_half_sent_requests_neither_stay_nor_keep_others_out(service: Served) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(service.connection()) for _ in range(300)]
        for connection in slow:
            try_to_send(connection, HALF_A_HEAD)
        assert service.get("/health/live").status == 200
        assert metric(service, "served_connections") <= CONNECTIONS
        assert all(is_closed(connection) for connection in slow)
    assert closed(service, "made_room") + closed(service, "slow_request") == 300


def test_a_new_connection_is_refused_where_all_others_are_at_work(service: Served) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(service.half_sent(b"x" * 1_000))
        wait_until(lambda: is_refused(service), "a connection refused")
    wait_until(lambda: not is_refused(service), "a connection that is not")
    assert closed(service, "full") >= 1


@pytest.mark.parametrize(
    "message",
    [
        b"nothing of HTTP\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 1_000 + b"\r\n",
        b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 5\r\n\r\nabcde",
    ],
    ids=["text", "TLS", "an address", "too many headers", "broken chunks", "broken gzip"],
)
def test_what_cannot_be_read_is_a_400_without_versions_and_no_error_of_the_service(
    service: Served, caplog: pytest.LogCaptureFixture, message: bytes
) -> None:
    with service.connection() as connection:
        connection.sendall(message)
        answer = connection.recv(1 << 16)
    assert answer.partition(b" ")[2].startswith(b"400 ")
    assert b"\r\nServer: unhaunt\r\n" in answer
    assert [line for line in caplog.records if line.levelno >= logging.WARNING] == []


def test_who_hangs_up_is_no_error_of_the_service(
    service: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with service.half_sent(b"x" * 1_000):
        wait_until(lambda: metric(service, "served_connections") == 2, "the connection made")
    wait_until(lambda: metric(service, "served_connections") == 1, "the connection gone")
    assert [line for line in caplog.records if line.levelno >= logging.WARNING] == []
