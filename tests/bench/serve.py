"""What `unhaunt serve` takes to answer while it holds a million persons.

An open loop: requests come when they are due, and count from then on, however far the service is.
The load comes from this process, so from the same machine.
"""

import gc
import re
import select
import socket
import statistics
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final

import orjson
from confluent_kafka import Producer

from streams.kafka.clients import client_settings
from streams.kafka.partitioner import partition_of
from streams.settings import Settings
from streams.supervision.worker_process import environment_of
from tests.bench.deployed import deployed
from tests.bench.domain import Join, apply, encode_list, evict, new_join, prepare
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.flood import AT_ONCE, flood
from tests.bench.memory import resident_megabytes
from tests.builders import dismissal, purchase
from tests.kafka.cluster import free_ports
from tests.served import Served
from tests.waiting import wait_until

PARTITIONS: Final = 8
PERSONS: Final = 1_000_000
PRODUCTS: Final = 50_000
CANDIDATES: Final = 10
RATE: Final = 2_000
FLOODED_RATE: Final = 200
"""Beside large batches, which take all that is left of the machine."""
SECONDS: Final = 30
WARM_UP_SECONDS: Final = 5
CONNECTIONS: Final = 32
NOW: Final = 1_700_000_000_000
LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def measure(bench: Bench) -> Iterator[Figure]:
    """Have a million lists read, in memory and in a folder, and ask for decisions."""
    persons = round(PERSONS * bench.scale)
    seconds = max(2.0, SECONDS * bench.scale)
    with deployed(bench, "serve", PARTITIONS) as deployment:
        written = publish(deployment.settings, persons)
        yield Figure("a list, as published", written / persons, "bytes")
        for storage, folder in (("memory", None), ("a folder", bench.folder / "view")):
            with service(deployment.settings, folder) as (process, port, caught_up):
                waits, late = ask(port, persons, seconds)
                held = f"{persons:,} lists in {storage}"
                yield Figure(f"{held}: read to the end in", caught_up, "s")
                cuts = statistics.quantiles(waits, n=1_000)
                yield Figure(f"{held}: p50 at {RATE:,} requests/s", cuts[499] * 1e3, "ms")
                p99 = cuts[989] * 1e3
                yield Figure(f"{held}: p99 at {RATE:,} requests/s", p99, "ms", Goal(2, 1))
                late99 = statistics.quantiles(late, n=100)[98] * 1e3
                yield Figure(f"{held}: of that, p99 of sending late", late99, "ms")
                resident, _ = resident_megabytes(process.pid)
                yield Figure(f"{held}: resident", resident, "MB")
                with flood(port, persons):
                    waits, late = ask(port, persons, seconds, FLOODED_RATE)
                beside = f"{FLOODED_RATE:,} requests/s beside {AT_ONCE} large batches at a time"
                p99 = statistics.quantiles(waits, n=100)[98] * 1e3
                yield Figure(f"{held}: p99 at {beside}", p99, "ms")
                late99 = statistics.quantiles(late, n=100)[98] * 1e3
                yield Figure(f"{held}: of that, p99 of sending late as well", late99, "ms")
                resident, _ = resident_megabytes(process.pid)
                yield Figure(f"{held}: resident after that", resident, "MB")


def publish(settings: Settings, persons: int) -> int:
    """Put lists on the topic, of one to five claims each; how many bytes they have."""
    producer = Producer({**client_settings(settings), "linger.ms": 50})
    topic, join, random, written = settings.topic("suppressions"), new_join(), Random(7), 0
    for number in range(persons):
        user_id = f"person-{number}"
        value = a_list(user_id, random, join)
        written += len(value)
        while True:
            try:
                producer.produce(topic, value, user_id, partition_of(user_id.encode(), PARTITIONS))
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()
    return written


