"""Recordings must give back what was recorded, and say where a file is not one (SPEC 8)."""

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import zstandard

from streams.errors import SourceError
from streams.kafka.partitioner import partition_of
from streams.recording.files import (
    RecordedRecord,
    RecordingError,
    Writer,
    json_record,
    read,
    record_of,
)
from streams.recording.sources import total_size

LINE = b'{"topic": "purchases", "key": "u1", "timestamp": 17, "value": {"event_id": "e1"}}\n'

COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}


def recording(folder: Path, *lines: bytes, name: str = "recording.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"".join(lines))
    return path


def only(path: Path) -> RecordedRecord:
    (record,) = read([path])
    return record


def written_and_read(folder: Path, record: RecordedRecord) -> RecordedRecord:
    path = folder / "written.jsonl"
    with Writer(path) as writer:
        writer.write(record)
    return only(path)


def test_a_line_is_read_as_the_record_that_kafka_had(tmp_path: Path) -> None:
    record = only(recording(tmp_path, LINE))
    assert (record.topic, record.key, record.value) == ("purchases", b"u1", b'{"event_id": "e1"}')
    assert (record.timestamp, record.partition, record.offset) == (17, 0, 0)
    assert list(record.headers) == []


def test_a_value_keeps_its_spelling(tmp_path: Path) -> None:
    line = b'{"topic":"t","timestamp":1,"value":{"price":10.0,"b" :1e2,"\\u0061":"\\u00e9"}}\n'
    assert only(recording(tmp_path, line)).value == b'{"price":10.0,"b" :1e2,"\\u0061":"\\u00e9"}'


def test_a_null_value_is_a_tombstone(tmp_path: Path) -> None:
    line = b'{"topic": "catalog", "key": "p1", "timestamp": 1, "value": null}\n'
    assert only(recording(tmp_path, line)).value is None


def test_a_value_in_base64_is_decoded(tmp_path: Path) -> None:
    line = b'{"topic": "purchases", "timestamp": 1, "value_base64": "/wA="}\n'
    assert only(recording(tmp_path, line)).value == b"\xff\x00"


def test_a_key_may_be_absent(tmp_path: Path) -> None:
    line = b'{"topic": "purchases", "timestamp": 1, "value": {}}\n'
    assert only(recording(tmp_path, line)).key is None


def test_fields_that_the_form_does_not_name_are_ignored(tmp_path: Path) -> None:
    line = b'{"topic": "purchases", "timestamp": 1, "value": {}, "note": [1]}\n'
    assert only(recording(tmp_path, line)).value == b"{}"


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    assert len(list(read([recording(tmp_path, LINE, b"\n", b"  \n", LINE)]))) == 2


def test_the_last_line_needs_no_line_feed(tmp_path: Path) -> None:
    assert len(list(read([recording(tmp_path, LINE, LINE.rstrip())]))) == 2


def test_unknown_topics_are_handed_out_too(tmp_path: Path) -> None:
    assert only(recording(tmp_path, LINE.replace(b"purchases", b"clicks"))).topic == "clicks"


def test_offsets_go_on_by_topic_and_partition_and_across_files(tmp_path: Path) -> None:
    def line(topic: str, partition: int, **offset: int) -> bytes:
        fields = {"topic": topic, "timestamp": 1, "partition": partition, "value": {}, **offset}
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)

    first = recording(tmp_path, line("a", 0), line("a", 1), line("b", 0), name="1.jsonl")
    second = recording(tmp_path, line("a", 0, offset=7), line("a", 0), line("a", 1), name="2.jsonl")
    found = [(each.topic, each.partition, each.offset) for each in read([first, second])]
    assert found == [("a", 0, 0), ("a", 1, 0), ("b", 0, 0), ("a", 0, 7), ("a", 0, 8), ("a", 1, 1)]


