"""The built-in recording is the same every time and fit to be replayed."""

from collections import Counter, defaultdict
from hashlib import sha256
from typing import Any

import orjson
import pytest

from schemas.decoding import decode
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord
from streams.recording.simulated import simulate


def lines(**options: int) -> list[tuple[object, ...]]:
    return [
        (record.topic, record.partition, record.offset, record.key, record.value, record.timestamp)
        for record in simulate(**options)
    ]


BEFORE_LINKS = "ec0ee2a4720469cfd0b4b2c1408fdd5d1d116a21003057c24e3941d7bdd49555"
"""The digest of fifty people of seed 7."""


@pytest.fixture(scope="module")
def recording() -> list[RecordedRecord]:
    return list(simulate(persons=300))


def test_one_seed_gives_one_recording() -> None:
    assert lines(seed=7, persons=50) == lines(seed=7, persons=50)


def test_without_links_a_recording_is_to_the_byte_what_it_was_before_there_were_any() -> None:
    content = sha256()
    for line in lines(seed=7, persons=50):
        content.update(repr(line).encode())
    assert content.hexdigest() == BEFORE_LINKS


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


# --- several ids ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def linked() -> list[RecordedRecord]:
    return list(simulate(persons=200, linked=50))


def statements(records: list[RecordedRecord]) -> list[dict[str, Any]]:
    return [orjson.loads(each.value or b"") for each in records if each.topic == "identities"]


def test_one_seed_gives_one_recording_with_links_too() -> None:
    assert lines(seed=7, persons=50, linked=50) == lines(seed=7, persons=50, linked=50)


def test_people_sign_in_and_out_and_links_are_made_and_taken_back(
    linked: list[RecordedRecord],
) -> None:
    said = {each["action"] for each in statements(linked)}
    assert said == {"signed_in", "signed_out", "linked", "unlinked"}
    assert {each.get("method") for each in statements(linked)} >= {"declared", "inferred", None}


def test_some_have_several_devices_and_some_tablets_are_shared(
    linked: list[RecordedRecord],
) -> None:
    devices, persons = defaultdict(set), defaultdict(set)
    for each in statements(linked):
        if "person_id" in each:
            devices[each["person_id"]].add(each["user_id"])
            persons[each["user_id"]].add(each["person_id"])
    assert max(map(len, devices.values())) == 3
    shared = {device for device, known in persons.items() if len(known) > 1}
    assert shared
    assert all(device.startswith("tablet-") for device in shared)


def test_of_a_hundred_people_as_many_have_several_ids_as_were_asked_for(
    linked: list[RecordedRecord],
) -> None:
    alone = {
        (record.key or b"").decode()
        for record in linked
        if record.topic == "impression-requests" and (record.key or b"").startswith(b"person-")
    }
    without = {user_id for user_id in alone if user_id.count("-") == 1}
    assert 60 < len(without) < 140


def test_every_statement_is_valid_and_every_record_about_the_id_of_its_key(
    linked: list[RecordedRecord],
) -> None:
    broken = {b'"request_id":"x-', b'"event_id":"x-', b'"impression_id":"x-'}
    for record in linked:
        value = record.value or b""
        if record.topic == "identities":
            decode(record.topic, record.key, record.value, record.timestamp)
        elif b'"user_id"' in value and not any(each in value for each in broken):
            assert orjson.loads(value)["user_id"].encode() == record.key
