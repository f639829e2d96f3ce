"""Online Retail's invoices become orders, refunds and constructed requests."""

import lzma
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, read
from streams.recording.importing.online_retail import import_online_retail
from streams.recording.importing.rows import ImportFailed, ImportSummary
from tests.recorded_data import recorded_data

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
MIDNIGHT = 1291161600000
"""2010-12-01 00:00:00 UTC."""
HOUR = 3_600_000


def line(
    invoice: str,
    product: str,
    quantity: int,
    time: str = "00:00:00",
    price: str = "2.55",
    customer: str = "17850.0",
) -> str:
    description = '"MUG, ""BLUE"""'
    when = f"2010-12-01 {time}"
    return f"{invoice},{product},{description},{quantity},{when},{price},{customer},France\n"


class Import:
    def __init__(self, folder: Path, *lines: str, limit: int | None = None) -> None:
        source, output = folder / "retail.csv", folder / "retail.jsonl"
        source.write_text(HEADER + "".join(lines))
        self.summary: ImportSummary = import_online_retail(source, output, limit=limit)
        self.records: list[RecordedRecord] = list(read([output]))

    def values(self, topic: str) -> list[dict[str, Any]]:
        return [
            orjson.loads(record.value or b"") for record in self.records if record.topic == topic
        ]

    def refunds(self) -> list[dict[str, Any]]:
        return [event for event in self.values("purchases") if event["event"] == "order_refunded"]

    def candidates(self) -> list[list[str]]:
        return [
            [candidate["product_id"] for candidate in request["candidates"]]
            for request in self.values("impression-requests")
        ]


def test_an_invoice_is_one_order_with_all_its_products(tmp_path: Path) -> None:
    imported = Import(
        tmp_path, line("536365", "85123A", 6), line("536365", "71053", 2, price="3.39")
    )
    assert imported.values("purchases") == [
        {
            "ts": MIDNIGHT,
            "user_id": "17850",
            "event_id": "536365",
            "event": "order_completed",
            "order_id": "536365",
            "products": [
                {"product_id": "85123A", "quantity": 6, "price": 2.55},
                {"product_id": "71053", "quantity": 2, "price": 3.39},
            ],
        }
    ]


def test_lines_of_one_product_add_up(tmp_path: Path) -> None:
    (order,) = Import(tmp_path, line("1", "A", 6), line("1", "A", 1)).values("purchases")
    assert order["products"] == [{"product_id": "A", "quantity": 7, "price": 2.55}]


def test_an_invoice_counts_from_its_first_line(tmp_path: Path) -> None:
    lines = (
        line("1", "A", 1, "08:26:00"),
        line("2", "B", 1, "08:26:00"),
        line("1", "C", 1, "08:27:00"),
    )
    first, second = Import(tmp_path, *lines).values("purchases")
    assert [product["product_id"] for product in first["products"]] == ["A", "C"]
    assert first["ts"] == second["ts"]


def test_a_price_that_is_not_above_zero_is_left_out_and_counted(tmp_path: Path) -> None:
    imported = Import(tmp_path, line("1", "A", 1, price="0.0"))
    assert imported.values("purchases")[0]["products"] == [{"product_id": "A", "quantity": 1}]
    assert imported.summary.skipped == {"prices that are not above zero (the line is kept)": 1}


def test_lines_without_a_customer_are_left_out_and_counted(tmp_path: Path) -> None:
    imported = Import(tmp_path, line("1", "A", 1, customer=""), line("2", "A", 1))
    assert [order["order_id"] for order in imported.values("purchases")] == ["2"]
    assert imported.summary.skipped == {"lines without a CustomerID": 1}
    assert imported.summary.rows == 2


@pytest.mark.parametrize(
    ("invoice", "quantity", "kind"),
    [("1", -1, "invoices"), ("1", 0, "invoices"), ("C1", 1, "cancellations")],
)
def test_a_quantity_of_the_wrong_sign_is_left_out_and_counted(
    tmp_path: Path, invoice: str, quantity: int, kind: str
) -> None:
    imported = Import(tmp_path, line(invoice, "A", quantity))
    assert imported.records == []
    assert imported.summary.skipped == {f"lines of {kind} with a quantity of the wrong sign": 1}


def test_a_cancellation_refunds_the_latest_earlier_order_with_enough_left(tmp_path: Path) -> None:
    imported = Import(
        tmp_path,
        line("1", "A", 9, "01:00:00"),
        line("2", "A", 5, "02:00:00"),
        line("3", "A", 1, "03:00:00"),
        line("C4", "A", -4, "04:00:00"),
        line("5", "A", 9, "05:00:00"),
    )
    assert imported.refunds() == [
        {
            "ts": MIDNIGHT + 4 * HOUR,
            "user_id": "17850",
            "event_id": "C4-2",
            "event": "order_refunded",
            "order_id": "2",
            "products": [{"product_id": "A", "quantity": 4}],
        }
    ]


def test_what_was_refunded_is_not_left_for_the_next_cancellation(tmp_path: Path) -> None:
    imported = Import(
        tmp_path,
        line("1", "A", 9, "01:00:00"),
        line("2", "A", 5, "02:00:00"),
        line("C3", "A", -4, "03:00:00"),
        line("C4", "A", -4, "04:00:00"),
    )
    assert [refund["order_id"] for refund in imported.refunds()] == ["2", "1"]


