"""Whatever Kafka can hold, a recording gives back."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from streams.recording.files import RecordedRecord, Writer, read, record_of

CONTENT = st.none() | st.binary() | st.text().map(str.encode) | st.sampled_from([b"null", b"{}"])

RECORDS = st.builds(
    record_of,
    st.text(min_size=1),
    CONTENT,
    CONTENT,
    st.integers(-(2**63), 2**63 - 1),
    partition=st.integers(0, 2**31 - 1),
    headers=st.lists(st.tuples(st.text(), CONTENT)),
)


def parts(record: RecordedRecord) -> tuple[object, ...]:
    headers = [*record.headers]
    return record.topic, record.key, record.value, record.timestamp, record.partition, headers


@given(st.lists(RECORDS, max_size=5), st.sampled_from([".jsonl", ".jsonl.zst"]))
def test_records_are_read_as_they_were_written(records: list[RecordedRecord], ending: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"recording{ending}"
        with Writer(path) as writer:
            for record in records:
                writer.write(record)
        assert [parts(record) for record in read([path])] == [parts(record) for record in records]
