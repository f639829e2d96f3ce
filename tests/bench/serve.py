"""What `unhaunt serve` takes to answer while it holds a million persons.

An open loop: requests come when they are due, and count from then on, however far the service is.
The load comes from this process, so from the same machine.
"""

import asyncio
import gc
import re
import selectors
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, Final

import orjson
from confluent_kafka import Producer

from schemas.records import Dismissal, OrderProduct, Purchase
from streams.engine.output import client_settings
from streams.operations.worker_process import environment_of
from streams.recording.partitioning import partition_of
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.evidence import Evidence
from streams.suppression.lists import list_of
from streams.suppression.policy import Policy
from streams.suppression.reading import Reading
from tests.bench.backlog import deployed
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.memory import resident_megabytes
from tests.kafka.cluster import free_ports
from tests.served import Served
from tests.waiting import wait_until

PARTITIONS: Final = 8
PERSONS: Final = 1_000_000
PRODUCTS: Final = 50_000
CANDIDATES: Final = 10
RATE: Final = 2_000
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
        for place, folder in (("memory", None), ("a folder", bench.folder / "view")):
            with service(deployment.settings, folder) as (process, port, caught_up):
                with asyncio.Runner(loop_factory=punctual_loop) as runner:
                    waits, late = runner.run(ask(port, persons, seconds))
                held = f"{persons:,} lists in {place}"
                yield Figure(f"{held}: read to the end in", caught_up, "s")
                cuts = statistics.quantiles(waits, n=1_000)
                yield Figure(f"{held}: p50 at {RATE:,} requests/s", cuts[499] * 1e3, "ms")
                p99 = cuts[989] * 1e3
                yield Figure(f"{held}: p99 at {RATE:,} requests/s", p99, "ms", Goal(2, 1))
                late99 = statistics.quantiles(late, n=100)[98] * 1e3
                yield Figure(f"{held}: of that, p99 of sending late", late99, "ms")
                resident, _ = resident_megabytes(process.pid)
                yield Figure(f"{held}: resident", resident, "MB")


def publish(settings: Settings, persons: int) -> int:
    """Put lists on the topic, of one to five claims each; how many bytes they have."""
    producer = Producer({**client_settings(settings), "linger.ms": 50})
    topic, policy, random, written = settings.topic("suppressions"), Policy.default(), Random(7), 0
    for number in range(persons):
        user_id = f"person-{number}"
        value = a_list(user_id, random, policy)
        written += len(value)
        while True:
            try:
                producer.produce(topic, value, user_id, partition_of(user_id.encode(), PARTITIONS))
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()
    return written


def a_list(user_id: str, random: Random, policy: Policy) -> bytes:
    """The list of somebody who bought and rejected something."""
    evidence = Evidence()
    for number in range(random.randint(1, 5)):
        product_id, ts = f"product-{random.randrange(PRODUCTS)}", NOW - random.randrange(10**9)
        event_id = f"{random.getrandbits(64):x}"
        if number % 3:
            said = Dismissal(event_id, user_id, ts, reason="not_interested", product_id=product_id)
            evidence.join(said)
        else:
            line = [OrderProduct(product_id)]
            evidence.join(Purchase(event_id, user_id, ts, "order_completed", event_id, line))
    claims = Reading(evidence, policy, Catalog()).claims()
    return orjson.dumps(list_of(user_id, claims, [], evidence.newest, NOW, policy.version))


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


def punctual_loop() -> asyncio.AbstractEventLoop:
    """One that waits for microseconds: with epoll, requests would be sent up to 1 ms late."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


class Asking(asyncio.Protocol):
    """A connection on which one request after the other is sent.

    With streams, sending would take as much of the machine as answering does.
    """

    def __init__(self) -> None:
        self._answered: asyncio.Future[None] | None = None
        self._received = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A piece of an answer."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) == int(LENGTH.search(head)[1]):  # type: ignore[index]
            assert head.startswith(b"HTTP/1.1 200"), head
            self._received = b""
            self._answered.set_result(None)

    def ask(self, message: bytes) -> asyncio.Future[None]:
        """Send a request; the future is done when all of the answer is there."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        return self._answered

    def close(self) -> None:
        """Send no more."""
        self._transport.close()


async def ask(port: int, persons: int, seconds: float) -> tuple[list[float], list[float]]:
    """Send requests when they are due; how long each answer took since then, in seconds.

    And how long after that each was sent: the machine may have had no time for that either.
    """
    random = Random(11)
    count, warm_up = round(RATE * seconds), round(RATE * min(WARM_UP_SECONDS, seconds / 2))
    messages = [a_request(random, persons) for _ in range(count)]
    waits: list[float] = []
    late: list[float] = []
    gc.freeze()  # the messages are not to be looked at while answers are timed
    begun = monotonic() + 0.5

    async def connection(first: int) -> None:
        loop = asyncio.get_running_loop()
        _, asking = await loop.create_connection(Asking, "127.0.0.1", port)
        for number in range(first, count, CONNECTIONS):
            due = begun + number / RATE
            await asyncio.sleep(due - monotonic())
            sent = monotonic()
            await asking.ask(messages[number])
            if number >= warm_up:
                waits.append(monotonic() - due)
                late.append(sent - due)
        asking.close()

    await asyncio.gather(*map(connection, range(CONNECTIONS)))
    return waits, late


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
    head = f"POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
