"""Recorded records go onto the topics as they were, and what is on a topic can be followed."""

import orjson
import pytest
from confluent_kafka import KafkaException

from streams.demo.follower import Follower
from streams.recording.files import RecordedRecord, record_of
from streams.recording.live.replay import Replay
from streams.settings import Settings
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment

pytestmark = pytest.mark.kafka

NOW = 1_700_000_000_000


@pytest.fixture
def deployment(deploy: Deploy) -> Deployment:
    return deploy(2)


def replay(settings: Settings, *records: RecordedRecord) -> None:
    sender = Replay(settings)
    for record in records:
        sender.send(record)
    sender.flush()


def decision(request_id: str, partition: int = 0) -> RecordedRecord:
    value = orjson.dumps({"request_id": request_id})
    return record_of("decisions", b"ann", value, NOW, partition=partition)


# --- replay --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"ann", b'{"a":  1}'),
        (b"ann", b"{oops"),
        (b"ann", None),
        (b"ann", b"null"),
        (b"ann", b""),
        (None, b"{}"),
        (b"\xff\xfe", b"\xff\xfe"),
    ],
)
def test_a_record_is_replayed_with_the_bytes_that_it_had(
    deployment: Deployment, key: bytes | None, value: bytes | None
) -> None:
    replay(deployment.settings, record_of("purchases", key, value, NOW))
    [message] = deployment.read("purchases")
    assert (message.key(), message.value()) == (key, value)


def test_a_record_is_replayed_with_its_time_its_partition_and_its_headers(
    deployment: Deployment,
) -> None:
    headers = [("trace", b"\xff"), ("trace", b"again"), ("empty", None)]
    replay(
        deployment.settings,
        record_of("purchases", b"ann", b"{}", NOW, partition=1, headers=headers),
    )
    [message] = deployment.read("purchases")
    assert (message.partition(), message.timestamp()[1]) == (1, NOW)
    assert message.headers() == headers


def test_records_of_a_partition_keep_their_order(deployment: Deployment) -> None:
    values = [str(number).encode() for number in range(2_000)]
    replay(deployment.settings, *(record_of("purchases", b"ann", v, NOW) for v in values))
    assert [message.value() for message in deployment.read("purchases")] == values


def test_a_partition_that_is_not_there_is_an_error(deployment: Deployment) -> None:
    with pytest.raises(KafkaException):
        replay(deployment.settings, record_of("purchases", b"ann", b"{}", NOW, partition=7))


# --- following -----------------------------------------------------------------------------------


def test_a_follower_reads_all_partitions_from_their_beginning(deployment: Deployment) -> None:
    replay(deployment.settings, decision("r1", 0), decision("r2", 1))
    with Follower(deployment.settings, "decisions", 2) as follower:
        assert {read.value["request_id"] for read in follower.to_the_end()} == {"r1", "r2"}


def test_a_follower_reads_on_when_more_comes(deployment: Deployment) -> None:
    with Follower(deployment.settings, "decisions", 2) as follower:
        assert list(follower.to_the_end()) == []
        replay(deployment.settings, decision("r1"))
        read = []
        deployment.wait_until(lambda: bool(read.extend(follower.poll(0.1)) or read), "a decision")
    assert [each.value for each in read] == [{"request_id": "r1"}]


def test_a_tombstone_is_read_as_nothing(deployment: Deployment) -> None:
    replay(deployment.settings, record_of("suppressions", b"ann", None, NOW))
    with Follower(deployment.settings, "suppressions", 2) as follower:
        [read] = follower.to_the_end()
    assert (read.key, read.value, read.written) == ("ann", None, NOW)
