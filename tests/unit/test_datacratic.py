"""Datacratic's auctions become requests, and a seed says what they are for and what comes of it."""

import hashlib
import lzma
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.errors import SourceError
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, read
from streams.recording.importing.datacratic import CANDIDATES, RESPONSE_WITHIN_MS, import_datacratic
from streams.recording.importing.rows import ImportFailed, ImportSummary
from streams.recording.sources import total_size
from tests.recorded_data import recorded_data

START = 1326240000
ANN = {"xchg": "ann", "adx": "ann"}


def auction(number: int, seconds: float = 0.0, user_ids: dict[str, str] | None = ANN) -> bytes:
    line: dict[str, Any] = {
        "id": f"a{number}",
        "timestamp": START + seconds,
        "ipAddress": "192.0.2.1",
        "url": "http://news.example/page",
    }
    if user_ids is not None:
        line["userIds"] = user_ids
    return orjson.dumps(line)


MANY = [auction(number, number / 100, {"xchg": f"user-{number % 30}"}) for number in range(700)]


class Import:
    def __init__(self, folder: Path, *lines: bytes, **options: int) -> None:
        source, self.output = folder / "auctions.jsonl", folder / "recording.jsonl"
        source.write_bytes(b"\n".join(lines))
        self.summary: ImportSummary = import_datacratic(source, self.output, **options)
        self.records: list[RecordedRecord] = list(read([self.output]))

    def values(self, topic: str) -> list[dict[str, Any]]:
        return [
            orjson.loads(record.value or b"") for record in self.records if record.topic == topic
        ]

    def digest(self) -> str:
        return hashlib.sha256(self.output.read_bytes()).hexdigest()


def test_an_auction_is_a_request_of_its_user_at_its_time(tmp_path: Path) -> None:
    imported = Import(tmp_path, auction(1, 0.066617))
    record = imported.records[0]
    assert (record.topic, record.key, record.timestamp) == (
        "impression-requests",
        b"ann",
        START * 1000 + 67,
    )
    (request,) = imported.values("impression-requests")
    assert request.pop("candidates")
    assert request == {"ts": START * 1000 + 67, "user_id": "ann", "request_id": "a1"}


def test_a_user_is_who_the_exchange_says(tmp_path: Path) -> None:
    imported = Import(tmp_path, auction(1, user_ids={"prov": "p", "ag": "p", "xchg": "x"}))
    assert imported.values("impression-requests")[0]["user_id"] == "x"


def test_auctions_without_a_user_are_left_out_and_counted(tmp_path: Path) -> None:
    imported = Import(
        tmp_path,
        auction(1, user_ids=None),
        auction(2, user_ids={}),
        auction(3, user_ids={"xchg": ""}),
        auction(4),
    )
    assert imported.summary.rows == 4
    assert imported.summary.skipped == {"auctions without a user id": 3}
    assert imported.summary.written["impression-requests"] == 1


def test_candidates_are_five_different_products(tmp_path: Path) -> None:
    for request in Import(tmp_path, *MANY).values("impression-requests"):
        assert len({candidate["product_id"] for candidate in request["candidates"]}) == CANDIDATES


def test_candidates_are_popular_by_their_rank(tmp_path: Path) -> None:
    wanted = Counter(
        candidate["product_id"]
        for request in Import(tmp_path, *MANY).values("impression-requests")
        for candidate in request["candidates"]
    )
    assert [product_id for product_id, _ in wanted.most_common(3)] == [
        "product-0001",
        "product-0002",
        "product-0003",
    ]


def test_of_seven_ads_about_five_are_shown_two_dismissed_and_one_bought(tmp_path: Path) -> None:
    written = Import(tmp_path, *MANY).summary.written
    assert written["impression-requests"] == 700
    assert written["impressions"] == pytest.approx(500, rel=0.1)
    assert written["dismissals"] == pytest.approx(200, rel=0.2)
    assert written["purchases"] == pytest.approx(100, rel=0.3)


def test_what_comes_of_an_auction_is_about_its_first_candidate_and_says_so(
    tmp_path: Path,
) -> None:
    imported = Import(tmp_path, *MANY)
    first = {
        request["request_id"]: request["candidates"][0]["product_id"]
        for request in imported.values("impression-requests")
    }
    shown = {
        f"constructed-{request_id}": product_id for request_id, product_id in first.items()
    }.items()
    impressions = imported.values("impressions")
    assert all(first[each["request_id"]] == each["product_id"] for each in impressions)
    assert {(each["impression_id"], each["product_id"]) for each in impressions} < shown
    assert {
        (each["event_id"], each["product_id"]) for each in imported.values("dismissals")
    } < shown
    assert {
        (each["order_id"], each["products"][0]["product_id"])
        for each in imported.values("purchases")
    } < shown


def test_what_is_bought_or_dismissed_was_shown_shortly_before(tmp_path: Path) -> None:
    imported = Import(tmp_path, *MANY)
    shown = {each["impression_id"]: each["ts"] for each in imported.values("impressions")}
    for each in [*imported.values("purchases"), *imported.values("dismissals")]:
        assert 0 <= each["ts"] - shown[each["event_id"]] < RESPONSE_WITHIN_MS


