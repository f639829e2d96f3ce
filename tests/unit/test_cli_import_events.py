"""`unhaunt import events`."""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from tests.bid_requests import simple
from tests.command_line import json_lines, run, run_on, words

ORDER = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m1",
    "userId": "ann",
    "timestamp": "2025-06-30T09:00:00Z",
    "properties": {"order_id": "o1", "products": [{"product_id": "tv", "price": "8,50"}]},
}
TABLE = "customer;at;sku\nann;2025-06-29 18:03:11;tv\nbob;2025-06-29 18:40:50;mug\n"


def line(event: dict[str, Any]) -> bytes:
    return orjson.dumps(event) + b"\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.ndjson").write_bytes(line(ORDER))
    (tmp_path / "broken.ndjson").write_bytes(line(ORDER) + b"{]\n")
    (tmp_path / "orders.csv").write_text(TABLE)
    return tmp_path


def imported(folder: Path) -> list[Any]:
    return json_lines((folder / "made.jsonl").read_bytes())


def test_events_become_a_recording_and_a_summary(folder: Path) -> None:
    result = run("import", "events", "--format", "segment", "events.ndjson", "-o", "made.jsonl")
    assert result.exit_code == 0
    assert [record["topic"] for record in imported(folder)] == ["purchases"]
    summary = words(result.stderr)
    assert "Rows read 1 Records written 1 purchases 1" in summary
    assert "Next: unhaunt backtest made.jsonl" in summary
    assert 'corrected properties.products.price event 1: properties.products[0].price: got "8,50"'\
        in summary  # fmt: skip


def test_a_backtest_of_what_was_imported_needs_to_know_no_format(folder: Path) -> None:
    run("import", "events", "--format", "segment", "events.ndjson", "-o", "made.jsonl")
    [suppressions] = json_lines(run("backtest", "made.jsonl", "--lists", "-").stdout)
    assert [entry["value"] for entry in suppressions["entries"]] == ["tv"]


def test_a_broken_line_ends_it_with_exit_code_2_and_its_file_line_and_what_was_expected(
    folder: Path,
) -> None:
    result = run("import", "events", "--format", "segment", "broken.ndjson", "-o", "made.jsonl")
    assert result.exit_code == 2
    assert result.stderr.startswith("broken.ndjson, line 2: value: expected JSON in UTF-8, got ")
    assert not (folder / "made.jsonl").exists()


def test_broken_lines_may_be_left_out_and_are_counted_and_named(folder: Path) -> None:
    arguments = ["import", "events", "--format", "segment", "broken.ndjson", "-o", "made.jsonl"]
    result = run(*arguments, "--skip-broken")
    assert result.exit_code == 0
    summary = words(result.stderr)
    assert "broken lines: not_json 1" in summary
    assert "Left out: broken.ndjson, line 2: value: expected JSON in UTF-8" in summary
    assert len(imported(folder)) == 1


def test_what_a_broken_line_says_cannot_change_the_terminal(folder: Path) -> None:
    (folder / "broken.ndjson").write_bytes(line({**ORDER, "type": "\x1b[31mred"}) + line(ORDER))
    arguments = ["import", "events", "--format", "segment", "broken.ndjson", "-o", "made.jsonl"]
    for result in (run(*arguments), run(*arguments, "--skip-broken")):
        assert "red" in result.stderr
        assert "\x1b" not in result.stderr


def test_the_columns_of_a_table_are_named_on_the_command_line(folder: Path) -> None:
    result = run(
        "import", "events", "--format", "segment", "orders.csv", "-o", "made.jsonl",
        "--set", "type=track", "--set", "event=Order Completed",
        "--rename", "customer=userId", "--rename", "at=timestamp",
        "--rename", "sku=properties.products.0.product_id",
    )  # fmt: skip
    assert result.exit_code == 0
    assert [record["key"] for record in imported(folder)] == ["ann", "bob"]


def test_a_table_without_names_gets_them_on_the_command_line(folder: Path) -> None:
    (folder / "orders.csv").write_text("ann,x,mug,2025-06-29T18:03:11Z,e1\n")
    result = run(
        "import", "events", "--format", "unhaunt", "--topic", "dismissals", "orders.csv",
        "-o", "made.jsonl", "--columns", "user_id, ,product_id,came,event_id",
        "--set", "reason=not_interested", "--time", "came", "--partitions", 1,
    )  # fmt: skip
    assert result.exit_code == 0
    [record] = imported(folder)
    assert (record["topic"], record["partition"]) == ("dismissals", 0)
    assert record["value"]["product_id"] == "mug"


def test_bid_requests_take_candidates_of_a_file(folder: Path) -> None:
    (folder / "shop.json").write_text('[{"product_id": "tv"}]')
    (folder / "bids.json").write_bytes(line({**simple(imp=[{"id": "1"}]), "at": 1_750_000_000}))
    result = run(
        "import", "events", "--format", "openrtb", "--time", "at", "--candidates", "shop.json",
        "bids.json", "-o", "made.jsonl",
    )  # fmt: skip
    assert result.exit_code == 0
    assert imported(folder)[0]["value"]["candidates"] == [{"product_id": "tv"}]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(line(ORDER), id="plain"),
        pytest.param(gzip.compress(line(ORDER)), id="gz"),
        pytest.param(
            zstandard.compress(
                b"userId,type,event,timestamp,properties.products.0.id\n"
                b"ann,track,Order Completed,2025-06-30T09:00:00Z,tv\n"
            ),
            id="table",
        ),
    ],
)
def test_events_may_come_on_standard_input_and_are_told_by_how_they_begin(
    folder: Path, content: bytes
) -> None:
    result = run_on(content, "import", "events", "--format", "segment", "-", "-o", "made.jsonl")
    assert result.returncode == 0, result.stderr
    assert [record["key"] for record in imported(folder)] == ["ann"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--format segmnt events.ndjson -o made.jsonl", "--format: expected one of unhaunt, auto"),
        ("--format auto events.ndjson -o made.jsonl", "--topic: needed with auto"),
        ("--format segment events.ndjson -o events.ndjson", "events.ndjson: named more than once"),
        ("--format segment events.ndjson -o made.parquet", "made.parquet: expected a file whose"),
        ("--format segment orders.csv --set a -o made.jsonl", "--set: expected two sides and ="),
        ("--format segment none.ndjson -o made.jsonl", "none.ndjson: cannot be read: No such file"),
    ],
)
def test_a_mistake_is_named(folder: Path, arguments: str, message: str) -> None:
    result = run("import", "events", *arguments.split())
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
