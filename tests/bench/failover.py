"""From kill -9 of a worker to the next records of its partitions.

Two workers, a request for every partition every 20 ms. One worker is killed; what counts is when
each of its partitions has a decision again, for readers that read at once and for those that read
committed records only.
"""

import threading
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack
from functools import partial
from statistics import median
from time import monotonic, time
from typing import Any, NamedTuple

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.kafka.partitioner import partition_of
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings
from tests.bench.deployed import deployed
from tests.bench.figures import Bench, Figure, Goal
from tests.integration.deployment import Deployment
from tests.waiting import wait_until

PARTITIONS = 8
PAUSE_SECONDS = 0.02
PERSONS = 2_000
GOAL = Goal(10, 5)
VARIANTS: dict[str, dict[str, Any]] = {
    "with a standby": {"standbys": 1},
    "without a standby": {"standbys": 0},
    "with a standby, session of 6 s": {"standbys": 1, "session_seconds": 6},
    "started again at once": {"standbys": 1},
}


class Gap(NamedTuple):
    """Seconds from the kill to the next decision."""

    at_once_first: float
    at_once_last: float
    """Of the last of the partitions, read uncommitted."""
    committed_first: float
    committed_last: float


def measure(bench: Bench) -> Iterator[Figure]:
    """Kill a worker in every variant, in turn; of its partitions the first and the last count."""
    gaps: dict[str, list[Gap]] = {name: [] for name in VARIANTS}
    records = list(simulate(persons=max(100, round(PERSONS * bench.scale)), partitions=PARTITIONS))
    for turn in range(bench.rounds):
        for number, (name, settings) in enumerate(VARIANTS.items()):
            with deployed(bench, f"{turn}-{number}", PARTITIONS, DEMO_POLICY) as deployment:
                deployment.load(records)
                gaps[name].append(hand_over(deployment, settings, "again" in name))
    for name, found in gaps.items():
        gap = Gap(*(median(column) for column in zip(*found, strict=True)))
        goal = GOAL if "with a standby" in name else None
        yield Figure(f"{name}: committed, last", gap.committed_last, "s", goal)
        yield Figure(f"{name}: committed, first", gap.committed_first, "s")
        yield Figure(f"{name}: read at once, last", gap.at_once_last, "s")
        yield Figure(f"{name}: read at once, first", gap.at_once_first, "s")


def hand_over(deployment: Deployment, settings: dict[str, Any], restart: bool) -> Gap:
    """Kill one of two workers; `restart` starts it again as the same static member."""
    with ExitStack() as stack:
        killed, _ = (stack.enter_context(deployment.worker(n, **settings)) for n in "ab")
        deployment.wait_until_consumed(killed)
        wait_until(lambda: len(assigned(deployment.settings)) == 2, "both workers at work")
        stack.callback(stream(deployment.settings))
        readers = [
            stack.enter_context(DecisionReader(deployment.settings, isolation))
            for isolation in ("read_uncommitted", "read_committed")
        ]
        everywhere = set(range(PARTITIONS))
        for reader in readers:
            reader.since(time())
            wait_until(partial(reader.has_seen, everywhere), "steady decisions")
        affected = assigned(deployment.settings)["a"]
        killed.process.kill()
        began, at = monotonic(), time()
        killed.process.wait()
        for reader in readers:
            reader.since(at)
        if restart:
            stack.enter_context(deployment.worker("a", **settings))
        for reader in readers:
            wait_until(partial(reader.has_seen, affected), "decisions", 120)
        uncommitted, committed = (
            [reader.seen[number] - began for number in affected] for reader in readers
        )
        return Gap(min(uncommitted), max(uncommitted), min(committed), max(committed))


def assigned(settings: Settings) -> dict[str, set[int]]:
    """The partition numbers that each static member of the group works on, if any."""
    admin = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    [answer] = admin.describe_consumer_groups([settings.application]).values()
    members = {
        member.group_instance_id: {each.partition for each in member.assignment.topic_partitions}
        for member in answer.result(10).members
    }
    return {instance: numbers for instance, numbers in members.items() if numbers}


def stream(settings: Settings) -> Callable[[], None]:
    """Send requests of one person in each partition until what is returned is called."""
    people: dict[int, str] = {}
    for number in range(1_000):
        people.setdefault(partition_of(b"visitor-%d" % number, PARTITIONS), f"visitor-{number}")
    producer = Producer({"bootstrap.servers": settings.kafka.brokers})
    stopped = threading.Event()

    def send() -> None:
        sent = 0
        while not stopped.wait(PAUSE_SECONDS):
            for number, person in people.items():
                sent += 1
                now = int(time() * 1000)
                request = {"request_id": f"live-{sent}", "candidates": [{"product_id": "p1"}]}
                producer.produce(
                    settings.topic("impression-requests"),
                    orjson.dumps({"user_id": person, "ts": now, **request}),
                    person.encode(),
                    number,
                )
            producer.poll(0)

    thread = threading.Thread(target=send)
    thread.start()

    def stop() -> None:
        stopped.set()
        thread.join()
        producer.flush(10)

    return stop


class DecisionReader:
    """Notes when each partition's first decision was read that was sent after some time."""

    def __init__(self, settings: Settings, isolation: str) -> None:
        self.seen: dict[int, float] = {}
        """When, by the monotonic clock, by partition."""
        self._after = 0.0
        self._stopped = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka.brokers,
                "group.id": "reader",
                "enable.auto.commit": False,
                "isolation.level": isolation,
                "fetch.wait.max.ms": 10,
            }
        )
        topic = settings.topic("decisions")
        self._consumer.assign([TopicPartition(topic, n, 0) for n in range(PARTITIONS)])
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "DecisionReader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._consumer.close()

    def since(self, seconds: float) -> None:
        """Begin anew, with what is sent from this time of the wall's clock on."""
        self._after = seconds * 1000
        self.seen = {}

    def has_seen(self, partitions: Set[int]) -> bool:
        """Whether there was one in each of these partitions."""
        return partitions <= self.seen.keys()

    def _run(self) -> None:
        while not self._stopped.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.timestamp()[1] > self._after:
                number: Any = message.partition()
                self.seen.setdefault(number, monotonic())
