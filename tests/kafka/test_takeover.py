"""Who takes over from a dead worker ends its transaction; one that was not dead gets over it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition

from streams.engine.checkpoint.exactly_once import Fenced, TransactionalProducer
from streams.engine.checkpoint.takeover import end_transactions_of_dead_workers
from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.offsets import committed
from streams.kafka.topics import create, plan
from streams.settings import Settings
from tests.integration.conftest import settings_of
from tests.integration.deployment import SECONDS, read_topic
from tests.kafka.clients import wait_until_none_is_open
from tests.kafka.cluster import KafkaCluster

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(kafka: KafkaCluster, tmp_path: Path) -> Settings:
    settings = settings_of(kafka.address, tmp_path)
    create(settings, plan(settings, 1, 1))
    return settings


@pytest.fixture
def dead(settings: Settings) -> TransactionalProducer:
    """A worker that has committed, sent a decision after that, and is in no group."""
    output = TransactionalProducer(settings)
    partition = (settings.topic("purchases"), 0)
    output.commit({partition: 3}, GroupMetadata(settings.application, -1, "", None))
    output.send(settings.topic("decisions"), 0, b"ann", b"open")
    output._producer.flush()
    return output


def last_stable_offset(settings: Settings) -> int:
    """Up to where a reader of committed records can read the decisions."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka.brokers,
            "group.id": "reader",
            "isolation.level": "read_committed",
        }
    )
    topic = TopicPartition(settings.topic("decisions"), 0)
    _, end = consumer.get_watermark_offsets(topic, SECONDS)
    consumer.close()
    return end


def end_transactions(settings: Settings, name: str = "another") -> None:
    end_transactions_of_dead_workers(settings, [(settings.topic("purchases"), 0)], name, SECONDS)


def send_for_ever(output: TransactionalProducer, topic: str) -> None:
    while True:
        output.send(topic, 0, b"ann", b"void")
        output.poll()


def test_a_checkpoint_says_whose_it_was(settings: Settings, dead: TransactionalProducer) -> None:
    partition = (settings.topic("purchases"), 0)
    assert committed(settings, [partition], SECONDS) == {partition: (3, dead.name)}


def test_the_transaction_of_a_worker_that_is_gone_is_ended(
    settings: Settings, dead: TransactionalProducer
) -> None:
    assert last_stable_offset(settings) == 0
    end_transactions(settings)
    assert last_stable_offset(settings) == 2  # what was sent, and the marker of its end
    assert read_topic(settings, settings.topic("decisions"), 1) == []


def test_a_worker_does_not_end_its_own(settings: Settings, dead: TransactionalProducer) -> None:
    end_transactions(settings, dead.name)
    assert last_stable_offset(settings) == 0


def test_a_worker_that_was_not_dead_hears_of_it_at_its_checkpoint(
    settings: Settings, dead: TransactionalProducer
) -> None:
    end_transactions(settings)
    with pytest.raises(Fenced):
        dead.commit({}, GroupMetadata(settings.application, -1, "", None))


def test_a_worker_that_was_not_dead_hears_of_it_when_it_sends(
    settings: Settings, dead: TransactionalProducer
) -> None:
    end_transactions(settings)
    with pytest.raises(Fenced):
        send_for_ever(dead, settings.topic("decisions"))


def test_a_worker_that_was_not_dead_goes_on_without_what_was_ended(
    settings: Settings, dead: TransactionalProducer
) -> None:
    end_transactions(settings)
    nobody = GroupMetadata(settings.application, -1, "", None)
    with pytest.raises(Fenced):
        dead.commit({}, nobody)
    dead.send(settings.topic("decisions"), 0, b"ann", b"new")
    dead.commit({}, nobody)
    wait_until_none_is_open(settings.kafka.brokers, settings.topic("decisions"), 1)
    [message] = read_topic(settings, settings.topic("decisions"), 1)
    assert message.value() == b"new"


class FencedMeanwhile:
    """A client whose name another worker takes just before it aborts."""

    def __init__(self, client: Any, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def abort_transaction(self, *arguments: Any) -> None:
        TransactionalProducer(self._settings)
        self._client.abort_transaction(*arguments)


def test_who_is_fenced_while_it_aborts_is_told_so_and_gets_over_it(settings: Settings) -> None:
    named = msgspec.structs.replace(settings, instance="a")
    output = TransactionalProducer(named)
    output._producer = FencedMeanwhile(output._producer, named)
    partition = (settings.topic("purchases"), 0)
    output.send(settings.topic("decisions"), 0, b"ann", b"void")
    with pytest.raises(Fenced):
        output.commit({partition: 2}, GroupMetadata(settings.application, 1, "stranger", None))
    output.send(settings.topic("decisions"), 0, b"ann", b"counts")
    output.commit({partition: 2}, GroupMetadata(settings.application, -1, "", None))
    wait_until_none_is_open(settings.kafka.brokers, settings.topic("decisions"), 1)
    [message] = read_topic(settings, settings.topic("decisions"), 1)
    assert message.value() == b"counts"
