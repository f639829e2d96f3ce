"""An open loop: events that come when they are due, however far the worker is.

Sender and readers are meant for processes of their own. What is measured counts from when an event
was due and not from when it was sent, so a stall of whoever it may be counts for each event that
was due in it.
"""

import gc
import re
from collections.abc import Iterator, Mapping
from functools import partial
from random import Random
from time import monotonic, sleep, time
from typing import NamedTuple

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from streams.kafka.clients import client_settings
from streams.kafka.partitioner import partition_of
from streams.settings import Settings
from tests.bench.workload import REFERENCE, Crowd, value

SEND_EVERY_SECONDS = 0.001
LINGER_MILLISECONDS = 5
"""What confluent-kafka does by itself. With 1, the broker of a small machine was seen to be busy
with requests of one record each long before the worker was."""
ONE_IN = 10
"""Of so many events one is looked at when the broker acknowledges it."""
PREPARATION_SECONDS = 3
"""Between the making of the events and the first that is due, so that the readers are there."""
SILENT_SECONDS = 60
"""A reader that hears nothing for so long gives up."""

REQUEST = re.compile(rb'"request_id":"r(\d+)"')
PURCHASE = re.compile(rb'"e(\d+)"')
"""An event's id in the `because` of a list."""

Arrivals = dict[int, float]
"""When the answer to an event was read, on the monotonic clock, by the event's number."""


class Load(NamedTuple):
    """What is sent: the reference mix of these persons at a steady pace."""

    settings: Settings
    partitions: int
    rate: float
    """Events a second."""
    seconds: float
    first: int
    """Number of the first event: ids are made of it."""
    crowd: Crowd

    @property
    def numbers(self) -> range:
        """Of all events."""
        return range(self.first, self.first + round(self.rate * self.seconds))

    def topics(self) -> list[str]:
        """Of each event."""
        random = Random(self.first)
        return random.choices([*REFERENCE], [*REFERENCE.values()], k=len(self.numbers))

    def of(self, topic: str) -> set[int]:
        """The numbers of the events of a topic."""
        pairs = zip(self.numbers, self.topics(), strict=True)
        return {number for number, its_topic in pairs if its_topic == topic}


class Sent(NamedTuple):
    """What the sender did."""

    began: float
    """When the first event was due, on the monotonic clock, which all processes share."""
    lateness: list[float]
    """Seconds by which each event was handed to the client after it was due."""
    acknowledged: list[float]
    """Seconds until the broker had taken an event after it was due, of some of them."""


class Answers(NamedTuple):
    """What a reader saw."""

    decisions: Arrivals
    lists: Arrivals
    """By purchase, the first list that names it."""


def send(load: Load) -> Sent:
    """Send every event once it is due, with that time as its event time."""
    events = list(events_of(load))
    producer = Producer(
        {
            **client_settings(load.settings),
            "linger.ms": LINGER_MILLISECONDS,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    producer.list_topics(timeout=30)  # what the first record of all would wait for
    gc.freeze()
    lateness: list[float] = []
    acknowledged: list[float] = []
    began, at = monotonic() + PREPARATION_SECONDS, (time() + PREPARATION_SECONDS) * 1000
    while len(lateness) < len(events):
        now = monotonic()
        due = min(len(events), int((now - began) * load.rate) + 1 if now >= began else 0)
        for number in range(len(lateness), due):
            offset = number / load.rate
            topic, key, partition, before, after = events[number]
            content = b"%b%d%b" % (before, at + offset * 1000, after)
            note = None
            if number % ONE_IN == 0:
                note = partial(_note_acknowledged, acknowledged, began + offset)
            producer.produce(topic, content, key, partition, on_delivery=note)
            lateness.append(now - began - offset)
        producer.poll(0)
        sleep(SEND_EVERY_SECONDS)
    if producer.flush(30):
        raise TimeoutError("the broker did not take all that was sent")
    return Sent(began, lateness, acknowledged)


def _note_acknowledged(noted: list[float], due: float, error: object, _: object) -> None:
    if error is not None:
        raise RuntimeError(f"the broker did not take an event: {error}")
    noted.append(monotonic() - due)


def read(
    load: Load, decisions: str, offsets: Mapping[tuple[str, int], int], isolation: str
) -> Answers:
    """Read decisions and lists from these offsets on until every event has its answer.

    `decisions` is the topic of the decisions; what is on another one of the offsets' is a list.

    Raises `TimeoutError` when nothing comes any more and some are missing.
    """
    requests, purchases = load.of("impression-requests"), load.of("purchases")
    answers = Answers({}, {})
    consumer = Consumer(
        {
            **client_settings(load.settings),
            "group.id": f"{load.settings.application}-bench",
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "fetch.wait.max.ms": 10,
        }
    )
    consumer.assign([TopicPartition(*partition, offset) for partition, offset in offsets.items()])
    gc.freeze()
    heard = monotonic()
    while len(answers.decisions) < len(requests) or len(answers.lists) < len(purchases):
        first = consumer.poll(0.1)
        messages = [] if first is None else [first, *consumer.consume(5_000, 0)]
        now = monotonic()
        if messages:
            heard = now
        elif now - heard > SILENT_SECONDS:
            raise _missing(requests, purchases, answers)
        for message in messages:
            content = message.value()
            if message.error() is not None or content is None:
                continue
            if message.topic() == decisions:
                _note(REQUEST.findall(content), now, requests, answers.decisions)
            else:
                _note(PURCHASE.findall(content), now, purchases, answers.lists)
    consumer.close()
    return answers


def _missing(requests: set[int], purchases: set[int], answers: Answers) -> TimeoutError:
    decisions, lists = (
        len(requests - answers.decisions.keys()),
        len(purchases - answers.lists.keys()),
    )
    return TimeoutError(
        f"no decision came on {decisions:,} of {len(requests):,} requests, and no list on "
        f"{lists:,} of {len(purchases):,} purchases"
    )


def _note(ids: list[bytes], now: float, wanted: set[int], arrived: Arrivals) -> None:
    for number in map(int, ids):
        if number in wanted:
            arrived.setdefault(number, now)


def events_of(load: Load) -> Iterator[tuple[str, bytes, int, bytes, bytes]]:
    """Topic, key, partition, and the value before and after its event time."""
    random = Random(load.first + 1)
    for number, topic in zip(load.numbers, load.topics(), strict=True):
        key = b"u%06d" % random.randrange(load.crowd.persons)
        content = orjson.dumps(value(topic, number, 0, load.crowd, random))
        before, after = content.split(b'"ts":0')
        target = load.settings.topic(topic), key, partition_of(key, load.partitions)
        yield *target, before + b'"ts":', after
