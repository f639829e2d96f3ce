"""From a request to its decision and from a purchase to its list, at a steady load.

One worker; broker, sender and two readers, of committed and of uncommitted records, each in a
process of its own, share the machine with it. Events come when they are due (`live`). The load is
a share of the rate at which a worker of default settings worked off a backlog just before, with
only the broker beside it. What sender and readers take of the machine makes the figures worse.
"""

import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from math import ceil
from time import time
from typing import Any

import confluent_kafka
import msgspec
from confluent_kafka import Consumer

from streams.kafka.topic_partition import TopicPartition
from streams.recording.files import RecordedRecord
from streams.settings import Settings
from streams.supervision.worker_process import WorkerProcess
from tests.bench.backlog import deployed, drain
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.live import Answers, Arrivals, Load, Sent, read, send
from tests.bench.rate import rate
from tests.bench.workload import Crowd, mixed
from tests.integration.deployment import Deployment

PARTITIONS = 8
BACKLOG = 300_000
SECONDS = 30.0
WARM_UP_SECONDS = 10.0
"""At the beginning of the load, in which nothing counts yet: the broker is still compiling."""
CROWD = Crowd()
SHARES = {"1/10": 1 / 10, "1/3": 1 / 3, "2/3": 2 / 3}
PERCENTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
GOALS = {
    ("1/3", "decision", "p50"): Goal(10, 3),
    ("1/3", "decision", "p99"): Goal(50, 15),
    ("1/3", "list", "p99"): Goal(100, 25),
}
"""By share of the full rate."""
RARER = 5 * Settings().checkpoint_milliseconds
VARIANTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "exactly once": ({}, ("1/10", "1/3", "2/3")),
    f"checkpoint {RARER} ms": ({"checkpoint_milliseconds": RARER}, ("1/3",)),
    "at least once": ({"guarantee": "at_least_once"}, ("1/10", "1/3")),
}
"""Settings other than the default ones, and the loads that a worker with them has to bear."""


def measure(bench: Bench) -> Iterator[Figure]:
    """The default settings under all loads, then others under some of them."""
    full_rate: float | None = None
    for number, (variant, (settings, shares)) in enumerate(VARIANTS.items()):
        with (
            deployed(bench, str(number), PARTITIONS) as deployment,
            deployment.worker(**settings) as worker,
        ):
            drained = drained_rate(deployment, worker, round(BACKLOG * bench.scale))
            full_rate = full_rate or drained  # all of them have to bear the same load
            yield Figure(f"{variant}: full rate, of a backlog", drained, "events/s")
            for turn, share in enumerate(shares, start=1):
                load = Load(
                    deployment.settings,
                    PARTITIONS,
                    rate=full_rate * SHARES[share],
                    seconds=WARM_UP_SECONDS + SECONDS * bench.scale,
                    first=turn * 100_000_000,
                    crowd=CROWD,
                )
                yield from figures(f"{variant}, {share}", share, load, *bear(load))


def drained_rate(deployment: Deployment, worker: WorkerProcess, events: int) -> float:
    """How fast a backlog is worked off that ends now: what is live must not make it expire."""
    deployment.load(shifted(mixed(events, PARTITIONS, crowd=CROWD)))
    return rate(drain(deployment, worker), events)


def shifted(records: Iterator[RecordedRecord]) -> Iterator[RecordedRecord]:
    """A recording as if it had ended now; the ids of its events are not those of live ones."""
    records = list(records)
    by = round(time() * 1000) - records[-1].timestamp
    for record in records:
        text = bytes(record.json_value)
        moved = text.replace(b'"ts":%d' % record.timestamp, b'"ts":%d' % (record.timestamp + by))
        record.json_value = msgspec.Raw(moved)
        record.timestamp += by
        yield record


def bear(load: Load) -> tuple[Sent, Mapping[str, Answers]]:
    """Send and read, in processes of their own; the answers by isolation level."""
    offsets = ends(load)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=context) as pool:
        readers = {
            isolation: pool.submit(read, load, offsets, f"read_{isolation}")
            for isolation in ("committed", "uncommitted")
        }
        sent = pool.submit(send, load).result()
        return sent, {isolation: reader.result() for isolation, reader in readers.items()}


def ends(load: Load) -> dict[TopicPartition, int]:
    """Where the outputs end now."""
    brokers = {"bootstrap.servers": load.settings.kafka.brokers, "group.id": "bench"}
    consumer = Consumer(brokers)
    partitions = [
        TopicPartition(load.settings.topic(name), number)
        for name in ("decisions", "suppressions")
        for number in range(load.partitions)
    ]
    found = {
        each: consumer.get_watermark_offsets(confluent_kafka.TopicPartition(*each), timeout=30)[1]
        for each in partitions
    }
    consumer.close()
    return found


def figures(
    name: str, share: str, load: Load, sent: Sent, answers: Mapping[str, Answers]
) -> Iterator[Figure]:
    """The percentiles of what each reader saw."""
    yield Figure(f"{name}: load", load.rate, "events/s")
    yield Figure(f"{name}: sender late, p99", percentile(sent.lateness, 0.99) * 1000, "ms")
    for percent in ("p50", "p99"):
        waited = percentile(sent.acknowledged, PERCENTILES[percent]) * 1000
        yield Figure(f"{name}: taken by the broker, {percent}", waited, "ms")
    for isolation, (decisions, lists) in answers.items():
        for what, arrivals in (("decision", decisions), ("list", lists)):
            waited = since_due(load, sent.began, arrivals)
            for percent, part in PERCENTILES.items():
                milliseconds = percentile(waited, part) * 1000
                goal = GOALS.get((share, what, percent))
                yield Figure(f"{name}: {what} {percent}, {isolation}", milliseconds, "ms", goal)


def since_due(load: Load, began: float, arrivals: Arrivals) -> list[float]:
    """Seconds from when each event was due to its answer, without the warm-up."""
    due_by_number = (
        ((number - load.first) / load.rate, arrived) for number, arrived in arrivals.items()
    )
    return [arrived - began - due for due, arrived in due_by_number if due >= WARM_UP_SECONDS]


def percentile(values: list[float], share: float) -> float:
    """The least value that this share of all values does not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
