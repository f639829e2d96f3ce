"""From a request to its decision and from a purchase to its list, at a steady load.

One worker; broker, sender and two readers, of committed and of uncommitted records, each in a
process of its own, share the machine with it. Events come when they are due (`live`). The load is
a share of the rate at which a worker of default settings worked off a backlog just before, with
only the broker beside it. What sender and readers take of the machine makes the figures worse.
Kafka Streams bears the same load with the same interval between commits.
"""

import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from math import ceil
from pathlib import Path
from time import time
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import Consumer, TopicPartition

from streams.recording.files import RecordedRecord
from streams.settings import Settings
from streams.supervision.worker_process import WorkerProcess
from tests.bench.contenders import UNHAUNT, Contender, kafka_streams
from tests.bench.deployed import deployed
from tests.bench.draining import Draining
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.live import Answers, Arrivals, Load, Sent, read, send
from tests.bench.processor import Use, readings_until, use
from tests.bench.rate import rate
from tests.bench.workload import Crowd, mixed

PARTITIONS = 8
BACKLOG = 300_000
SECONDS = 30.0
WARM_UP_SECONDS = 10.0
"""At the beginning of the load, in which nothing counts yet: the broker is still compiling."""
CROWD = Crowd()
SHARES = {"1/10": 1 / 10, "1/3": 1 / 3, "2/3": 2 / 3}
"""Of the full rate."""
PERCENTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
GOAL = Goal(1, 0.5)
"""Of what is waited, against Kafka Streams."""
COMPARED = ("p50", "p99")
RARER = 5 * Settings().checkpoint_milliseconds


class Variant(NamedTuple):
    """A worker, and the loads that it has to bear."""

    name: str
    settings: Mapping[str, Any]
    """Other than the default ones."""
    shares: tuple[str, ...]
    contender: Contender = UNHAUNT


class Borne(NamedTuple):
    """What came of a load."""

    load: Load
    sent: Sent
    answers: Mapping[str, Answers]
    """By isolation level."""
    use: Use


Waits = dict[tuple[str, str, str], float]
"""Milliseconds by isolation level, by whether for a decision or a list, and by percentile."""


def measure(bench: Bench) -> Iterator[Figure]:
    """The default settings under all loads, then others and a rival under some of them."""
    full_rate: float | None = None
    waits: dict[tuple[str, str], Waits] = {}
    ours, *others = variants(bench.folder.parent)
    for number, variant in enumerate((ours, *others)):
        events = round(BACKLOG * bench.scale)
        with deployed(bench, str(number), PARTITIONS) as deployment:
            # It ends now: what is live must not make it expire.
            deployment.load(shifted(mixed(events, PARTITIONS, crowd=CROWD)))
            draining = Draining(bench.kafka, deployment, variant.contender)
            program = variant.contender.program
            with deployment.worker(program=program, **variant.settings) as worker:
                drained = rate(draining.wait(worker), events)
                full_rate = full_rate or drained  # all of them have to bear the same load
                yield Figure(f"{variant.name}: full rate, of a backlog", drained, "events/s")
                for turn, share in enumerate(variant.shares, start=1):
                    load = Load(
                        deployment.settings,
                        PARTITIONS,
                        rate=full_rate * SHARES[share],
                        seconds=WARM_UP_SECONDS + SECONDS * bench.scale,
                        first=turn * 100_000_000,
                        crowd=CROWD,
                    )
                    borne = bear(bench, worker, variant.contender, load)
                    found = waits[variant.name, share] = waited(borne)
                    yield from figures(f"{variant.name}, {share}", borne, found)
        if variant.contender.is_rival:
            for share in variant.shares:
                mine, theirs = waits[ours.name, share], waits[variant.name, share]
                yield from compared(f"{share}, against {variant.name}", mine, theirs)


def variants(run: Path) -> list[Variant]:
    """The first is the default one, which the rival is compared with."""
    every = Settings().checkpoint_milliseconds
    return [
        Variant("exactly once", {}, ("1/10", "1/3", "2/3")),
        *(
            Variant(f"{rival.name}, commit {every} ms", {}, ("1/10", "1/3"), rival)
            for rival in kafka_streams(run)
        ),
        Variant(f"checkpoint {RARER} ms", {"checkpoint_milliseconds": RARER}, ("1/3",)),
        Variant("at least once", {"guarantee": "at_least_once"}, ("1/10", "1/3")),
    ]


