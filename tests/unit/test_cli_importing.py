"""`unhaunt import …`."""

from pathlib import Path

import pytest

from tests.command_line import json_lines, run, words

ACTIONS = """\
user_id,sku_id,time,model_id,type,cate,brand
1.0,10,2016-02-01 10:00:00,,1,8,99
1.0,10,2016-02-01 10:01:00,,4,8,99
1.0,10,2016-02-01 10:02:00,,2,8,99
"""
PRODUCTS = "sku_id,a1,a2,a3,cate,brand\n10,1,1,1,8,99\n"
INVOICES = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,a,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
2,B,b,6,2010-12-01 09:26:00,2.55,17850,United Kingdom
"""

AUCTIONS = """\
{"id": "a1", "timestamp": 1326240000.066617, "userIds": {"xchg": "ann"}}
{"id": "a2", "timestamp": 1326240000.070001}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "actions.csv").write_text(ACTIONS)
    (tmp_path / "products.csv").write_text(PRODUCTS)
    (tmp_path / "invoices.csv").write_text(INVOICES)
    (tmp_path / "auctions.jsonl").write_text(AUCTIONS)
    return tmp_path


def test_jdata_becomes_a_recording_and_a_summary(folder: Path) -> None:
    recording = folder / "recording.jsonl"
    result = run(
        "import", "jdata", folder / "actions.csv", "--products", folder / "products.csv",
        "-o", recording,
    )  # fmt: skip
    assert result.exit_code == 0
    topics = [record["topic"] for record in json_lines(recording.read_bytes())]
    assert topics == ["catalog", "impression-requests", "purchases"]
    summary = words(result.stderr)
    assert "Rows read 3" in summary
    assert "Records written 3" in summary
    assert "added to the cart) 1" in summary
    assert "Note: Times are read as Chinese local time" in summary


def test_jdata_takes_several_files_of_actions(folder: Path) -> None:
    recording = folder / "recording.jsonl"
    later = folder / "later.csv"
    later.write_text(ACTIONS.replace("2016-02", "2016-03"))
    run(
        "import", "jdata", folder / "actions.csv", later, "--products", folder / "products.csv",
        "-o", recording,
    )  # fmt: skip
    topics = [record["topic"] for record in json_lines(recording.read_bytes())]
    assert topics == ["catalog", *["impression-requests", "purchases"] * 2]


def test_online_retail_becomes_a_recording(folder: Path) -> None:
    recording = folder / "recording.jsonl"
    result = run("import", "online-retail", folder / "invoices.csv", "-o", recording)
    assert result.exit_code == 0
    topics = [record["topic"] for record in json_lines(recording.read_bytes())]
    assert sorted(topics) == [*["impression-requests"] * 2, *["purchases"] * 2]


def test_online_retail_reads_only_so_many_lines(folder: Path) -> None:
    recording = folder / "recording.jsonl"
    result = run("import", "online-retail", folder / "invoices.csv", "--lines", 1, "-o", recording)
    assert "Rows read 1" in words(result.stderr)
    assert len(recording.read_bytes().splitlines()) == 2


def test_datacratic_becomes_a_recording_and_a_summary_that_says_what_is_drawn(
    folder: Path,
) -> None:
    recording = folder / "recording.jsonl"
    result = run("import", "datacratic", folder / "auctions.jsonl", "-o", recording)
    assert result.exit_code == 0
    assert json_lines(recording.read_bytes())[0]["topic"] == "impression-requests"
    summary = words(result.stderr)
    assert "auctions without a user id 1" in summary
    assert "Note: Who asked when is real." in summary


def test_datacratic_is_drawn_with_a_seed_and_repeated_at_will(folder: Path) -> None:
    recording = folder / "recording.jsonl"
    result = run(
        "import", "datacratic", folder / "auctions.jsonl", "--seed", 7, "--repeat", 3,
        "-o", recording,
    )  # fmt: skip
    assert "drawn with the seed 7" in words(result.stderr)
    topics = [record["topic"] for record in json_lines(recording.read_bytes())]
    assert topics.count("impression-requests") == 3


def test_a_file_of_something_else_is_a_mistake_that_is_named(folder: Path) -> None:
    recording = folder / "recording.jsonl"
    result = run("import", "online-retail", folder / "products.csv", "-o", recording)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{folder / 'products.csv'}, line 1: no column InvoiceNo")
    assert not recording.exists()
