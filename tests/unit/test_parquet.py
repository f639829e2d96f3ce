"""Parquet: events are read from it, decisions and lists are written as it."""

import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow
import pytest
from msgspec import to_builtins
from pyarrow import parquet

from schemas.outputs import (
    Decision,
    ListEntry,
    SuppressedCandidate,
    SuppressionList,
    to_json,
)
from streams.errors import SourceError, UserError
from streams.recording.files import read
from streams.recording.importing.columns import NO_OPTIONS, TableOptions
from streams.recording.importing.events import EventOptions, import_events
from streams.recording.importing.rows import ImportFailed
from streams.recording.parquet import reading, writing
from streams.recording.parquet.writing import parquet_lines
from tests.builders import NOW
from tests.command_line import json_lines, run, write_recording

REPOSITORY = Path(__file__).parents[2]
ORDER = {"event_id": "e1", "event": "order_completed", "order_id": "o1",
         "products": [{"product_id": "p1"}]}  # fmt: skip
REQUEST = {"request_id": "r1", "candidates": [{"product_id": "p1"}, {"product_id": "p2"}]}
DECISION = Decision(
    "r1",
    "ann\0\N{SNOWMAN}",
    NOW,
    "default",
    [SuppressedCandidate("p1", "purchased", "group", "g", NOW, None, ("e1", "e2"))],
    ["p2"],
    [SuppressedCandidate("p3", "lapsed", "product", "p3", NOW, NOW + 1, ())],
)
LIST = SuppressionList(
    "ann",
    NOW,
    "default",
    ["personalised_ads"],
    [
        ListEntry("product", "p1", "not_interested", NOW, NOW + 1, ("e1",), 8, "EUR"),
        ListEntry("product", "p2", "not_interested", NOW, NOW + 1, ("e1",), 8.5),
        ListEntry("all", "*", "opt_out_all", NOW, None, ("e3",)),
    ],
)


def written(path: Path, *records: Decision | SuppressionList) -> list[dict[str, Any]]:
    """The rows of a file with these records."""
    with path.open("wb") as file, parquet_lines(type(records[0]), file.write) as add:
        for record in records:
            add(to_json(record) + b"\n")
    return list(parquet.read_table(path).to_pylist())


