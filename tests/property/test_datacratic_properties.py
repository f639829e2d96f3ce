"""Whatever auctions there are, their recording is in order, valid and repeatable."""

import tempfile
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from schemas.decoding import decode
from streams.recording.files import RecordedRecord, read
from streams.recording.importing.datacratic import import_datacratic
from streams.recording.importing.rows import ImportSummary

auctions = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text(max_size=5),
            "timestamp": st.floats(0, 30) | st.floats(1.3e9, 1.3e9 + 30) | st.integers(0, 5),
            "userIds": st.fixed_dictionaries({"xchg": st.text(min_size=1, max_size=5)}),
        }
    ),
    min_size=1,
    max_size=40,
)
seeds = st.integers()
repeats = st.integers(1, 3)


def imported(
    lines: list[dict[str, object]], seed: int, repeat: int
) -> tuple[bytes, list[RecordedRecord], ImportSummary]:
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "auctions.jsonl"), Path(folder, "recording.jsonl")
        source.write_bytes(b"\n".join(map(orjson.dumps, lines)))
        summary = import_datacratic(source, output, seed=seed, repeat=repeat)
        return output.read_bytes(), list(read([output])), summary


@given(auctions, seeds, repeats)
def test_the_same_auctions_and_seed_give_the_same_bytes(
    lines: list[dict[str, object]], seed: int, repeat: int
) -> None:
    assert imported(lines, seed, repeat)[0] == imported(lines, seed, repeat)[0]


@given(auctions, seeds, repeats)
def test_records_are_in_order_of_time_and_every_auction_is_requested_in_each_round(
    lines: list[dict[str, object]], seed: int, repeat: int
) -> None:
    _, records, summary = imported(lines, seed, repeat)
    times = [record.timestamp for record in records]
    assert times == sorted(times)
    assert summary.written["impression-requests"] == len(lines) * repeat
    assert summary.written.total() == len(records)


@given(auctions, seeds, repeats)
def test_every_record_keeps_the_contract(
    lines: list[dict[str, object]], seed: int, repeat: int
) -> None:
    for record in imported(lines, seed, repeat)[1]:
        decode(record.topic, record.key, record.value, record.timestamp)
