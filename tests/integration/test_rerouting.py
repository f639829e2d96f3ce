"""A person whose producers disagree on their partition is one person all the same (SPEC 7)."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Producer

from schemas.topics import PERSON_TOPICS
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, record_of
from streams.supervision.worker_process import WorkerProcess
from tests.builders import DAY, NOW, dismissal, impression, line, purchase, recorded, request
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, counts_of, read_topic
from tests.integration.recordings import Expected, expected, without_as_of
from tests.kafka import java_client

pytestmark = pytest.mark.kafka

PARTITIONS = 4
PEOPLE = [f"person-{number}" for number in range(100)]


class Misplaced(NamedTuple):
    """Evidence that librdkafka's and Java's clients have sent, and then requests of Java's."""

    evidence: list[Any]
    """As the topics hold it."""
    expected: Expected
    """What a backtest says of the same records, had all been well placed."""
    deployment: Deployment
    worker: WorkerProcess


@pytest.fixture(scope="module")
def misplaced(deploy: Deploy) -> Misplaced:
    """The evidence comes first, since what is rerouted counts from when it arrives again."""
    evidence, requests = recorded(_evidence()), recorded(_requests())
    outcome = expected(_well_placed(evidence + requests), "", PARTITIONS)
    deployment = deploy(PARTITIONS)
    _send_with_librdkafka(deployment, [r for r in evidence if r.topic != "dismissals"])
    _send_with_java(deployment, [r for r in evidence if r.topic == "dismissals"])
    with deployment.worker() as worker:
        deployment.wait_until_lists_are(outcome.lists, worker)
        _send_with_java(deployment, requests)
        deployment.wait_until(
            lambda: len(deployment.read("decisions")) >= len(requests), "decisions", worker
        )
        worker.stop()
    received = [
        m for topic in ("purchases", "dismissals", "impressions") for m in deployment.read(topic)
    ]
    return Misplaced(received, outcome, deployment, worker)


def test_requests_are_decided_as_if_all_had_been_in_its_place(misplaced: Misplaced) -> None:
    decisions = misplaced.deployment.decisions()
    assert without_as_of(decisions) == misplaced.expected.decisions
    assert all(decision["suppressed"] for given in decisions.values() for decision in given)


def test_lists_are_as_if_all_had_been_in_its_place(misplaced: Misplaced) -> None:
    assert misplaced.deployment.lists() == misplaced.expected.lists


def test_what_java_has_sent_is_at_home_and_most_of_what_librdkafka_has_sent_is_not(
    misplaced: Misplaced,
) -> None:
    deployment = misplaced.deployment
    assert all(map(_is_home, deployment.read("dismissals")))
    assert all(map(_is_home, deployment.read("impression-requests")))
    purchases = deployment.read("purchases")
    assert sum(map(_is_home, purchases)) < len(purchases) / 2


def test_what_was_rerouted_is_counted(misplaced: Misplaced) -> None:
    counts = counts_of(misplaced.worker)
    moved = sum(not _is_home(message) for message in misplaced.evidence)
    assert moved > len(misplaced.evidence) / 2
    assert counts["rerouted"] == counts["consumed"]["rerouted"] == moved
    assert counts["joined"] == len(misplaced.evidence)


def test_what_is_rerouted_is_passed_on_with_its_value_and_time(misplaced: Misplaced) -> None:
    settings = misplaced.deployment.settings
    passed_on = read_topic(settings, settings.reroute, PARTITIONS)
    moved = [message for message in misplaced.evidence if not _is_home(message)]
    assert Counter(map(_content, passed_on)) == Counter(map(_content, moved))
    assert all(map(_is_home, passed_on))


def test_a_backtest_of_the_misplaced_records_says_the_same(misplaced: Misplaced) -> None:
    as_they_lie = [
        record_of(
            topic,
            message.key(),
            message.value(),
            message.timestamp()[1],
            partition=message.partition(),
            offset=message.offset(),
        )
        for topic in PERSON_TOPICS
        for message in misplaced.deployment.read(topic)
    ]
    backtest = expected(as_they_lie, "", PARTITIONS)
    assert backtest.lists == misplaced.expected.lists
    assert backtest.decisions == misplaced.expected.decisions


def _evidence() -> Iterable[dict[str, Any]]:
    for number, person in enumerate(PEOPLE):
        yield line(purchase(f"bought-{number % 7}", user_id=person, ts=NOW + number))
        rejected = line(
            dismissal("not_interested", product_id="tv", user_id=person, ts=NOW + number)
        )
        del rejected["value"]["ts"]  # so that its time is the record's
        yield rejected
        for shown in range(number % 9):
            yield line(impression(f"shown-{shown}", "radio", user_id=person, ts=NOW + shown))


def _requests() -> Iterable[dict[str, Any]]:
    for number, person in enumerate(PEOPLE):
        candidates = (f"bought-{number % 7}", "tv", "radio", "book")
        yield line(
            request(*candidates, request_id=f"r{number}", user_id=person, ts=NOW + DAY + number)
        )


def _well_placed(records: list[RecordedRecord]) -> list[RecordedRecord]:
    return [
        record_of(
            record.topic,
            record.key,
            record.value,
            record.timestamp,
            partition=partition_of(record.key or b"", PARTITIONS),
            offset=record.offset,
        )
        for record in records
    ]


def _send_with_librdkafka(deployment: Deployment, records: list[RecordedRecord]) -> None:
    """Send records to the partitions that librdkafka chooses by default, by CRC32."""
    settings = deployment.settings
    producer = Producer({"bootstrap.servers": settings.kafka.brokers})
    for record in records:
        producer.produce(
            settings.topic(record.topic), record.value, record.key, timestamp=record.timestamp
        )
    assert producer.flush(60) == 0


def _send_with_java(deployment: Deployment, records: list[RecordedRecord]) -> None:
    """Send records to the partitions that Java's client chooses by default, by murmur2."""
    topic = deployment.settings.topic
    sent = [
        java_client.Record(
            topic(record.topic), record.timestamp, record.key or b"", record.value or b""
        )
        for record in records
    ]
    java_client.produce(deployment.settings.kafka.brokers, sent)


def _is_home(message: Any) -> bool:
    home: int = partition_of(message.key(), PARTITIONS)
    return bool(message.partition() == home)


def _content(message: Any) -> tuple[Any, ...]:
    return message.key(), message.value(), message.timestamp()
