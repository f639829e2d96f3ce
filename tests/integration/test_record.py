"""`unhaunt record` on a real Kafka: which records it takes, and in which order."""

from pathlib import Path

import orjson
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.recording import frames
from streams.recording.files import read, record_of
from streams.recording.live import merged_reading
from streams.settings import Settings
from tests.integration.conftest import Deploy
from tests.integration.deployment import SECONDS, Deployment
from tests.integration.recorded import (
    AWKWARD,
    NOW,
    Contents,
    contents,
    leave_holes,
    numbered,
    numbers,
    record,
    recorded,
)
from tests.kafka.clients import create_new, transaction

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def ten(deploy: Deploy) -> Deployment:
    """Ten requests, a second apart, taking turns in two partitions."""
    deployment = deploy(2)
    deployment.load(numbered(10))
    return deployment


# --- what is kept --------------------------------------------------------------------------------


def test_a_record_is_kept_byte_for_byte_with_its_time_its_partition_and_its_headers(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(2)
    deployment.load(AWKWARD)
    path = tmp_path / "awkward.jsonl.zst"
    recorded(deployment.settings, path)

    def of_partition(partition: tuple[str, int], records: list[Contents]) -> list[Contents]:
        return [each for each in records if (each.topic, each.partition) == partition]

    sent = [Contents.of(each) for each in AWKWARD]
    for partition in {(each.topic, each.partition) for each in sent}:
        assert of_partition(partition, contents(path)) == of_partition(partition, sent)


def test_offsets_are_kept_where_they_are_asked_for(ten: Deployment, tmp_path: Path) -> None:
    lines = recorded(ten.settings, tmp_path / "recording.jsonl", "--keep-offsets")
    assert [orjson.loads(line)["offset"] for line in lines] == [n // 2 for n in range(10)]
    lines = recorded(ten.settings, tmp_path / "without.jsonl")
    assert all("offset" not in orjson.loads(line) for line in lines)


def test_topics_have_their_default_names(ten: Deployment, tmp_path: Path) -> None:
    lines = recorded(ten.settings, tmp_path / "recording.jsonl")
    assert {orjson.loads(line)["topic"] for line in lines} == {"impression-requests"}


# --- the order -----------------------------------------------------------------------------------


def test_the_lines_are_in_the_order_of_time_though_partitions_are_fetched_in_any(
    ten: Deployment, tmp_path: Path
) -> None:
    assert numbers(recorded(ten.settings, tmp_path / "recording.jsonl")) == list(range(10))


def test_a_late_record_stays_behind_those_that_came_before_it_in_its_partition(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(2)
    first, late, other, last = (NOW + seconds for seconds in (10, 0, 11, 12))
    deployment.load(
        [
            record_of("purchases", b"ann", b'"first"', first),
            record_of("purchases", b"ann", b'"late"', late),
            record_of("dismissals", b"ann", b'"other"', other),
            record_of("purchases", b"ann", b'"last"', last),
        ]
    )
    lines = recorded(deployment.settings, tmp_path / "recording.jsonl")
    values = [orjson.loads(line)["value"] for line in lines]
    assert values == ["first", "late", "other", "last"]


def test_little_memory_takes_longer_and_makes_the_same_file(
    deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = deploy(2)
    deployment.load(numbered(20_000))
    plenty = recorded(deployment.settings, tmp_path / "plenty.jsonl")
    monkeypatch.setattr(merged_reading, "WAITING_BYTES", 100_000)
    assert recorded(deployment.settings, tmp_path / "little.jsonl") == plenty
    assert numbers(plenty) == list(range(20_000))


# --- what is chosen ------------------------------------------------------------------------------


def test_without_a_choice_it_is_all_inputs_that_are_there(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(2)
    deployment.load(AWKWARD)
    client = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
    absent = deployment.settings.topic("impressions")
    client.delete_topics([absent])[absent].result(SECONDS)
    result = record(deployment.settings, tmp_path / "recording.jsonl")
    assert result.exit_code == 0, result.stderr
    assert len(list(read([tmp_path / "recording.jsonl"]))) == len(AWKWARD)


def test_outputs_are_recorded_when_they_are_named(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(1)
    leave_holes(deployment.settings, "decisions")
    leave_holes(deployment.settings, "purchases")
    lines = recorded(deployment.settings, tmp_path / "recording.jsonl", "--topic", "decisions")
    assert [orjson.loads(line)["topic"] for line in lines] == ["decisions"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--from", NOW + 7_000), [7, 8, 9]),
        (("--to", "2023-11-14T22:13:23Z"), [0, 1, 2]),
        (("--from", "2023-11-14T22:13:24", "--to", NOW + 6_000), [4, 5]),
        (("--from", "2100-01-01"), []),
        (("--offsets", "impression-requests/1/1-3"), [3, 5, 7]),
        (
            ("--offsets", "impression-requests/1/3-", "--offsets", "impression-requests/0/-1"),
            [0, 2, 7, 9],
        ),
    ],
    ids=str,
)
def test_a_range_is_by_time_or_by_offsets(
    ten: Deployment, tmp_path: Path, options: tuple[object, ...], expected: list[int]
) -> None:
    assert numbers(recorded(ten.settings, tmp_path / "recording.jsonl", *options)) == expected


def test_a_range_of_time_finds_records_that_came_late(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(1)
    times = (0, 5_000, 1_000, 9_000, 2_000)
    deployment.load(
        record_of("purchases", b"ann", str(after).encode(), NOW + after) for after in times
    )
    options = ("--from", NOW + 1_000, "--to", NOW + 6_000)
    lines = recorded(deployment.settings, tmp_path / "recording.jsonl", *options)
    assert [orjson.loads(line)["value"] for line in lines] == [5_000, 1_000, 2_000]


@pytest.mark.parametrize(
    ("offsets", "problem"),
    [
        ("impression-requests/1/3-9", "not in the partition, which is 0-4"),
        ("impression-requests/2/0-1", "has no such partition"),
        ("purchases/0/0-", "not in the partition, which is empty"),
    ],
)
def test_offsets_that_are_not_there_are_refused(
    ten: Deployment, tmp_path: Path, offsets: str, problem: str
) -> None:
    result = record(ten.settings, tmp_path / "recording.jsonl", "--offsets", offsets)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{offsets}: ")
    assert problem in result.stderr


def test_some_persons_are_recorded_with_the_whole_catalog(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(2)
    deployment.load(
        [
            record_of("catalog", b"mug-7", b"{}", NOW),
            *(record_of("purchases", user, b"1", NOW) for user in (b"ann", b"bob", b"eve")),
            record_of("dismissals", None, b'{"user_id": "eve"}', NOW, partition=1),
            record_of("dismissals", None, b'{"user_id": "bob"}', NOW, partition=1),
        ]
    )
    users = tmp_path / "users.txt"
    users.write_text("\nann\n")
    lines = recorded(
        deployment.settings, tmp_path / "recording.jsonl", "--user", "eve", "--users", users
    )
    keys = [(line["topic"], line.get("key")) for line in map(orjson.loads, lines)]
    assert keys == [
        ("catalog", "mug-7"),
        ("purchases", "ann"),
        ("purchases", "eve"),
        ("dismissals", None),
    ]


# --- what is in the way --------------------------------------------------------------------------


def test_only_what_is_committed_is_recorded_and_holes_are_not_waited_for(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(1)
    leave_holes(deployment.settings, "purchases")
    lines = recorded(deployment.settings, tmp_path / "recording.jsonl", "--keep-offsets")
    [line] = map(orjson.loads, lines)
    assert (line["value"], line["offset"]) == ({"event_id": "committed"}, 2)


def test_records_that_the_topic_keeps_no_longer_are_not_waited_for(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(2)
    deployment.load(numbered(10))
    topic = deployment.settings.topic("impression-requests")
    client = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
    cut = [TopicPartition(topic, 0, 2), TopicPartition(topic, 1, 5)]
    for future in client.delete_records(cut).values():
        future.result(SECONDS)
    assert numbers(recorded(deployment.settings, tmp_path / "recording.jsonl")) == [4, 6, 8]


def test_a_transaction_that_stays_open_is_not_waited_for(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(1)
    deployment.load([record_of("purchases", b"ann", b"1", NOW)])
    topic = deployment.settings.topic("purchases")
    producer = transaction(deployment.settings.kafka.brokers, deployment.settings.application)
    producer.produce(topic, b"2", b"ann", 0)
    producer.flush()
    assert len(recorded(deployment.settings, tmp_path / "open.jsonl")) == 1
    producer.abort_transaction()


def test_topics_that_are_not_there_are_named(settings: Settings, tmp_path: Path) -> None:
    result = record(settings, tmp_path / "recording.jsonl")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"There is no input topic at {settings.kafka.brokers}.")
    result = record(settings, tmp_path / "recording.jsonl", "--topic", "decisions")
    assert result.exit_code == 2
    brokers, topic = settings.kafka.brokers, settings.topic("decisions")
    assert f"These topics are missing at {brokers}: {topic}." in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_of_an_empty_topic_there_is_an_empty_recording(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(1)
    assert recorded(deployment.settings, tmp_path / "recording.jsonl") == []


def test_frames_end_where_the_records_say_and_not_where_fetching_did(
    ten: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "FRAME_BYTES", 300)
    recorded(ten.settings, tmp_path / "one.jsonl.zst")
    monkeypatch.setattr(merged_reading, "READ_AT_ONCE", 1)
    recorded(ten.settings, tmp_path / "other.jsonl.zst")
    assert (tmp_path / "one.jsonl.zst").read_bytes() == (tmp_path / "other.jsonl.zst").read_bytes()


def test_other_topics_of_the_cluster_are_not_touched(settings: Settings, tmp_path: Path) -> None:
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    strange = settings.topic("clicks")
    create_new(client, NewTopic(strange, 1, 1))
    assert record(settings, tmp_path / "recording.jsonl").exit_code == 2