def shifted(records: Iterator[RecordedRecord]) -> Iterator[RecordedRecord]:
    """A recording as if it had ended now; the ids of its events are not those of live ones."""
    recorded = list(records)
    by = round(time() * 1000) - recorded[-1].timestamp
    for record in recorded:
        text = bytes(record.json_value)
        moved = text.replace(b'"ts":%d' % record.timestamp, b'"ts":%d' % (record.timestamp + by))
        record.json_value = msgspec.Raw(moved)
        record.timestamp += by
        yield record


def bear(bench: Bench, worker: WorkerProcess, contender: Contender, load: Load) -> Borne:
    """Send and read, in processes of their own."""
    outputs = contender.outputs(load.settings)
    offsets = ends(load, outputs)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=context) as pool:
        readers = {
            isolation: pool.submit(read, load, outputs[0], offsets, f"read_{isolation}")
            for isolation in ("committed", "uncommitted")
        }
        sending = pool.submit(send, load)
        readings = readings_until(sending.done, worker, bench.kafka)
        sent = sending.result()
        used = use(readings, sent.began + WARM_UP_SECONDS, sent.began + load.seconds)
        answers = {isolation: reader.result() for isolation, reader in readers.items()}
    return Borne(load, sent, answers, used)


def ends(load: Load, outputs: list[str]) -> dict[tuple[str, int], int]:
    """Where the outputs end now."""
    brokers = {"bootstrap.servers": load.settings.kafka.brokers, "group.id": "bench"}
    consumer = Consumer(brokers)
    partitions = [(topic, number) for topic in outputs for number in range(load.partitions)]
    found = {
        partition: consumer.get_watermark_offsets(TopicPartition(*partition), timeout=30)[1]
        for partition in partitions
    }
    consumer.close()
    return found


def waited(borne: Borne) -> Waits:
    """The percentiles of what each reader saw."""
    return {
        (isolation, what, percent): 1000
        * percentile(since_due(borne.load, borne.sent.began, arrivals), part)
        for isolation, answers in borne.answers.items()
        for what, arrivals in (("decision", answers.decisions), ("list", answers.lists))
        for percent, part in PERCENTILES.items()
    }


def figures(name: str, borne: Borne, waits: Waits) -> Iterator[Figure]:
    """What a worker made of a load."""
    sent = borne.sent
    yield Figure(f"{name}: load", borne.load.rate, "events/s")
    yield Figure(f"{name}: processor time of the worker", borne.use.worker, "ms/s")
    yield Figure(f"{name}: processor time of the broker", borne.use.broker, "ms/s")
    yield Figure(f"{name}: sender late, p99", percentile(sent.lateness, 0.99) * 1000, "ms")
    for percent in ("p50", "p99"):
        acknowledged = percentile(sent.acknowledged, PERCENTILES[percent]) * 1000
        yield Figure(f"{name}: written to the broker, {percent}", acknowledged, "ms")
    for (isolation, what, percent), milliseconds in waits.items():
        yield Figure(f"{name}: {what} {percent}, {isolation}", milliseconds, "ms")


def compared(name: str, ours: Waits, theirs: Waits) -> Iterator[Figure]:
    """What readers of committed records wait, against what they wait for the rival."""
    for what in ("decision", "list"):
        for percent in COMPARED:
            key = "committed", what, percent
            goal = GOAL if name.startswith("1/3") else None
            yield Figure(f"{name}: {what} {percent}", ours[key] / theirs[key], "x", goal)


def since_due(load: Load, began: float, arrivals: Arrivals) -> list[float]:
    """Seconds from when each event was due to its answer, without the warm-up."""
    due_by_number = (
        ((number - load.first) / load.rate, arrived) for number, arrived in arrivals.items()
    )
    return [arrived - began - due for due, arrived in due_by_number if due >= WARM_UP_SECONDS]


def percentile(values: list[float], share: float) -> float:
    """The least value that this share of all values does not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
