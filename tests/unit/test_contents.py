"""What has to be known of a recording before it is replayed."""

from streams.recording.files import json_record, record_of
from streams.recording.live.contents import Contents


def test_records_are_counted_by_topic() -> None:
    records = [record_of(topic, b"k", b"{}", 1) for topic in ("purchases", "catalog", "purchases")]
    assert Contents.of(records, {}).records == {"purchases": 2, "catalog": 1}


def test_a_topic_had_as_many_partitions_as_its_highest_number_says() -> None:
    records = [record_of("purchases", b"k", b"{}", 1, partition=number) for number in (0, 4, 2)]
    assert Contents.of(records, {}).partitions == {"purchases": 5}


def test_the_oldest_timestamp_is_known() -> None:
    records = [record_of("purchases", b"k", b"{}", timestamp) for timestamp in (7, 3, 5)]
    assert Contents.of(records, {}).oldest == 3


def test_what_lies_where_its_key_belongs_is_no_stray() -> None:
    records = [json_record("purchases", f"u{number}", {}, 1, 8) for number in range(100)]
    assert Contents.of(records, {"purchases": 8}).strays["purchases"] == 0
    assert Contents.of(records, {"purchases": 5}).strays["purchases"] > 50


def test_a_record_without_a_key_belongs_nowhere_in_particular() -> None:
    records = [record_of("purchases", None, b"{}", 1, partition=3)]
    assert Contents.of(records, {"purchases": 8}).strays["purchases"] == 0