@pytest.mark.parametrize(
    "headers",
    [
        {"a": "text", "b": None, "c": {"base64": "/w=="}},
        [["a", "text"], ["b", None], ["c", {"base64": "/w=="}]],
    ],
)
def test_headers_may_be_an_object_or_a_list_of_pairs(tmp_path: Path, headers: object) -> None:
    line = orjson.dumps({"topic": "t", "timestamp": 1, "value": {}, "headers": headers})
    record = only(recording(tmp_path, line))
    assert list(record.headers) == [("a", b"text"), ("b", None), ("c", b"\xff")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"topic": "t", "timest', "truncated"),
        (b"u1,p1,2016-01-31\n", "malformed"),
        (b"[1]\n", "Expected `object`"),
        (b'{"timestamp": 1, "value": {}}\n', "`topic`"),
        (b'{"topic": "t", "value": {}}\n', "`timestamp`"),
        (b'{"topic": "t", "timestamp": "1", "value": {}}\n', "Expected `int`, got `str`"),
        (b'{"topic": "t", "timestamp": 1.5, "value": {}}\n', "Expected `int`, got `float`"),
        (b'{"topic": "t", "timestamp": 1, "key": 5, "value": {}}\n', "`key`"),
        (b'{"topic": "t", "timestamp": 1, "partition": -1, "value": {}}\n', "`partition`"),
        (b'{"topic": "t", "timestamp": 1, "offset": -1, "value": {}}\n', "`offset`"),
        (b'{"topic": "t", "timestamp": 1}\n', "neither `value` nor `value_base64`"),
        (b'{"topic": "t", "timestamp": 1, "value_base64": "?"}\n', "base64"),
        (b'{"topic": "\xff", "timestamp": 1, "value": {}}\n', ""),
        (b'{"topic": "t", "timestamp": 1, "value": ' + b"[" * 9999 + b"]" * 9999 + b"}\n", ""),
    ],
)
def test_a_line_that_is_no_record_is_named_with_what_was_expected(
    tmp_path: Path, line: bytes, problem: str
) -> None:
    path = recording(tmp_path, LINE, line)
    with pytest.raises(RecordingError) as raised:
        list(read([path]))
    message = str(raised.value)
    assert message.startswith(f"{path}, line 2: ")
    assert problem in message
    assert '"timestamp": 1700000000000' in message


def test_the_records_before_a_bad_line_are_handed_out(tmp_path: Path) -> None:
    records = read([recording(tmp_path, LINE, b"{")])
    assert next(records).key == b"u1"
    with pytest.raises(RecordingError):
        next(records)


@pytest.mark.parametrize("name", ["recording.txt", "recording.zst", "jsonl", "r.jsonl.gz.gz"])
def test_other_kinds_of_file_are_refused_by_name(tmp_path: Path, name: str) -> None:
    expected = r"\.jsonl or \.ndjson, and after it in \.gz, \.xz or \.zst where it is compressed"
    with pytest.raises(SourceError, match=expected):
        list(read([recording(tmp_path, LINE, name=name)]))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"missing\.jsonl: cannot be read: No such file"):
        list(read([tmp_path / "missing.jsonl"]))


@pytest.mark.parametrize("kind", [".jsonl", ".ndjson"])
@pytest.mark.parametrize("compression", COMPRESSED)
def test_a_compressed_recording_of_several_frames_is_read_whole(
    tmp_path: Path, kind: str, compression: str
) -> None:
    compress = COMPRESSED[compression]
    name = f"recording{kind}{compression}"
    path = recording(tmp_path, compress(LINE), compress(LINE * 2), name=name)
    assert [record.offset for record in read([path])] == [0, 1, 2]


@pytest.mark.parametrize("compression", COMPRESSED)
def test_a_compressed_recording_that_lost_its_end_is_an_error(
    tmp_path: Path, compression: str
) -> None:
    frame = COMPRESSED[compression](LINE * 100)
    path = recording(tmp_path, frame[:-1], name=f"recording.jsonl{compression}")
    with pytest.raises(SourceError, match="incomplete"):
        list(read([path]))