def test_records_are_in_order_of_time_and_in_the_partitions_of_their_keys(tmp_path: Path) -> None:
    records = Import(tmp_path, *reversed(MANY), partitions=8).records
    times = [record.timestamp for record in records]
    assert times == sorted(times)
    assert all(record.partition == partition_of(record.key or b"", 8) for record in records)
    assert len({record.partition for record in records}) == 8


def test_the_same_auctions_and_seed_are_the_same_to_the_byte_everywhere(tmp_path: Path) -> None:
    assert Import(tmp_path, *MANY).digest() == (
        "40762d9fa0e1787e465f963528f92ad80cb3ecfeb47dab1f1825924ed3a8ebf2"
    )


def test_another_seed_keeps_the_people_and_their_times_and_draws_anew(tmp_path: Path) -> None:
    first, second = Import(tmp_path, *MANY), Import(tmp_path, *MANY, seed=2)
    requests, others = (each.values("impression-requests") for each in (first, second))
    assert [each.pop("candidates") for each in requests] != [
        each.pop("candidates") for each in others
    ]
    assert requests == others
    assert "the seed 2" in second.summary.notes[0]


def test_repeated_auctions_follow_each_other_with_the_same_people_and_other_ids(
    tmp_path: Path,
) -> None:
    lines = [auction(1), auction(2, 0.5, {"xchg": "bob"})]
    requests = Import(tmp_path, *lines, repeat=3).values("impression-requests")
    assert [
        (each["request_id"], each["user_id"], each["ts"] - START * 1000) for each in requests
    ] == [
        ("a1", "ann", 0),
        ("a2", "bob", 500),
        ("a1-2", "ann", 501),
        ("a2-2", "bob", 1001),
        ("a1-3", "ann", 1002),
        ("a2-3", "bob", 1502),
    ]


def test_a_summary_counts_what_was_read_and_written(tmp_path: Path) -> None:
    imported = Import(tmp_path, *MANY, repeat=2)
    assert imported.summary.rows == len(MANY)
    assert imported.summary.written == Counter(record.topic for record in imported.records)


def test_a_compressed_file_is_read_too_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    source, steps = tmp_path / "auctions.jsonl.xz", list[int]()
    source.write_bytes(lzma.compress(auction(1) + b"\n\n" + auction(2) + b"\n"))
    summary = import_datacratic(source, tmp_path / "out.jsonl", progress=steps.append)
    assert summary.written["impression-requests"] == 2
    assert sum(steps) == total_size([source])


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (b"", ": no auctions of known users; expected at least one"),
        (auction(1, user_ids=None), ": no auctions of known users; expected at least one"),
        (auction(1) + b"\nid,timestamp\n", r", line 2: .*Expected an auction like \{"),
        (b"[1]", r", line 1: .*`object`.*Expected an auction like"),
        (b'{"id": "a"}', ", line 1: .*`timestamp`"),
        (b'{"id": "a", "timestamp": "noon"}', ", line 1: .*`timestamp`"),
        (b'{"id": "a", "timestamp": 1e300}', ", line 1: .*`timestamp`"),
        (b'{"id": "a", "timestamp": 1, "userIds": {"xchg": 7}}', ", line 1: .*`userIds.xchg`"),
        (b'{"id": "\xff", "timestamp": 1}', ", line 1: "),
        (b"[" * 100_000, ", line 1: "),
    ],
    ids=[
        "nothing",
        "nobody",
        "a table",
        "a list",
        "no time",
        "time in words",
        "time out of range",
        "user id that is no text",
        "not UTF-8",
        "nested too deeply",
    ],
)
def test_a_file_that_has_no_auctions_is_named_with_what_was_expected(
    tmp_path: Path, lines: bytes, problem: str
) -> None:
    with pytest.raises(ImportFailed, match=r"auctions\.jsonl" + problem):
        Import(tmp_path, lines)
    assert not (tmp_path / "recording.jsonl").exists()


def test_a_file_of_another_kind_is_named_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"auctions\.csv: expected .* \.jsonl or \.ndjson"):
        import_datacratic(tmp_path / "auctions.csv", tmp_path / "out.jsonl")


@pytest.mark.data
def test_the_recorded_auctions_are_imported_whole_with_their_skew(tmp_path: Path) -> None:
    output = tmp_path / "auctions.jsonl"
    summary = import_datacratic(recorded_data("datacratic_auctions.jsonl.xz"), output)
    assert summary.rows == 20_000
    assert summary.skipped == {"auctions without a user id": 750}
    assert summary.written == {
        "impression-requests": 19_250,
        "impressions": 13_784,
        "dismissals": 5_485,
        "purchases": 2_779,
    }
    records = list(read([output]))
    times = [record.timestamp for record in records]
    assert times == sorted(times)
    requests = Counter(
        record.key for record in records if record.topic == "impression-requests"
    ).most_common()
    assert len(requests) == 17_423
    assert [count for _, count in requests[:2]] == [497, 8]
    assert hashlib.sha256(output.read_bytes()).hexdigest() == (
        "888b2b65d347ec44be99f7427a23f6505d2e45ee6a71fe3b8983f9b8c9f0b892"
    )
