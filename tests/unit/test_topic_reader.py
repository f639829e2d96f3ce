"""What readers do with a broker's answers that a real one cannot be made to give at will."""

from collections import deque
from time import sleep
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from streams.agents.catalog_reader import CatalogReader
from streams.kafka import reader as reader_module
from streams.kafka.reader import Fetching, RecordsDeleted, TopicReader
from streams.kafka.registry.client import RegistryUnavailable
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.view import following as following_module
from streams.view.copies import Copies
from streams.view.following import ListFollower

DELETED = KafkaError(KafkaError._AUTO_OFFSET_RESET)
DENIED = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
MOVED = KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION, retriable=True)
END = KafkaError(KafkaError._PARTITION_EOF)


class Client:
    """A client that is answered so, one read after another, and then no more."""

    def __init__(self, *answers: list[Any]) -> None:
        self._answers = deque(answers)

    def __call__(self, _: Any) -> "Client":
        return self

    def list_topics(self, topic: str, _: float) -> Any:
        return SimpleNamespace(topics={topic: SimpleNamespace(error=None, partitions={0: None})})

    def assign(self, _: Any) -> None:
        """Whatever is assigned, the answers are the same."""

    def consume(self, _: int, seconds: float) -> list[Any]:
        if self._answers:
            return self._answers.popleft()
        sleep(seconds)
        return []

    def close(self) -> None:
        """Nothing is open."""


def message(
    partition: int, offset: int, value: bytes = b"{}", error: KafkaError | None = None
) -> Message:
    return Message("topic", partition, offset, b"key", value, error=error)


def of(partition: int) -> TopicPartition:
    return TopicPartition("topic", partition)


def reading(monkeypatch: pytest.MonkeyPatch, *answers: list[Any]) -> TopicReader:
    monkeypatch.setattr(reader_module, "Consumer", Client(*answers))
    return TopicReader(Settings(), Fetching())


def test_an_error_is_raised_when_all_that_came_with_it_has_been_returned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deleted = message(0, 7, error=DELETED)
    reader = reading(monkeypatch, [message(1, 3), deleted, message(1, 4)], [message(1, 5)])
    assert reader.consume(10, 0)[of(1)].position == 5
    with pytest.raises(RecordsDeleted) as raised:
        reader.consume(10, 0)
    assert raised.value.partition == of(0)
    assert reader.consume(10, 0)[of(1)].position == 6


def test_an_error_that_comes_alone_is_raised_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reading(monkeypatch, [message(0, 7, error=DENIED)])
    with pytest.raises(KafkaException) as raised:
        reader.consume(10, 0)
    assert raised.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_an_error_of_what_is_no_longer_assigned_is_not_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deleted = message(0, 7, error=DELETED)
    reader = reading(monkeypatch, [message(1, 3), deleted], [message(1, 4)])
    reader.consume(10, 0)
    reader.assign({of(1): 4})
    assert reader.consume(10, 0)[of(1)].position == 5


def test_an_error_that_the_client_gets_over_is_an_answer_and_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = reading(monkeypatch, [], [message(0, 7, error=MOVED)])
    reader.consume(10, 0)
    assert reader.silence > 0
    assert reader.consume(10, 0) == {}
    assert reader.silence == 0


def test_what_comes_right_behind_an_end_counts_for_the_position(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = reading(monkeypatch, [message(0, 3), message(0, 6, error=END), message(0, 6)])
    fetched = reader.consume(10, 0)[of(0)]
    assert (len(fetched.records), fetched.position, fetched.is_end) == (2, 7, True)


def test_a_catalog_whose_broker_falls_silent_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_module, "Consumer", Client())
    reader = CatalogReader(Settings(), Catalog(), seconds=0.1)
    with pytest.raises(KafkaException, match="the catalog did not reach its end in time"):
        reader.load()


class NoRegistry:
    """A registry that is away when a value is to be read."""

    def list_reader(self) -> Any:
        def read(_: bytes) -> bytes:
            raise RegistryUnavailable("the registry is away")

        return read


def test_a_view_that_ends_for_want_of_a_schema_reads_the_list_again_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_module, "Consumer", Client([message(0, 0)]))
    monkeypatch.setattr(
        following_module, "topic_ids", lambda _, topics, __: dict.fromkeys(topics, "id")
    )
    copies, registry = Copies(None), NoRegistry()
    follower = ListFollower(Settings(), copies, registry)  # type: ignore[arg-type]
    follower.begin(None)
    with pytest.raises(RegistryUnavailable):
        follower.poll(0)
    follower.close()
    assert copies[0].seen.offset == 0
