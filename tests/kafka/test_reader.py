"""What whoever reads partitions outside of the group relies on, on a real Kafka."""

import os
import signal
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, Producer
from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient

from streams.errors import UserError
from streams.kafka import bounded_reading
from streams.kafka.bounded_reading import bounds_of, committed_records
from streams.kafka.offsets import committed
from streams.kafka.reader import Fetched, Fetching, RecordsDeleted, TopicReader
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings
from tests.integration.conftest import settings_of
from tests.kafka.clients import SECONDS, abort, commit, create_topic, transaction, unique
from tests.kafka.cluster import KafkaCluster
from tests.kafka.installation import require_kafka
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

QUICK = Fetching(wait_ms=10)


class Topic:
    """A topic of two partitions that nobody else has."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = create_topic(settings.kafka.brokers, 2)
        self.first, self.second = TopicPartition(self.name, 0), TopicPartition(self.name, 1)

    def write(self, partition: TopicPartition, *values: bytes) -> None:
        producer = Producer({"bootstrap.servers": self.settings.kafka.brokers, "linger.ms": 0})
        for value in values:
            producer.produce(self.name, value, partition=partition.partition)
        assert producer.flush(SECONDS) == 0

    def begin(self, *values: bytes) -> Producer:
        """Write to the first partition in a transaction, which stays open."""
        producer = transaction(self.settings.kafka.brokers, unique("writer"))
        for value in values:
            producer.produce(self.name, value, partition=0)
        assert producer.flush(SECONDS) == 0
        return producer

    def commit(self, *values: bytes) -> None:
        commit(self.begin(*values), self.settings.kafka.brokers, self.name)

    def abort(self, *values: bytes) -> None:
        abort(self.begin(*values), self.settings.kafka.brokers, self.name)

    def delete_before(self, partition: TopicPartition, offset: int) -> None:
        client = AdminClient({"bootstrap.servers": self.settings.kafka.brokers})
        [deleted] = client.delete_records([ClientPartition(*partition, offset)]).values()
        deleted.result(SECONDS)


@pytest.fixture
def settings(kafka: KafkaCluster, tmp_path: Path) -> Settings:
    return settings_of(kafka.address, tmp_path)


@pytest.fixture
def topic(settings: Settings) -> Topic:
    return Topic(settings)


@pytest.fixture
def reader(settings: Settings) -> Iterator[TopicReader]:
    with TopicReader(settings, QUICK) as reader:
        yield reader


def to_the_ends(
    reader: TopicReader, *partitions: TopicPartition
) -> dict[TopicPartition, tuple[list[bytes], int]]:
    """The values of partitions up to their ends, and the positions of these."""
    values: dict[TopicPartition, list[bytes]] = defaultdict(list)
    ends: dict[TopicPartition, int] = {}

    def are_reached() -> bool:
        for partition, fetched in reader.consume(1_000, 0.1).items():
            values[partition] += [message.value() for message in fetched.records]
            if fetched.is_end:
                ends[partition] = fetched.position
        return ends.keys() >= set(partitions)

    wait_until(are_reached, "the ends of partitions", SECONDS)
    return {partition: (values[partition], ends[partition]) for partition in partitions}


def failure_of(reader: TopicReader) -> KafkaException:
    """What a read raises sooner or later."""
    failures: list[KafkaException] = []

    def has_failed() -> bool:
        try:
            reader.consume(1_000, 0.1)
        except KafkaException as failure:
            failures.append(failure)
        return bool(failures)

    wait_until(has_failed, "an error", SECONDS)
    return failures[0]


# --- what is read --------------------------------------------------------------------------------


def test_only_what_is_committed_is_read(topic: Topic, reader: TopicReader) -> None:
    topic.abort(b"aborted")
    topic.commit(b"committed")
    is_open = topic.begin(b"open")
    reader.assign({topic.first: 0})
    values, _ = to_the_ends(reader, topic.first)[topic.first]
    assert values == [b"committed"]
    is_open.abort_transaction(SECONDS)


def test_what_is_not_committed_yet_is_read_by_who_asks_for_it(topic: Topic) -> None:
    is_open = topic.begin(b"open")
    with TopicReader(topic.settings, QUICK, is_committed=False) as reader:
        reader.assign({topic.first: 0})
        assert to_the_ends(reader, topic.first) == {topic.first: ([b"open"], 1)}
    is_open.abort_transaction(SECONDS)


def test_the_end_is_reached_though_a_transaction_marker_lies_there(
    topic: Topic, reader: TopicReader
) -> None:
    topic.commit(b"1", b"2")
    reader.assign({topic.first: 0})
    assert to_the_ends(reader, topic.first) == {topic.first: ([b"1", b"2"], 3)}


def test_the_end_is_reached_though_all_was_aborted(topic: Topic, reader: TopicReader) -> None:
    topic.abort(b"1", b"2")
    reader.assign({topic.first: 0})
    assert to_the_ends(reader, topic.first) == {topic.first: ([], 3)}


def test_an_open_transaction_is_where_the_committed_records_end_for_now(
    topic: Topic, reader: TopicReader
) -> None:
    topic.write(topic.first, b"1")
    is_open = topic.begin(b"2")
    reader.assign({topic.first: 0})
    assert to_the_ends(reader, topic.first) == {topic.first: ([b"1"], 1)}
    commit(is_open, topic.settings.kafka.brokers, topic.name)
    assert to_the_ends(reader, topic.first) == {topic.first: ([b"2"], 3)}


def test_what_comes_is_told_apart_by_partition(topic: Topic, reader: TopicReader) -> None:
    topic.write(topic.first, b"1", b"2")
    topic.write(topic.second, b"3")
    reader.assign({topic.first: 1, topic.second: 0})
    assert to_the_ends(reader, topic.first, topic.second) == {
        topic.first: ([b"2"], 2),
        topic.second: ([b"3"], 1),
    }


def test_a_partition_is_read_from_its_beginning_wherever_that_is(
    topic: Topic, reader: TopicReader
) -> None:
    topic.write(topic.first, b"1", b"2", b"3")
    topic.delete_before(topic.first, 1)
    reader.assign({topic.first: OFFSET_BEGINNING})
    assert to_the_ends(reader, topic.first) == {topic.first: ([b"2", b"3"], 3)}


def test_another_assignment_is_read_from_its_offsets(topic: Topic, reader: TopicReader) -> None:
    topic.write(topic.first, b"1", b"2")
    for _ in range(2):
        reader.assign({topic.first: 1})
        assert to_the_ends(reader, topic.first) == {topic.first: ([b"2"], 2)}


def test_a_read_in_bulk_waits_for_as_many_as_it_asks_for(topic: Topic, reader: TopicReader) -> None:
    topic.write(topic.first, *[b"x"] * 2_500)
    reader.assign({topic.first: 0})
    [fetched] = reader.consume(2_500, SECONDS).values()
    assert len(fetched.records) == fetched.position == 2_500


def test_who_polls_need_not_wait_for_as_many_as_may_come(topic: Topic, reader: TopicReader) -> None:
    topic.write(topic.first, b"1")
    reader.assign({topic.first: 0})
    polled: list[Fetched] = []

    def poll_until_it_has_come() -> None:
        while not any(fetched.records for fetched in polled):
            polled.extend(reader.poll(1_000, 3_600).values())

    polling = threading.Thread(target=poll_until_it_has_come, daemon=True)
    polling.start()
    wait_until(lambda: not polling.is_alive(), "the record", SECONDS)


def test_reading_commits_nothing_for_the_group(topic: Topic, reader: TopicReader) -> None:
    topic.write(topic.first, b"1")
    reader.assign({topic.first: 0})
    to_the_ends(reader, topic.first)
    reader.close()
    assert committed(topic.settings, [topic.first], SECONDS) == {}


# --- which partitions there are ------------------------------------------------------------------


def test_the_partitions_of_a_topic_are_listed(topic: Topic, reader: TopicReader) -> None:
    assert reader.partitions(topic.name, SECONDS) == [0, 1]


def test_a_topic_that_is_missing_is_an_error(reader: TopicReader) -> None:
    with pytest.raises(KafkaException) as raised:
        reader.partitions(unique("missing"), SECONDS)
    assert raised.value.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART


# --- pausing -------------------------------------------------------------------------------------


def test_a_partition_that_is_paused_is_read_on_from_there_when_it_is_resumed(
    topic: Topic, reader: TopicReader
) -> None:
    topic.write(topic.first, b"1")
    reader.assign({topic.first: 0, topic.second: 0})
    to_the_ends(reader, topic.first, topic.second)
    reader.pause([topic.first])
    topic.write(topic.first, b"2")
    topic.write(topic.second, b"3")
    read: list[TopicPartition] = []

    def has_third() -> bool:
        fetched = reader.consume(1_000, 0.1)
        read.extend(each for each, batch in fetched.items() if batch.records)
        return topic.second in read

    wait_until(has_third, "the record of the other partition", SECONDS)
    assert topic.first not in read
    reader.resume([topic.first])
    assert to_the_ends(reader, topic.first) == {topic.first: ([b"2"], 2)}


# --- what was deleted ----------------------------------------------------------------------------


def test_records_that_were_deleted_are_an_error_that_names_the_partition(
    topic: Topic, reader: TopicReader
) -> None:
    topic.write(topic.second, b"1", b"2")
    topic.delete_before(topic.second, 1)
    reader.assign({topic.second: 0})
    failure = failure_of(reader)
    assert isinstance(failure, RecordsDeleted)
    assert failure.partition == topic.second


def test_who_does_not_mind_deleted_records_reads_on_behind_them(topic: Topic) -> None:
    topic.write(topic.first, b"1", b"2")
    topic.delete_before(topic.first, 1)
    with TopicReader(topic.settings, QUICK, offset_reset="earliest") as reader:
        reader.assign({topic.first: 0})
        assert to_the_ends(reader, topic.first) == {topic.first: ([b"2"], 2)}


def test_an_error_of_one_partition_keeps_no_records_of_another_back(
    topic: Topic, reader: TopicReader
) -> None:
    topic.write(topic.first, b"1", b"2")
    topic.delete_before(topic.first, 1)
    topic.write(topic.second, *[b"x"] * 100)
    reader.assign({topic.first: 0, topic.second: 0})
    fetched: list[Fetched] = []

    def is_read() -> bool:
        with suppress(RecordsDeleted):
            fetched.extend(reader.consume(1_000, 0.1).values())
        return any(each.is_end for each in fetched)

    wait_until(is_read, "the end of the other partition", SECONDS)
    assert sum(len(each.records) for each in fetched) == 100


# --- a broker that says nothing ------------------------------------------------------------------


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[KafkaCluster]:
    """A broker to do harm to."""
    require_kafka()
    folder = tmp_path / "kafka"
    folder.mkdir()
    with KafkaCluster(folder, broker_session_timeout_ms="60000") as cluster:
        yield cluster


def test_a_broker_that_says_nothing_is_noticed_until_it_speaks_again(
    own_broker: KafkaCluster, tmp_path: Path
) -> None:
    topic = Topic(settings_of(own_broker.address, tmp_path))
    topic.write(topic.first, b"1")
    with TopicReader(topic.settings, QUICK) as reader:
        reader.assign({topic.first: 0})
        to_the_ends(reader, topic.first)
        assert reader.silence == 0
        os.kill(own_broker.process_id(1), signal.SIGSTOP)

        def is_silent() -> bool:
            assert not reader.consume(1, 0.1)
            return reader.silence > 0.5

        wait_until(is_silent, "silence", SECONDS)
        os.kill(own_broker.process_id(1), signal.SIGCONT)
        topic.write(topic.first, b"2")
        wait_until(lambda: bool(reader.consume(1, 0.1)), "a record", SECONDS)
        assert reader.silence == 0


def test_who_reads_to_the_end_gives_up_on_a_broker_that_says_nothing(
    own_broker: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = Topic(settings_of(own_broker.address, tmp_path))
    topic.write(topic.first, b"1")
    bounds = bounds_of(topic.settings, topic.name, 1)
    own_broker.kill(1)
    monkeypatch.setattr(bounded_reading, "SECONDS", 0.5)
    expected = f"{topic.name}: the broker gave no more of it for 0.5 seconds."
    with pytest.raises(UserError, match=expected):
        list(committed_records(topic.settings, topic.name, bounds))