def test_a_cancellation_that_matches_no_order_is_counted(tmp_path: Path) -> None:
    imported = Import(
        tmp_path,
        line("C1", "A", -1, "01:00:00"),
        line("2", "A", 1, "02:00:00"),
        line("C3", "A", -2, "03:00:00"),
        line("C4", "B", -1, "04:00:00"),
        line("C5", "A", -1, "05:00:00", customer="2.0"),
    )
    assert imported.refunds() == []
    assert imported.summary.skipped == {"cancelled lines without an earlier order of enough": 4}


def test_a_cancellation_of_several_orders_is_one_refund_for_each(tmp_path: Path) -> None:
    imported = Import(
        tmp_path,
        line("1", "A", 2, "01:00:00"),
        line("2", "B", 2, "02:00:00"),
        line("2", "C", 2, "02:00:00"),
        *(line("C3", product, -1, "03:00:00") for product in "ABCC"),
    )
    assert [
        (refund["event_id"], refund["order_id"], refund["products"])
        for refund in imported.refunds()
    ] == [
        ("C3-1", "1", [{"product_id": "A", "quantity": 1}]),
        ("C3-2", "2", [{"product_id": "B", "quantity": 1}, {"product_id": "C", "quantity": 2}]),
    ]


def test_an_hour_after_each_invoice_there_is_a_constructed_request(tmp_path: Path) -> None:
    imported = Import(tmp_path, line("1", "A", 1), line("C2", "A", -1, "00:30:00"))
    assert imported.values("impression-requests") == [
        {
            "ts": MIDNIGHT + HOUR,
            "user_id": "17850",
            "request_id": "constructed-1",
            "site": "constructed",
            "candidates": [{"product_id": "A"}],
        }
    ]
    assert any("constructed" in note for note in imported.summary.notes)


def test_the_candidates_are_the_last_five_products_the_newest_first(tmp_path: Path) -> None:
    imported = Import(
        tmp_path,
        *(line("1", product, 1, "01:00:00") for product in "ABCDEF"),
        line("2", "C", 1, "03:00:00"),
    )
    assert imported.candidates() == [["F", "E", "D", "C", "B"], ["C", "F", "E", "D", "B"]]


def test_a_request_knows_what_was_bought_within_its_hour(tmp_path: Path) -> None:
    imported = Import(tmp_path, line("1", "A", 1, "01:00:00"), line("2", "B", 1, "02:00:00"))
    assert imported.candidates() == [["B", "A"], ["B", "A"]]


def test_records_are_in_order_of_time_and_in_the_partitions_of_their_keys(tmp_path: Path) -> None:
    lines = [
        line(str(number), "A", 1, f"0{9 - number}:30:00", customer=f"{number}.0")
        for number in range(9)
    ]
    records = Import(tmp_path, *lines).records
    times = [record.timestamp for record in records]
    assert times == sorted(times)
    assert all(record.partition == partition_of(record.key or b"", 4) for record in records)


def test_a_limit_takes_the_first_lines_only(tmp_path: Path) -> None:
    imported = Import(tmp_path, *(line(str(number), "A", 1) for number in range(5)), limit=3)
    assert imported.summary.rows == 3
    assert imported.summary.written == {"purchases": 3, "impression-requests": 3}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("user_id,sku_id\n1,2\n", "line 1: no column InvoiceNo, .*found user_id, sku_id"),
        (HEADER + line("1", "A", 1) + "536365,85123A\n", "line 3: too few fields"),
        (HEADER + line("1", "A", 1, price="free"), 'line 2: expected .* UnitPrice, .*"free"'),
        (HEADER + line("1", "A", 1, time="8:26"), 'line 2: .*InvoiceDate like .*"2010-12-01 8:26"'),
    ],
)
def test_a_file_that_is_not_online_retail_is_named_with_what_was_expected(
    tmp_path: Path, content: str, problem: str
) -> None:
    source = tmp_path / "retail.csv"
    source.write_text(content)
    with pytest.raises(ImportFailed, match=r"retail\.csv, " + problem):
        import_online_retail(source, tmp_path / "retail.jsonl")
    assert not (tmp_path / "retail.jsonl").exists()


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    source = tmp_path / "retail.csv"
    source.write_bytes(HEADER.encode() + b"\xff\xfe\n")
    with pytest.raises(ImportFailed, match=r"retail\.csv, line \d+: not UTF-8 text"):
        import_online_retail(source, tmp_path / "retail.jsonl")


def test_an_xz_file_that_lost_its_end_is_not_imported(tmp_path: Path) -> None:
    source = tmp_path / "retail.csv.xz"
    source.write_bytes(lzma.compress((HEADER + line("1", "A", 1) * 1000).encode())[:-20])
    with pytest.raises(ValueError, match="incomplete"):
        import_online_retail(source, tmp_path / "retail.jsonl")
    assert not (tmp_path / "retail.jsonl").exists()


def test_all_recorded_lines_are_accounted_for(tmp_path: Path) -> None:
    output = tmp_path / "retail.jsonl.zst"
    summary = import_online_retail(recorded_data("online_retail.csv.xz"), output)
    assert summary.rows == 541_909
    assert summary.skipped == {
        "lines without a CustomerID": 135_080,
        "cancelled lines without an earlier order of enough": 1_420,
        "prices that are not above zero (the line is kept)": 40,
    }
    events = [
        orjson.loads(record.value or b"")
        for record in read([output])
        if record.topic == "purchases"
    ]
    orders = [event for event in events if event["event"] == "order_completed"]
    assert len(orders) == summary.written["impression-requests"] == 18_536
    assert len(events) == summary.written["purchases"] == 22_309
