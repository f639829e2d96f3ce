"""A broker that is about to lead a partition refuses a batch, and takes the next (KAFKA-15591)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from streams.dead_letters.letter import DeadLetter, Finding, LetterId
from streams.dead_letters.sender import DeadLetterSender
from streams.engine.checkpoint.at_least_once import AcknowledgedProducer
from streams.engine.checkpoint.exactly_once import TransactionalProducer
from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.topics import DeployedTopic, create, plan
from streams.recording.files import RecordedRecord
from streams.recording.live.replay import Replay
from streams.settings import Settings
from tests.chaos.cluster import ProxiedCluster
from tests.integration.conftest import settings_of
from tests.integration.deployment import read_topic
from tests.kafka.clients import wait_until_none_is_open
from tests.kafka.installation import require_kafka
from tests.kafka.refusing_proxy import RefusingProxy
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.kafka

TOPIC = "decisions"

Send = Callable[[bytes], None]
"""Sends a value to the topic's only partition."""


class RefusingCluster(ProxiedCluster):
    """A broker behind such a proxy."""

    def proxy(self) -> RefusingProxy:
        return RefusingProxy({self.proxy_ports[n]: self._behind[n] for n in self._numbers})


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RefusingCluster]:
    require_kafka()
    with RefusingCluster(tmp_path_factory.mktemp("kafka"), brokers=1) as cluster:
        yield cluster


@contextmanager
def replay(settings: Settings) -> Iterator[Send]:
    producer = Replay(settings)
    yield lambda value: producer.send(RecordedRecord(TOPIC, 0, value_base64=value))
    producer.flush()


@contextmanager
def dead_letters(settings: Settings) -> Iterator[Send]:
    with DeadLetterSender(settings) as sender:
        found = Finding("", "", settings.topic(TOPIC), 0, 0, 0)
        yield lambda value: sender.send(DeadLetter(LetterId(0, 0), 0, found, None, value, []))


@contextmanager
def exactly_once(settings: Settings) -> Iterator[Send]:
    producer = TransactionalProducer(settings)
    yield lambda value: producer.send(settings.topic(TOPIC), 0, None, value)
    producer.commit({}, GroupMetadata(settings.application, -1, "", None))
    producer.close()


@contextmanager
def at_least_once(settings: Settings) -> Iterator[Send]:
    producer = AcknowledgedProducer(settings)
    yield lambda value: producer.send(settings.topic(TOPIC), 0, None, value)
    producer.flush()


@pytest.mark.parametrize("sending", [replay, dead_letters, exactly_once, at_least_once])
def test_what_was_refused_at_first_is_there_in_the_end_and_in_order(
    cluster: RefusingCluster,
    tmp_path: Path,
    sending: Callable[[Settings], AbstractContextManager[Send]],
) -> None:
    settings = settings_of(cluster.address, tmp_path)
    planned, notes = plan(settings, 1, 1), DeployedTopic(settings.replayed, "replayed", "compact")
    create(settings, replace(planned, missing=(*planned.missing, notes)))
    kafka = msgspec.structs.replace(settings.kafka, brokers=cluster.proxied_address)
    proxied = msgspec.structs.replace(settings, kafka=kafka)
    with cluster.proxy() as proxy, sending(proxied) as send:
        send(b"first")
        wait_until(proxy.has_first.is_set, "a batch to be refused", SECONDS)
        send(b"second")
    wait_until_none_is_open(cluster.address, settings.topic(TOPIC), 1)
    values = [message.value() for message in read_topic(settings, settings.topic(TOPIC), 1)]
    assert values == [b"first", b"second"]
