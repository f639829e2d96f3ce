"""The built-in recording is the same every time and fit to be replayed."""

from collections import Counter

import orjson
import pytest

from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord
from streams.recording.simulated import simulate


def lines(**options: int) -> list[tuple[object, ...]]:
    return [
        (record.topic, record.partition, record.offset, record.key, record.value, record.timestamp)
        for record in simulate(**options)
    ]


@pytest.fixture(scope="module")
def recording() -> list[RecordedRecord]:
    return list(simulate(persons=300))


def test_one_seed_gives_one_recording() -> None:
    assert lines(seed=7, persons=50) == lines(seed=7, persons=50)


def test_another_seed_gives_another_recording() -> None:
    assert lines(seed=7, persons=50) != lines(seed=8, persons=50)


def test_the_partition_count_changes_places_only() -> None:
    def unplaced(partitions: int) -> list[tuple[object, ...]]:
        return [(line[0], *line[3:]) for line in lines(persons=50, partitions=partitions)]

    assert unplaced(4) == unplaced(9)


def test_records_stand_in_the_order_of_their_arrival(recording: list[RecordedRecord]) -> None:
    arrivals = [record.timestamp for record in recording]
    assert arrivals == sorted(arrivals)


def test_every_record_lies_in_the_partition_of_its_key(recording: list[RecordedRecord]) -> None:
    assert all(record.partition == partition_of(record.key or b"", 4) for record in recording)


def test_every_input_topic_is_there(recording: list[RecordedRecord]) -> None:
    assert {record.topic for record in recording} == {
        "impression-requests",
        "purchases",
        "dismissals",
        "impressions",
        "preferences",
        "catalog",
    }


def test_some_evidence_is_repeated_and_some_arrives_late(recording: list[RecordedRecord]) -> None:
    evidence = [record for record in recording if record.topic in ("purchases", "dismissals")]
    repeats = Counter((record.topic, record.key, record.value) for record in evidence)
    assert max(repeats.values()) > 1
    hour = 3_600_000
    values = [(record.timestamp, record.value or b"") for record in evidence]
    assert any(
        arrival - orjson.loads(value)["ts"] > hour for arrival, value in values if b'"ts"' in value
    )


def test_requests_are_never_repeated(recording: list[RecordedRecord]) -> None:
    ids = [
        orjson.loads(record.value)["request_id"]
        for record in recording
        if record.topic == "impression-requests" and (record.value or b"").endswith(b"}")
    ]
    assert len(ids) == len(set(ids))
