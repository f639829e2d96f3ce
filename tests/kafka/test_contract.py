"""What a worker relies on in a broker, and which of it the embedded broker does not do."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, IsolationLevel, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.demo.embedded_broker import EmbeddedBroker
from streams.engine.checkpoint.exactly_once import Fenced, TransactionalProducer
from streams.kafka.group_metadata import GroupMetadata
from streams.settings import KafkaSettings, Settings
from tests.kafka.clients import (
    SECONDS,
    abort,
    commit,
    commit_offset,
    committed_offset,
    create_topic,
    last_offset,
    member,
    read,
    send,
    topic_config,
    transaction,
    unique,
)
from tests.kafka.cluster import KafkaCluster
from tests.kafka.installation import require_kafka
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

Test = Callable[..., None]


def on_both(test: Test) -> Test:
    """Both brokers keep this."""
    return _on(test)


def not_embedded(what_it_does: str) -> Callable[[Test], Test]:
    """Only Apache Kafka keeps this; should the embedded broker come to keep it, the test fails."""
    difference = pytest.mark.xfail(reason=f"the embedded broker {what_it_does}", strict=True)
    return lambda test: _on(test, difference)


def not_tried_embedded(what_it_does: str) -> Callable[[Test], Test]:
    """Only Apache Kafka can be relied on for this; the embedded broker would hold the tests up."""
    difference = pytest.mark.xfail(reason=f"the embedded broker {what_it_does}", run=False)
    return lambda test: _on(test, difference)


def _on(test: Test, *marks_of_embedded: Any) -> Test:
    embedded = pytest.param("embedded", marks=marks_of_embedded)
    return pytest.mark.parametrize("broker", [embedded, "kafka"], indirect=True)(test)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """A broker to do harm to."""
    require_kafka()
    with KafkaCluster(tmp_path_factory.mktemp("own-broker")) as cluster:
        yield cluster


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> str:
    """The address of the broker that is asked for."""
    return str(request.getfixturevalue(request.param).address)


@pytest.fixture
def patience(request: pytest.FixtureRequest) -> float:
    """For how many seconds to wait: briefly where it is known that nothing will come of it."""
    return 3 if request.node.callspec.params["broker"] == "embedded" else SECONDS


# --- records -------------------------------------------------------------------------------------


@on_both
def test_a_record_is_read_as_it_was_sent(broker: str) -> None:
    topic = create_topic(broker)
    producer = Producer({"bootstrap.servers": broker})
    headers = [("a", b"1"), ("a", b""), ("\u00e4", b"\xff")]
    producer.produce(topic, b"value", b"key", 0, timestamp=1_700_000_000_123, headers=headers)
    producer.produce(topic, None, b"key", 0, timestamp=1)
    assert producer.flush(SECONDS) == 0
    first, tombstone = read(broker, topic).messages
    assert (first.key(), first.value(), first.headers()) == (b"key", b"value", headers)
    assert first.timestamp()[1] == 1_700_000_000_123
    assert (tombstone.key(), tombstone.value()) == (b"key", None)


@on_both
def test_a_partition_keeps_the_order_and_numbers_it_without_gaps(broker: str) -> None:
    topic = create_topic(broker)
    values = [b"%d" % number for number in range(1_000)]
    send(broker, topic, *values)
    messages, end = read(broker, topic)
    assert [message.value() for message in messages] == values
    assert [message.offset() for message in messages] == list(range(1_000))
    assert end == 1_000


@on_both
def test_the_end_of_an_empty_partition_is_told(broker: str) -> None:
    assert read(broker, create_topic(broker)) == ([], 0)


@not_embedded("takes records that are larger than the topic allows")
def test_a_record_that_is_larger_than_the_topic_allows_is_refused(broker: str) -> None:
    topic = create_topic(broker, max_message_bytes="1000")
    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        send(broker, topic, b"x" * 2_000)
    assert read(broker, topic).values == []


# --- topics --------------------------------------------------------------------------------------


@on_both
def test_a_topic_has_the_configuration_that_it_was_created_with(broker: str) -> None:
    config = {"cleanup.policy": "compact", "retention.ms": "7000", "segment.bytes": "104857600"}
    topic = create_topic(broker, **{name.replace(".", "_"): v for name, v in config.items()})
    assert topic_config(broker, topic, config) == config


@not_embedded("creates it")
def test_a_topic_is_not_created_by_being_asked_for(broker: str) -> None:
    topic = unique("missing")
    client = AdminClient({"bootstrap.servers": broker})
    client.list_topics(topic, SECONDS)
    assert topic not in client.list_topics(timeout=SECONDS).topics


@not_embedded("keeps every record")
def test_compaction_leaves_the_last_record_of_each_key(broker: str, patience: float) -> None:
    topic = create_topic(
        broker,
        cleanup_policy="compact",
        min_cleanable_dirty_ratio="0.01",
        segment_ms="1",
        delete_retention_ms="1",
    )
    send(broker, topic, b"1", b"2", b"3", key=b"a")
    send(broker, topic, b"1", None, key=b"b")

    def left() -> list[tuple[bytes, bytes | None]]:
        send(broker, topic, b"", key=b"filler")  # only what is before the last record is compacted
        messages = read(broker, topic).messages
        return [(m.key(), m.value()) for m in messages if m.key() != b"filler"]

    wait_until(lambda: left() == [(b"a", b"3")], "compaction", patience)


# --- groups --------------------------------------------------------------------------------------


@on_both
def test_a_group_finds_the_offset_that_it_committed(broker: str) -> None:
    topic, group = create_topic(broker), unique("group")
    assert committed_offset(broker, group, topic) is None
    commit_offset(broker, group, topic, 7)
    assert committed_offset(broker, group, topic) == 7
    assert committed_offset(broker, unique("group"), topic) is None


@not_tried_embedded("takes many seconds to let a second one in, and at times hangs")
def test_the_members_of_a_group_share_the_partitions(broker: str) -> None:
    topic, group = create_topic(broker, partitions=2), unique("group")
    with closing(member(broker, group, topic)) as one, closing(member(broker, group, topic)) as two:

        def are_shared() -> bool:
            one.poll(0.05)
            two.poll(0.05)
            shares = [
                {partition.partition for partition in each.assignment()} for each in (one, two)
            ]
            return sorted(shares, key=list) == [{0}, {1}]

        wait_until(are_shared, "a share for each", SECONDS)


# --- transactions --------------------------------------------------------------------------------


@on_both
def test_what_a_transaction_has_committed_is_read(broker: str) -> None:
    topic = create_topic(broker)
    producer = transaction(broker, unique("id"))
    producer.produce(topic, b"committed", partition=0)
    commit(producer, broker, topic)
    assert read(broker, topic).values == [b"committed"]


@on_both
def test_an_open_transaction_shows_only_to_who_reads_uncommitted(broker: str) -> None:
    topic = create_topic(broker)
    send(broker, topic, b"before")
    producer = transaction(broker, unique("id"))
    producer.produce(topic, b"open", partition=0)
    assert producer.flush(SECONDS) == 0
    send(broker, topic, b"after")
    assert read(broker, topic, committed=False).values == [b"before", b"open", b"after"]
    before = read(broker, topic)
    assert (before.values, before.end) == ([b"before"], 1)
    commit(producer, broker, topic)
    assert read(broker, topic).values == [b"before", b"open", b"after"]


@not_embedded("shows aborted records to who reads committed ones")
def test_what_a_transaction_has_aborted_is_not_read(broker: str) -> None:
    topic = create_topic(broker)
    producer = transaction(broker, unique("id"))
    producer.produce(topic, b"aborted", partition=0)
    assert producer.flush(SECONDS) == 0
    abort(producer, broker, topic)
    producer.begin_transaction()
    producer.produce(topic, b"committed", partition=0)
    commit(producer, broker, topic)
    assert read(broker, topic).values == [b"committed"]


@on_both
def test_the_end_of_a_partition_is_behind_the_marker_of_its_last_transaction(broker: str) -> None:
    topic = create_topic(broker)
    producer = transaction(broker, unique("id"))
    producer.produce(topic, b"committed", partition=0)
    commit(producer, broker, topic)
    messages, end = read(broker, topic)
    assert [message.offset() for message in messages] == [0]
    assert end == 2


@not_embedded("lists the first offset as the last while a transaction is open")
def test_the_last_offset_depends_on_the_isolation_level(broker: str) -> None:
    topic = create_topic(broker)
    send(broker, topic, b"before")
    producer = transaction(broker, unique("id"))
    producer.produce(topic, b"open", partition=0)
    assert producer.flush(SECONDS) == 0
    assert last_offset(broker, topic, IsolationLevel.READ_COMMITTED) == 1
    assert last_offset(broker, topic, IsolationLevel.READ_UNCOMMITTED) == 2
    abort(producer, broker, topic)
    assert last_offset(broker, topic, IsolationLevel.READ_COMMITTED) == 3


@not_embedded("lists the offset behind the first record of the last batch")
def test_the_last_offset_is_behind_the_last_record(broker: str) -> None:
    topic = create_topic(broker)
    send(broker, topic, b"1", b"2", b"3")
    assert last_offset(broker, topic, IsolationLevel.READ_COMMITTED) == 3


@on_both
def test_offsets_are_committed_with_their_transaction_and_not_before(broker: str) -> None:
    topic, group = create_topic(broker), unique("group")
    commit_offset(broker, group, topic, 1)
    producer = transaction(broker, unique("id"))
    producer.produce(topic, b"aborted", partition=0)
    producer.send_offsets_to_transaction([TopicPartition(topic, 0, 2)], nobody(group), SECONDS)
    abort(producer, broker, topic)
    assert committed_offset(broker, group, topic) == 1
    producer.begin_transaction()
    producer.produce(topic, b"committed", partition=0)
    producer.send_offsets_to_transaction([TopicPartition(topic, 0, 3)], nobody(group), SECONDS)
    commit(producer, broker, topic)
    assert committed_offset(broker, group, topic) == 3


@not_embedded("neither refuses nor answers it")
def test_a_producer_is_fenced_by_the_next_one_of_its_name(broker: str, patience: float) -> None:
    topic, name = create_topic(broker), unique("id")
    first = transaction(broker, name)
    first.produce(topic, b"first", partition=0)
    assert first.flush(SECONDS) == 0
    second = transaction(broker, name)
    with pytest.raises(KafkaException, match="fenced"):
        first.commit_transaction(patience)
    second.produce(topic, b"second", partition=0)
    commit(second, broker, topic)
    assert b"second" in read(broker, topic).values


@not_embedded("lets it stay open for ever")
def test_a_transaction_that_nobody_ends_is_aborted_when_its_time_is_up(
    broker: str, patience: float
) -> None:
    topic = create_topic(broker)
    producer = transaction(broker, unique("id"), transaction_timeout_ms=1_000)
    producer.produce(topic, b"left behind", partition=0)
    assert producer.flush(SECONDS) == 0
    send(broker, topic, b"after")
    wait_until(lambda: read(broker, topic).values == [b"after"], "the abort", patience)


@not_embedded("takes offsets from members that the group does not have")
def test_a_stranger_to_the_group_commits_nothing(broker: str) -> None:
    topic, group = create_topic(broker), unique("group")
    commit_offset(broker, group, topic, 1)
    output = TransactionalProducer(
        Settings(kafka=KafkaSettings(brokers=broker), application=unique("application"))
    )
    output.send(topic, 0, None, b"of nobody")
    with pytest.raises(Fenced):
        output.commit({(topic, 0): 2}, GroupMetadata(group, 1, "somebody-else", None))
    output.close()
    assert committed_offset(broker, group, topic) == 1
    assert read(broker, topic).values == []


def test_a_member_of_a_former_generation_commits_nothing(kafka: KafkaCluster) -> None:
    broker = kafka.address
    topic, group = create_topic(broker), unique("group")
    output = TransactionalProducer(
        Settings(kafka=KafkaSettings(brokers=broker), application=unique("application"))
    )
    with closing(member(broker, group, topic)) as consumer:
        current = membership_of(consumer, group)
        output.send(topic, 0, None, b"of now")
        output.commit({(topic, 0): 1}, current)
        output.send(topic, 0, None, b"of before")
        with pytest.raises(Fenced):
            output.commit({(topic, 0): 2}, current._replace(generation=current.generation - 1))
    output.close()
    assert committed_offset(broker, group, topic) == 1
    assert read(broker, topic).values == [b"of now"]


# --- restarts ------------------------------------------------------------------------------------


def test_records_and_offsets_outlast_a_restart_of_the_broker(own_broker: KafkaCluster) -> None:
    topic, group = create_topic(own_broker.address), unique("group")
    send(own_broker.address, topic, b"kept")
    commit_offset(own_broker.address, group, topic, 1)
    own_broker.stop(1)
    own_broker.start(1)
    assert read(own_broker.address, topic).values == [b"kept"]
    assert committed_offset(own_broker.address, group, topic) == 1


def test_what_is_acknowledged_outlasts_the_brokers_death(own_broker: KafkaCluster) -> None:
    topic = create_topic(own_broker.address)
    send(own_broker.address, topic, b"kept")
    own_broker.kill(1)
    own_broker.start(1)
    assert read(own_broker.address, topic).values == [b"kept"]


def test_the_embedded_broker_keeps_nothing_over_a_restart(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as first:
        topic = create_topic(first.address)
    with EmbeddedBroker(tmp_path) as second:
        client = AdminClient({"bootstrap.servers": second.address})
        assert topic not in client.list_topics(timeout=SECONDS).topics


def nobody(group: str) -> bytes:
    """Of a producer whose group has no members."""
    return GroupMetadata(group, -1, "", None).to_bytes()


def membership_of(consumer: Consumer, group: str) -> GroupMetadata:
    """The membership of a consumer, once it has one."""
    wait_until(
        lambda: consumer.poll(0.1) is not None or bool(consumer.assignment()), "an assignment"
    )
    encoded = bytes(consumer.consumer_group_metadata())
    generation = int.from_bytes(encoded.removeprefix(b"CGMDv2:")[:4], "little", signed=True)
    membership = GroupMetadata(group, generation, consumer.memberid(), None)
    assert membership.to_bytes() == encoded
    return membership