def a_list(user_id: str, random: Random, join: Join) -> bytes:
    """The list of somebody who bought and rejected something."""
    for number in range(random.randint(1, 5)):
        product_id, ts = f"product-{random.randrange(PRODUCTS)}", NOW - random.randrange(10**9)
        event_id = f"{random.getrandbits(64):x}"
        if number % 3:
            target = {"product_id": product_id}
            apply(join, dismissal("not_interested", event_id, ts, user_id, **target))
        else:
            ids = {"event_id": event_id, "order_id": event_id, "user_id": user_id}
            apply(join, purchase(product_id, ts=ts, **ids))
    [change] = prepare(join)
    evict(join)
    assert change.current is not None
    return encode_list(change.current)


@contextmanager
def service(
    settings: Settings, folder: Path | None
) -> Iterator[tuple["subprocess.Popen[bytes]", int, float]]:
    """The service in a process of its own, when it has read all: it, its port, how long it took."""
    [port] = free_ports(1)
    options = ["--port", str(port), *(["--folder", str(folder)] if folder else [])]
    answers = Served(f"http://127.0.0.1:{port}")
    begun = monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "streams", "serve", *options],
        env=environment_of(settings),
    )
    try:
        wait_until(lambda: answers.is_ready, "all lists read", 600)
        yield process, port, monotonic() - begun
    finally:
        process.terminate()
        process.wait()


class Connection:
    """A connection on which one request after the other is sent.

    By plain sockets: with asyncio, sending would take as much of the machine as answering does.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self.fileno = self._socket.fileno
        self.close = self._socket.close
        self.due = 0.0
        """When the request that is being answered was to be sent."""

    def ask(self, message: bytes, due: float) -> None:
        """Send a request."""
        self.due = due
        self._socket.sendall(message)

    def is_answered(self) -> bool:
        """Whether all of the answer is there, with the piece of it that has come."""
        piece = self._socket.recv(1 << 16)
        assert piece, "the service has closed the connection"
        self._received += piece
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < int(LENGTH.search(head)[1]):  # type: ignore[index]
            return False
        assert head.startswith(b"HTTP/1.1 200"), head
        self._received = b""
        return True


def ask(
    port: int, persons: int, seconds: float, rate: int = RATE
) -> tuple[list[float], list[float]]:
    """Send requests when they are due; how long each answer took since then, in seconds.

    And how long after that each was sent: the machine may have had no time for that either.
    """
    random = Random(11)
    count, warm_up = round(rate * seconds), round(rate * min(WARM_UP_SECONDS, seconds / 2))
    messages = [a_request(random, persons) for _ in range(count)]
    waits: list[float] = []
    late: list[float] = []
    busy: set[Connection] = set()
    with ExitStack() as stack:
        opened = (stack.enter_context(closing(Connection(port))) for _ in range(CONNECTIONS))
        free = deque(opened)
        gc.freeze()  # the messages are not to be looked at while answers are timed
        begun = due = monotonic() + 0.5
        while len(waits) < count:
            while free and len(late) < count and (now := monotonic()) >= due:
                connection = free.popleft()
                connection.ask(messages[len(late)], due)
                busy.add(connection)
                late.append(now - due)
                due = begun + len(late) / rate
            is_next_sent = free and len(late) < count
            patience = max(0.0, due - monotonic()) if is_next_sent else None
            for connection in select.select(busy, (), (), patience)[0]:
                if connection.is_answered():
                    waits.append(monotonic() - connection.due)
                    busy.remove(connection)
                    free.append(connection)
    return waits[warm_up:], late[warm_up:]


def a_request(random: Random, persons: int) -> bytes:
    """A request with ten candidates of somebody, as it goes over the wire."""
    body = orjson.dumps(
        {
            "request_id": f"{random.getrandbits(64):x}",
            "user_id": f"person-{random.randrange(persons)}",
            "ts": NOW,
            "candidates": [
                {"product_id": f"product-{random.randrange(PRODUCTS)}", "price": 20}
                for _ in range(CANDIDATES)
            ],
        }
    )
    head = f"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
