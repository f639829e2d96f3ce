"""JData's actions become requests, dismissals and orders as its importer says."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.errors import SourceError
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, read
from streams.recording.importing.jdata import import_jdata
from streams.recording.importing.rows import ImportFailed, ImportSummary
from streams.recording.sources import total_size
from tests.recorded_data import recorded_data

HEADER = "user_id,sku_id,time,model_id,type,cate,brand\n"
PRODUCTS = "sku_id,a1,a2,a3,cate,brand\n10,3,1,1,8,489\n20,1,1,1,4,30\n"
MIDNIGHT = 1454256000000
"""2016-02-01 00:00:00 in China."""


def row(sku: str, time: str, kind: int, user: str = "7.0", model: str = "") -> str:
    return f"{user},{sku},2016-02-01 {time},{model},{kind},8,545\n"


class Import:
    def __init__(self, folder: Path, *files: Iterable[str]) -> None:
        products = folder / "products.csv"
        products.write_text(PRODUCTS)
        self.paths = [folder / f"actions{number}.csv" for number in range(len(files))]
        for path, rows in zip(self.paths, files, strict=True):
            path.write_text(HEADER + "".join(rows))
        output = folder / "jdata.jsonl"
        self.summary: ImportSummary = import_jdata(self.paths, products, output)
        self.records: list[RecordedRecord] = list(read([output]))

    def values(self, topic: str) -> list[dict[str, Any]]:
        return [
            orjson.loads(record.value or b"") for record in self.records if record.topic == topic
        ]


def test_products_come_first_as_the_catalog(tmp_path: Path) -> None:
    imported = Import(tmp_path, [row("10", "00:00:05", 1)])
    assert [record.topic for record in imported.records] == [
        "catalog",
        "catalog",
        "impression-requests",
    ]
    assert imported.records[0].key == b"10"
    assert imported.values("catalog")[0] == {"categories": ["8"], "brand": "489"}


def test_a_first_look_is_a_request_without_earlier_interest(tmp_path: Path) -> None:
    imported = Import(tmp_path, [row("10", "00:00:05", 1)])
    (request,) = imported.values("impression-requests")
    assert request["candidates"] == [{"product_id": "10"}]
    assert (request["user_id"], request["ts"]) == ("7", MIDNIGHT + 5000)
    assert imported.records[-1].timestamp == MIDNIGHT + 5000
    assert imported.records[-1].key == b"7"


def test_a_click_is_a_look_as_a_view_is(tmp_path: Path) -> None:
    imported = Import(tmp_path, [row("10", "00:00:01", 1), row("10", "00:00:02", 6)])
    second = imported.values("impression-requests")[1]
    assert second["candidates"] == [{"product_id": "10", "interest_at": MIDNIGHT + 1000}]


def test_candidates_are_the_five_products_looked_at_last_the_current_one_first(
    tmp_path: Path,
) -> None:
    looks = [row("10", f"00:00:0{second}", 1) for second in (1, 2)]
    looks += [row("20", f"00:00:0{second}", 1) for second in (3, 4)]
    looks += [row(sku, f"00:00:0{second}", 1) for sku, second in (("30", 5), ("40", 6), ("50", 7))]
    imported = Import(tmp_path, [*looks, row("60", "00:00:08", 6), row("20", "00:00:09", 6)])
    last_but_one, last = imported.values("impression-requests")[-2:]
    assert [candidate["product_id"] for candidate in last_but_one["candidates"]] == [
        "60",
        "50",
        "40",
        "30",
        "20",
    ]
    assert [
        (candidate["product_id"], candidate["interest_at"] - MIDNIGHT)
        for candidate in last["candidates"]
    ] == [("20", 4000), ("60", 8000), ("50", 7000), ("40", 6000), ("30", 5000)]


def test_looks_of_others_are_no_candidates(tmp_path: Path) -> None:
    imported = Import(tmp_path, [row("10", "00:00:01", 1), row("20", "00:00:02", 1, user="8.0")])
    second = imported.values("impression-requests")[1]
    assert (second["user_id"], second["candidates"]) == ("8", [{"product_id": "20"}])


def test_products_that_the_catalog_does_not_know_bring_their_attributes(tmp_path: Path) -> None:
    imported = Import(
        tmp_path,
        [row("99", "00:00:01", 1), row("99", "00:00:02", 3), row("99", "00:00:03", 4)],
    )
    named = {"product_id": "99", "categories": ["8"], "brand": "545"}
    assert imported.values("impression-requests")[0]["candidates"] == [named]
    assert imported.values("dismissals")[0].items() >= named.items()
    assert imported.values("purchases")[0]["products"] == [named]


def test_a_removal_from_the_cart_is_a_dismissal(tmp_path: Path) -> None:
    (dismissal,) = Import(tmp_path, [row("10", "00:00:01", 3)]).values("dismissals")
    assert dismissal.pop("event_id")
    assert dismissal == {
        "user_id": "7",
        "ts": MIDNIGHT + 1000,
        "reason": "removed_from_cart",
        "product_id": "10",
    }


def test_an_order_is_a_purchase_of_its_product(tmp_path: Path) -> None:
    (order,) = Import(tmp_path, [row("10", "00:00:01", 4)]).values("purchases")
    assert order.pop("event_id")
    assert order.pop("order_id")
    assert order == {
        "user_id": "7",
        "ts": MIDNIGHT + 1000,
        "event": "order_completed",
        "products": [{"product_id": "10"}],
    }


@pytest.mark.parametrize("kind", [3, 4])
def test_repeated_evidence_is_kept_under_one_event_id(tmp_path: Path, kind: int) -> None:
    imported = Import(tmp_path, [row("10", "00:00:01", kind)] * 2)
    first, second = imported.values("dismissals") + imported.values("purchases")
    assert first == second


def test_repeated_looks_are_left_out_and_counted(tmp_path: Path) -> None:
    imported = Import(tmp_path, [row("10", "00:00:01", 1)] * 3, [row("10", "00:00:01", 1)])
    assert len(imported.values("impression-requests")) == 1
    assert imported.summary.skipped == {"repeated views and clicks": 3}


def test_rows_that_differ_anywhere_have_different_ids(tmp_path: Path) -> None:
    rows = [row("10", "00:00:01", 6, model=model) for model in ("21", "22")]
    first, second = Import(tmp_path, rows).values("impression-requests")
    assert first["request_id"] != second["request_id"]


def test_other_actions_are_counted_not_imported(tmp_path: Path) -> None:
    imported = Import(tmp_path, [row("10", "00:00:01", kind) for kind in (2, 5, 5, 4)])
    assert imported.summary.skipped == {
        "actions of type 2 (added to the cart)": 1,
        "actions of type 5 (followed the product)": 2,
    }
    assert imported.summary.rows == 4
    assert imported.summary.written == {"catalog": 2, "purchases": 1}


def test_the_rows_of_all_files_are_put_in_order_of_time(tmp_path: Path) -> None:
    imported = Import(
        tmp_path,
        [row("10", "00:00:09", 4), row("10", "00:00:01", 4)],
        [row("20", "00:00:05", 4)],
    )
    assert [order["ts"] - MIDNIGHT for order in imported.values("purchases")] == [1000, 5000, 9000]


def test_records_lie_in_the_partitions_of_their_keys(tmp_path: Path) -> None:
    rows = [row("10", "00:00:01", 4, user=f"{user}.0") for user in range(20)]
    for record in Import(tmp_path, rows).records:
        assert record.partition == partition_of(record.key or b"", 4)


@pytest.mark.parametrize(
    ("actions", "problem"),
    [
        ("user_id,sku_id,time\n", "line 1: no column model_id, type, cate, brand; expected"),
        ("", "line 1: no column user_id.*found nothing"),
        (HEADER + "7.0,10\n", "line 2: too few fields; expected the columns user_id, sku_id"),
        (HEADER + "7.0,10,yesterday,,1,8,545\n", 'line 2: time: expected .*, got "yesterday"'),
        (HEADER, "no actions"),
    ],
)
def test_a_file_that_is_not_jdata_is_named_with_what_was_expected(
    tmp_path: Path, actions: str, problem: str
) -> None:
    path, products = tmp_path / "actions.csv", tmp_path / "products.csv"
    path.write_text(actions)
    products.write_text(PRODUCTS)
    with pytest.raises(ImportFailed, match=r"actions\.csv.*" + problem):
        import_jdata([path], products, tmp_path / "jdata.jsonl")
    assert not (tmp_path / "jdata.jsonl").exists()


def test_actions_in_the_place_of_products_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text(HEADER + row("10", "00:00:01", 1))
    with pytest.raises(ImportFailed, match="no column a1"):
        import_jdata([path], path, tmp_path / "jdata.jsonl")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"products\.csv: cannot be read"):
        import_jdata([], tmp_path / "products.csv", tmp_path / "jdata.jsonl")


def test_the_two_recorded_months_are_imported_whole(tmp_path: Path) -> None:
    actions = [recorded_data(f"jdata_action_2016{month}.csv.xz") for month in ("02", "03")]
    products = recorded_data("jdata_product.csv.xz")
    steps: list[int] = []
    output = tmp_path / "jdata.jsonl.zst"
    summary = import_jdata(actions, products, output, partitions=8, progress=steps.append)
    records = list(read([output]))
    assert summary.rows == 59_998
    assert summary.written == {
        "catalog": 24_187,
        "impression-requests": 43_024,
        "dismissals": 385,
        "purchases": 164,
    }
    assert sum(summary.written.values()) == len(records)
    assert sum(summary.skipped.values()) + len(records) - 24_187 == summary.rows
    assert sum(steps) == total_size([*actions, products])
    assert [record.timestamp for record in records] == sorted(
        record.timestamp for record in records
    )
    requests = [record.value for record in records if record.topic == "impression-requests"]
    assert len({orjson.loads(value or b"")["request_id"] for value in requests}) == len(requests)
