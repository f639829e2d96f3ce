"""What a worker's clients say again and again is written once in a while."""

import logging
from collections.abc import Callable

import pytest

from streams.logs import CLIENT, PAUSE_SECONDS, OnceInAWhile

Log = Callable[..., list[str]]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(clock: Clock) -> Log:
    """Have a logger say something, filled in with each of the fillings; returns what is written."""
    once = OnceInAWhile(clock)

    def write(name: str, message: str, *fillings: object) -> list[str]:
        written = []
        for filling in fillings:
            record = logging.LogRecord(name, logging.ERROR, "", 1, message, (filling,), None)
            if once.filter(record):
                written.append(record.getMessage())
        return written

    return write


def test_the_same_message_is_written_once(log: Log) -> None:
    assert log("aiokafka.client", "no broker %s", 1, 2, 3) == ["no broker 1"]


def test_after_a_while_it_is_written_again_with_how_many_were_held(log: Log, clock: Clock) -> None:
    log("aiokafka.client", "no broker %s", 1, 2, 3)
    clock.now = PAUSE_SECONDS
    assert log("aiokafka.client", "no broker %s", 4) == ["no broker 4 (and 2 more like it before)"]


def test_what_was_not_held_is_written_as_it_is(log: Log, clock: Clock) -> None:
    log("aiokafka.client", "no broker %s", 1)
    clock.now = PAUSE_SECONDS
    assert log("aiokafka.client", "no broker %s", 2) == ["no broker 2"]


def test_another_message_does_not_wait_for_it(log: Log) -> None:
    log("aiokafka.client", "no broker %s", 1)
    assert log("aiokafka.client", "no leader %s", 1) == ["no leader 1"]


def test_what_librdkafka_says_is_the_same_whatever_its_numbers(log: Log) -> None:
    lines = ["FAIL: broker 1 after 3ms", "FAIL: broker 1 after 4ms", "WAKEUP"]
    assert log(CLIENT.name, "%s", *lines) == [lines[0], lines[2]]


def test_what_the_worker_itself_says_is_always_written(log: Log) -> None:
    assert log("streams.worker", "started %s", 1, 1) == ["started 1", "started 1"]
