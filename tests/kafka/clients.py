"""Short ways to speak to a broker, so that each test shows only what matters to it."""

import uuid
from collections.abc import Iterable
from contextlib import closing
from time import monotonic
from typing import Any, NamedTuple

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec

from tests.waiting import wait_until

SECONDS = 20
"""How long to wait for a broker before the test fails."""


class Read(NamedTuple):
    """What a reader was given of partition 0, up to where it was told that the partition ends."""

    messages: list[Any]
    end: int

    @property
    def values(self) -> list[bytes | None]:
        return [message.value() for message in self.messages]


def unique(name: str) -> str:
    """A name that nobody else uses."""
    return f"{name}-{uuid.uuid4().hex[:12]}"


def create_topic(broker: str, partitions: int = 1, **config: str) -> str:
    """Create a topic and return its name; `config` is Kafka's, with _ for the dots."""
    name = unique("topic")
    settings = {key.replace("_", "."): value for key, value in config.items()}
    create_new(
        AdminClient({"bootstrap.servers": broker}), NewTopic(name, partitions, 1, config=settings)
    )
    return name


def create_new(client: Any, *topics: NewTopic) -> None:
    """Create topics and wait until the broker lists them, a moment later if it is busy."""
    created = client.create_topics([*topics])
    for future in created.values():
        future.result(SECONDS)
    wait_until(
        lambda: created.keys() <= client.list_topics(timeout=SECONDS).topics.keys(), "new topics"
    )


def send(broker: str, topic: str, *values: bytes | None, key: bytes | None = None) -> None:
    """Send values to partition 0. Raises `KafkaException` when the broker does not take them."""
    producer = Producer({"bootstrap.servers": broker, "linger.ms": 0, "log_level": 0})
    failures: list[KafkaError] = []
    for value in values:
        producer.produce(
            topic, value, key, 0, on_delivery=lambda error, _: error and failures.append(error)
        )
    assert producer.flush(SECONDS) == 0
    if failures:
        raise KafkaException(failures[0])


def transaction(broker: str, name: str, **settings: object) -> Producer:
    """A producer whose transaction is open; `settings` are Kafka's, with _ for the dots."""
    producer = Producer(
        {
            "bootstrap.servers": broker,
            "transactional.id": name,
            "log_level": 0,
            **{key.replace("_", "."): value for key, value in settings.items()},
        }
    )
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    return producer


def commit(producer: Producer, broker: str, topic: str) -> None:
    """Commit, and wait until a reader sees it: a broker answers before it has told partition 0."""
    producer.commit_transaction(SECONDS)
    _wait_until_ended(broker, topic)


def abort(producer: Producer, broker: str, topic: str) -> None:
    """Abort, and wait until that is known to partition 0."""
    producer.abort_transaction(SECONDS)
    _wait_until_ended(broker, topic)


def _wait_until_ended(broker: str, topic: str) -> None:
    wait_until(
        lambda: read(broker, topic).end == read(broker, topic, committed=False).end,
        "the end of the transaction",
        SECONDS,
    )


def wait_until_none_is_open(broker: str, topic: str, partitions: int) -> None:
    """Wait until Apache Kafka shows the end of every transaction that wrote to a topic.

    It answers who commits before it has told the partitions.
    """

    def is_ended(number: int) -> bool:
        committed = last_offset(broker, topic, IsolationLevel.READ_COMMITTED, number)
        return committed == last_offset(broker, topic, IsolationLevel.READ_UNCOMMITTED, number)

    wait_until(
        lambda: all(map(is_ended, range(partitions))), "the end of all transactions", SECONDS
    )


def read(broker: str, topic: str, *, committed: bool = True) -> Read:
    """Read partition 0 from its beginning to its end, as told to a reader of this kind."""
    messages = []
    with closing(Consumer(_reader(broker, "reader", committed))) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        deadline = monotonic() + SECONDS
        while monotonic() < deadline:
            for message in consumer.consume(1_000, 0.1):
                error = message.error()
                if error is None:
                    messages.append(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    return Read(messages, message.offset())
                else:
                    raise AssertionError(error)
    raise TimeoutError(f"the end of {topic} was not told; {len(messages)} records were")


def committed_offset(broker: str, group: str, topic: str) -> int | None:
    """Where a group stands in partition 0; None where it never committed."""
    with closing(Consumer(_reader(broker, group, committed=True))) as consumer:
        [committed_partition] = consumer.committed([TopicPartition(topic, 0)], SECONDS)
    return committed_partition.offset if committed_partition.offset >= 0 else None


def commit_offset(broker: str, group: str, topic: str, offset: int) -> None:
    """Commit for a group that nobody is in."""
    with closing(Consumer(_reader(broker, group, committed=True))) as consumer:
        consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)


def member(broker: str, group: str, topic: str) -> Consumer:
    """A member of a group that wants a topic."""
    consumer = Consumer({**_reader(broker, group, committed=True), "heartbeat.interval.ms": 500})
    consumer.subscribe([topic])
    return consumer


def topic_config(broker: str, topic: str, names: Iterable[str]) -> dict[str, str | None]:
    """What a broker tells of a topic's configuration, of these names only."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    client = AdminClient({"bootstrap.servers": broker})
    entries = client.describe_configs([resource])[resource].result(SECONDS)
    return {name: entries[name].value if name in entries else None for name in names}


def last_offset(broker: str, topic: str, isolation: IsolationLevel, partition: int = 0) -> int:
    """Where a partition ends for readers of this kind, as the broker lists it."""
    topic_partition = TopicPartition(topic, partition)
    client = AdminClient({"bootstrap.servers": broker})
    asked = client.list_offsets({topic_partition: OffsetSpec.latest()}, isolation_level=isolation)
    return int(asked[topic_partition].result(SECONDS).offset)


def _reader(broker: str, group: str, committed: bool) -> dict[str, Any]:
    return {
        "bootstrap.servers": broker,
        "group.id": group,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed" if committed else "read_uncommitted",
        "fetch.wait.max.ms": 10,
        "log_level": 0,
    }