def told(value: Any) -> Any:
    """A row as the record has it: times as numbers, and nothing where there is nothing."""
    if isinstance(value, dict):
        return {name: told(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [told(each) for each in value]
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value


# --- what is written -----------------------------------------------------------------------------


@pytest.mark.parametrize("record", [DECISION, LIST], ids=["decision", "list"])
def test_a_record_is_written_with_all_its_fields(
    tmp_path: Path, record: Decision | SuppressionList
) -> None:
    [row] = written(tmp_path / "one.parquet", record)
    assert told(row) == told(to_builtins(record))


def test_times_are_times_in_utc(tmp_path: Path) -> None:
    [row] = written(tmp_path / "one.parquet", DECISION)
    assert row["ts"] == datetime.fromtimestamp(NOW / 1000, UTC)
    assert row["suppressed"][0]["until"] is None


def test_a_file_without_records_has_the_columns_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    with path.open("wb") as file, parquet_lines(Decision, file.write):
        pass
    table = parquet.read_table(path)
    assert (table.num_rows, table.column_names[:2]) == (0, ["request_id", "user_id"])


def test_a_row_group_ends_when_its_lines_are_long_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ROW_GROUP_BYTES", 3 * len(to_json(DECISION)))
    rows = written(tmp_path / "many.parquet", *[DECISION] * 7)
    metadata = parquet.read_metadata(tmp_path / "many.parquet")
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [3, 3, 1]
    assert len(rows) == 7


def test_little_of_many_records_is_in_memory_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ROW_GROUP_BYTES", 1 << 20)
    line = to_json(DECISION) + b"\n"
    before = pyarrow.total_allocated_bytes()
    most = 0
    with (
        (tmp_path / "many.parquet").open("wb") as file,
        parquet_lines(Decision, file.write) as add,
    ):
        for _ in range((32 << 20) // len(line)):
            add(line)
            most = max(most, pyarrow.total_allocated_bytes() - before)
    assert most < 8 << 20


# --- by the commands -----------------------------------------------------------------------------


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(
        tmp_path / "recording.jsonl",
        *(("purchases", f"u{number}", ORDER) for number in range(20)),
        *(("impression-requests", f"u{number}", REQUEST) for number in range(20)),
    )


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("option", ["--decisions", "--lists"])
def test_a_backtest_writes_as_parquet_what_it_writes_as_json_lines(
    recording: Path, tmp_path: Path, option: str, processes: int
) -> None:
    path = tmp_path / "made.parquet"
    assert run("backtest", recording, option, path, "--processes", processes).exit_code == 0
    rows = [told(row) for row in parquet.read_table(path).to_pylist()]
    assert rows == json_lines(run("backtest", recording, option, "-").stdout)
    assert len(rows) == 20
    assert path.stat().st_mode & 0o077 == 0


def test_what_fails_leaves_no_file_behind(recording: Path, tmp_path: Path) -> None:
    with recording.open("ab") as file:
        file.write(b"no record\n")
    result = run("backtest", recording, "--decisions", tmp_path / "made.parquet")
    assert result.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == [recording.name]


def test_where_arrow_is_not_installed_it_is_said_how_to_install_it(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("backtest", recording, "--decisions", tmp_path / "made.parquet")
    assert result.exit_code == 2
    assert "pip install 'unhaunt[parquet]'" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == [recording.name]


def test_commands_that_need_no_arrow_do_not_import_it() -> None:
    modules = "backtest, demo, importing"
    check = f"import sys; from streams.commands import {modules}; print('pyarrow' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", check], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"


# --- what is read --------------------------------------------------------------------------------


def imported(folder: Path, rows: "pyarrow.Table", **options: Any) -> list[Any]:
    path, output = folder / "events.parquet", folder / "made.jsonl"
    parquet.write_table(rows, path)
    import_events([path], output, EventOptions("segment", now=NOW, **options))
    return [(record.key, orjson.loads(record.value or b"")) for record in read([output])]


def events(**fields: Iterable[object]) -> "pyarrow.Table":
    """Two orders, with these columns besides."""
    products = [[{"product_id": "tv", "price": Decimal("499.50")}]] * 2
    columns = {
        "type": ["track"] * 2,
        "event": ["Order Completed"] * 2,
        "userId": ["ann", "bob"],
        "timestamp": [datetime.fromtimestamp(NOW / 1000, UTC)] * 2,
        "properties": [{"order_id": "o1", "products": each} for each in products],
    }
    return pyarrow.table({**columns, **fields})


def test_nested_columns_are_read_as_objects_and_arrays(tmp_path: Path) -> None:
    (key, value), _ = imported(tmp_path, events())
    assert key == b"ann"
    assert value["ts"] == NOW
    assert value["products"] == [{"product_id": "tv", "quantity": 1, "price": 499.5, "gift": False}]


def test_columns_of_parquet_may_be_named_by_paths_or_renamed(tmp_path: Path) -> None:
    table = events().drop_columns(["properties", "userId"])
    table = table.append_column("properties.order_id", [["o1", "o2"]])
    table = table.append_column("sku", [[b"tv", b"mug"]])
    table = table.append_column("customer", [[4711, 4712]])
    options = TableOptions(
        renamed=[("sku", "properties.products.0.product_id"), ("customer", "userId")]
    )
    made = imported(tmp_path, table, table=options)
    named = {key: value["order_id"] for key, value in made}
    assert named == {b"4711": "o1", b"4712": "o2"}


def test_times_with_nanoseconds_are_read(tmp_path: Path) -> None:
    nanoseconds = pyarrow.array([NOW * 1_000_000 + 1] * 2, pyarrow.timestamp("ns", "UTC"))
    table = events().drop_columns(["timestamp"]).append_column("timestamp", nanoseconds)
    assert [value["ts"] for _, value in imported(tmp_path, table)] == [NOW, NOW]


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match=r"events\.parquet, row 2: userId: expected"):
        imported(tmp_path, events(userId=["ann", None]), key="userId")


def test_what_cannot_be_written_as_json_is_a_broken_row(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match=r"events\.parquet, row 1: expected what can be written"):
        imported(tmp_path, events(blob=[b"\xff", b""]))


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(SourceError, match=r"events\.parquet: cannot be read as Parquet: "):
        import_events([path], tmp_path / "made.jsonl", EventOptions("segment"))


def test_a_row_group_that_takes_much_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LARGEST_ROW_GROUP", 100)
    with pytest.raises(SourceError, match="expected row groups of at most 100 bytes, got one of"):
        imported(tmp_path, events())


def test_compressed_parquet_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet.gz"
    path.write_bytes(b"")
    with pytest.raises(SourceError, match=r"expected \.parquet alone, which is compressed within"):
        import_events([path], tmp_path / "made.jsonl", EventOptions("segment", table=NO_OPTIONS))


def test_without_arrow_it_cannot_be_read_and_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"pip install 'unhaunt\[parquet\]'"):
        import_events(
            [tmp_path / "events.parquet"], tmp_path / "made.jsonl", EventOptions("segment")
        )
