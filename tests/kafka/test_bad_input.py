"""What no producer should send stops nobody, and is kept as it came (SPEC 7)."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

import orjson
import pytest
from confluent_kafka import Producer

from streams.kafka.partitioner import partition_of
from streams.supervision.worker_process import WorkerProcess
from tests.builders import NOW
from tests.command_line import json_lines, run
from tests.integration.conftest import settings_of
from tests.integration.deployment import INPUTS, Deployment, counts_of
from tests.kafka.cluster import KafkaCluster
from tests.property.bad_input import VALID_VALUES

pytestmark = pytest.mark.kafka

PARTITIONS = 3
KEY = b"u1"
MEBIBYTE = 1 << 20
HEADERS = [("trace", b"\xff"), ("empty", None), ("trace", b"")]
LARGER_THAN_THE_BROKER_TAKES = b"0" * (48 * MEBIBYTE)
"""And yet it gets there, since it is compressed."""


class Bad(NamedTuple):
    """A record that is to be refused, and by which code; it lies where `partition` says."""

    value: bytes | None
    code: str
    key: bytes | None = KEY
    timestamp: int = NOW
    partition: int = 0


ANYWHERE = (
    Bad(b"", "not_json"),
    Bad(bytes(range(256)), "not_json"),
    Bad(b"[" * 500_000, "not_json"),
    Bad(b'{"a":' * 100_000, "not_json"),
    Bad(b'{"price":1e400}', "not_json"),
    Bad(b'{"price":NaN}', "not_json"),
    Bad(b'{"price":1' + b"0" * 400 + b"}", "not_json"),
    Bad(rb'{"brand":"\ud800"}', "not_json"),
    Bad(b'{"brand":"\xed\xa0\x80"}', "not_json"),
    Bad(b"[]", "not_an_object"),
    Bad(b"5", "not_an_object", partition=1),
    Bad(b" " * (MEBIBYTE + 1), "too_large"),
    Bad(bytes(10 * MEBIBYTE), "too_large", partition=2),
    Bad(b"{}", "missing_field", key=None),
    Bad(b"{}", "wrong_type", key=b"\xff\xfe"),
    Bad(b'{"user_id":5,"product_id":5}', "wrong_type"),
)
OF_PERSONS = (
    Bad(None, "not_an_object"),
    Bad(None, "not_an_object", key=None, timestamp=1),
    Bad(b"{}", "missing_field", timestamp=1),
)


def bad_records(topic: str) -> tuple[Bad, ...]:
    """The whole zoo for one topic."""
    if topic == "catalog":  # compacted, so that Kafka refuses records without a key
        return tuple(bad for bad in ANYWHERE if bad.key is not None)
    # One that names no hub, which could not be the key.
    right = next(value for value in VALID_VALUES[topic] if value.get("person_id") is None)
    beside = (
        Bad(orjson.dumps({**right, "user_id": "somebody else"}), "key_mismatch"),
        Bad(orjson.dumps({**right, "ts": NOW + 86_400_001}), "future_timestamp"),
        Bad(orjson.dumps({**right, "ts": NOW // 1_000}), "past_timestamp"),
        Bad(orjson.dumps({**right, "ts": "now"}), "wrong_type"),
        Bad(orjson.dumps({**right, "ts": 2**63}), "wrong_type"),
    )
    return (*ANYWHERE, *OF_PERSONS, *beside)


class Survived(NamedTuple):
    """A worker that was fed the zoo, a right request after each of its records."""

    deployment: Deployment
    worker: WorkerProcess
    sent: dict[tuple[str, int, int], Bad]
    """By topic, partition and offset."""
    requests: set[str]


@pytest.fixture(scope="module")
def survived(kafka: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survived]:
    folder = tmp_path_factory.mktemp("deployment")
    deployment = Deployment(settings_of(kafka.address, folder), PARTITIONS)
    sent: dict[tuple[str, int, int], Bad] = {}
    requests = set()
    producer = Producer(
        {
            "bootstrap.servers": kafka.address,
            "message.max.bytes": 64_000_000,
            "compression.type": "zstd",
        }
    )

    def put(topic: str, bad: Bad) -> None:
        def note(error: Any, message: Any) -> None:
            assert error is None, error
            sent[message.topic(), message.partition(), message.offset()] = bad

        producer.produce(
            deployment.settings.topic(topic),
            bad.value,
            bad.key,
            bad.partition,
            timestamp=bad.timestamp,
            headers=HEADERS,
            on_delivery=note,
        )

    for topic in INPUTS:
        for bad in bad_records(topic):
            put(topic, bad)
            request_id = f"r{len(requests)}"
            requests.add(request_id)
            person = f"person-{request_id}".encode()
            # Every third lies where another partitioner has put it.
            home = partition_of(person, PARTITIONS)
            producer.produce(
                deployment.settings.topic("impression-requests"),
                orjson.dumps({"request_id": request_id, "candidates": [{"product_id": "tv"}]}),
                person,
                (home + (len(requests) % 3 == 0)) % PARTITIONS,
                timestamp=NOW,
            )
            assert producer.flush(60) == 0
    put("purchases", Bad(LARGER_THAN_THE_BROKER_TAKES, "too_large"))
    assert producer.flush(60) == 0
    with deployment.worker() as worker:
        deployment.wait_until(
            lambda: (
                len(list(chain.from_iterable(deployment.decisions().values()))) >= len(requests)
                and len(deployment.read("dead-letters")) >= len(sent)
            ),
            "decisions and dead letters",
            worker,
        )
        assert worker.stop() == 0
    yield Survived(deployment, worker, sent, requests)
    deployment.close()


def test_every_bad_record_is_in_the_dead_letters_byte_for_byte_with_its_code(
    survived: Survived,
) -> None:
    missing = dict(survived.sent)
    for letter in survived.deployment.read("dead-letters"):
        headers = dict(letter.headers())
        finding = {
            name: headers[f"unhaunt.{name}"].decode() for name in ("topic", "error", "detail")
        }
        source = (
            finding["topic"],
            int(headers["unhaunt.partition"]),
            int(headers["unhaunt.offset"]),
        )
        bad = missing.pop(source)
        assert (letter.key(), finding["error"]) == (bad.key, bad.code), source
        assert letter.value() == bad.value, source
        assert letter.headers()[: len(HEADERS)] == HEADERS
        assert headers["unhaunt.timestamp"] == str(bad.timestamp).encode()
        assert ": " in finding["detail"]
    assert missing == {}


def test_every_right_request_between_them_is_decided_once(survived: Survived) -> None:
    decisions = chain.from_iterable(survived.deployment.decisions().values())
    decided = Counter(decision["request_id"] for decision in decisions)
    assert decided == Counter(survived.requests)


def test_every_record_is_accounted_for(survived: Survived) -> None:
    counts = counts_of(survived.worker)
    products = len(bad_records("catalog"))
    assert counts["dead"] == Counter(bad.code for bad in survived.sent.values())
    assert counts["decided"] == len(survived.requests)
    assert counts["rerouted"] == counts["consumed"]["rerouted"] == len(survived.requests) // 3
    assert counts["consumed"].total() == (
        counts["decided"] + counts["rerouted"] + counts["dead"].total() - products
    )


def test_the_command_line_lists_them_and_shows_the_largest_byte_for_byte(
    survived: Survived,
) -> None:
    settings = survived.deployment.settings
    environment = {
        "UNHAUNT_BROKERS": settings.kafka.brokers,
        "UNHAUNT_APPLICATION": settings.application,
        "UNHAUNT_TOPIC_PREFIX": settings.topic_prefix,
    }
    listed = run("dead-letters", "list", "--limit", 0, "--json", **environment)
    letters = json_lines(listed.stdout)
    assert Counter(letter["error"] for letter in letters) == Counter(
        bad.code for bad in survived.sent.values()
    )
    sizes = {source: len(bad.value or b"") for source, bad in survived.sent.items()}
    [ten_mebibytes, *_] = [
        letter["letter"]
        for letter in letters
        if sizes[letter["topic"], letter["partition"], letter["offset"]] == 10 * MEBIBYTE
    ]
    shown = run("dead-letters", "show", ten_mebibytes, "--raw", **environment)
    assert shown.stdout_bytes == bytes(10 * MEBIBYTE)