@pytest.mark.parametrize("compression", COMPRESSED)
def test_a_file_that_is_not_compressed_as_its_name_says_is_an_error(
    tmp_path: Path, compression: str
) -> None:
    path = recording(tmp_path, LINE, name=f"recording.jsonl{compression}")
    with pytest.raises(SourceError, match="damaged"):
        list(read([path]))


@pytest.mark.parametrize("name", ["recording.jsonl", "recording.jsonl.zst"])
def test_progress_adds_up_to_the_size_on_disk(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with Writer(path) as writer:
        for number in range(50_000):
            writer.write(json_record("purchases", f"u{number}", {"number": number}, number, 4))
    steps: list[int] = []
    list(read([path], steps.append))
    assert sum(steps) == total_size([path]) > 0


@pytest.mark.parametrize("name", ["recording.jsonl", "recording.jsonl.zst"])
def test_a_written_recording_is_read_back_as_it_was(tmp_path: Path, name: str) -> None:
    records = [
        record_of("purchases", b"u1", b'{"event_id":"e1"}', 17, partition=3, offset=9),
        record_of("catalog", b"p1", None, 18),
        record_of("dead-letters", None, b"not JSON", 19, headers=[("unhaunt.error", b"not_json")]),
    ]
    with Writer(tmp_path / name) as writer:
        for record in records:
            writer.write(record)
    for before, after in zip(records, read([tmp_path / name]), strict=True):
        assert (after.topic, after.key, after.value) == (before.topic, before.key, before.value)
        assert (after.timestamp, after.partition) == (before.timestamp, before.partition)
        assert list(after.headers) == list(before.headers)


@pytest.mark.parametrize(
    "value",
    [
        b'{"price":10.0}',
        b'{ "spaced" : 1 }',
        b'{"a":1,"a":2}',
        b'{\n"a": 1}',
        b' {"a": 1} ',
        b'"text"',
        b"null",
        b"",
        b"NaN",
        b"\xff\xfe",
        b'{"lone": "\\ud800"}',
        b"[" * 1000 + b"]" * 1000,
    ],
)
def test_a_value_survives_byte_for_byte_whatever_it_is(tmp_path: Path, value: bytes) -> None:
    assert written_and_read(tmp_path, record_of("purchases", b"u1", value, 1)).value == value


def test_json_is_kept_readable(tmp_path: Path) -> None:
    with Writer(tmp_path / "readable.jsonl") as writer:
        writer.write(record_of("purchases", b"u1", b'{"event_id":"e1"}', 17))
    assert orjson.loads((tmp_path / "readable.jsonl").read_bytes()) == {
        "topic": "purchases",
        "key": "u1",
        "timestamp": 17,
        "partition": 0,
        "value": {"event_id": "e1"},
    }


@pytest.mark.parametrize("key", [b"u1", b"", b"\xff", None])
def test_a_key_survives_whatever_it_is(tmp_path: Path, key: bytes | None) -> None:
    assert written_and_read(tmp_path, record_of("purchases", key, b"{}", 1)).key == key


def test_headers_survive_with_their_order_and_repeats(tmp_path: Path) -> None:
    headers = [("b", b"1"), ("a", None), ("b", b"\xff")]
    record = record_of("purchases", b"u1", b"{}", 1, headers=headers)
    assert list(written_and_read(tmp_path, record).headers) == headers


def test_a_failed_writer_leaves_the_recording_that_was_there(tmp_path: Path) -> None:
    path = recording(tmp_path, LINE)

    def fail() -> None:
        with Writer(path) as writer:
            writer.write(record_of("purchases", b"u2", b"{}", 1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == LINE
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_refuses_a_name_that_could_not_be_read_again(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"\.jsonl or \.jsonl\.zst"):
        Writer(tmp_path / "recording.json")


def test_a_writer_says_when_the_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be written"), Writer(tmp_path / "no" / "r.jsonl"):
        pass


def test_a_json_record_lies_in_the_partition_of_its_key() -> None:
    record = json_record("purchases", "u1", {"event_id": "e1"}, 17, partitions=12)
    assert (record.partition, record.value) == (partition_of(b"u1", 12), b'{"event_id":"e1"}')
