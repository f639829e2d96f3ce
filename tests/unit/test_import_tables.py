"""Events that people have in tables of text."""

from pathlib import Path

import pytest

from streams.errors import UserError
from streams.recording.importing.columns import TableOptions
from streams.recording.importing.rows import ImportFailed
from tests.importing import imported, lines, order, values

SHOP = TableOptions(
    renamed=[
        ("order", "properties.order_id"),
        ("customer", "userId"),
        ("at", "timestamp"),
        ("sku", "properties.products.0.product_id"),
        ("pieces", "properties.products.0.quantity"),
    ],
    constants=[("type", "track"), ("event", "Order Completed")],
)
HEADER = b"order,customer,at,sku,pieces\n"
ROW = b"1001,ann,2023-11-14 22:00:00,tv,2\n"


def test_a_table_is_read_by_its_first_line(tmp_path: Path) -> None:
    [record], _ = imported(tmp_path, HEADER + ROW, "orders.csv", table=SHOP)
    [value] = values([record])
    assert (record.key, value["order_id"]) == (b"ann", "1001")
    assert value["products"] == [{"product_id": "tv", "quantity": 2, "gift": False}]


@pytest.mark.parametrize("delimiter", [b";", b"\t", b"|"])
def test_a_table_may_be_parted_otherwise(tmp_path: Path, delimiter: bytes) -> None:
    content = b"\xef\xbb\xbf" + (HEADER + ROW).replace(b",", delimiter).replace(b"\n", b"\r\n")
    records, _ = imported(tmp_path, content, "orders.tsv", table=SHOP)
    assert [record.key for record in records] == [b"ann"]


def test_a_table_without_names_is_read_by_those_that_are_given(tmp_path: Path) -> None:
    names = ["userId", "event", "type", "timestamp", "", "properties.order_id",
             "properties.products.0.id"]  # fmt: skip
    content = b'ann,Order Completed,track,2023-11-14T22:00:00Z,"a, ""b""\nc",o1,tv\n'
    [record], _ = imported(tmp_path, content, "orders.csv", table=TableOptions(names))
    assert values([record])[0]["order_id"] == "o1"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"1001,ann\n", "line 3: expected 5 fields, got 2"),
        (b'1001,"ann"x,at,tv,1\n', "line 3: expected a row of the table: "),
        (b"1001,ann,2023-11-14 22:00:00,t\xff,2\n", "line 3: expected text in UTF-8"),
        (b"1001," + b"a" * 200_000 + b"\n", "line 3: expected a row of the table: field larger"),
        (b"1001,ann,2023-11-14 22:00:00,,2\n", "line 3: properties.products[0].product_id: exp"),
    ],
)
def test_a_broken_row_is_named_and_those_after_it_are_read(
    tmp_path: Path, row: bytes, words: str
) -> None:
    content = HEADER + ROW + row + ROW
    with pytest.raises(ImportFailed) as broken:
        imported(tmp_path, content, "orders.csv", table=SHOP)
    assert words in str(broken.value)
    records, summary = imported(tmp_path, content, "orders.csv", table=SHOP, skip_broken=True)
    assert len(records) == 2
    assert [words in line for line in summary.broken] == [True]


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match=r"orders\.csv, columns: no column pieces; found order"):
        imported(tmp_path, HEADER.replace(b",pieces", b"") + ROW, "orders.csv", table=SHOP)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ((HEADER + ROW).decode().encode("utf-16"), "line 1: expected the names of columns: got no"),
        (b'"order"x,customer\n', "line 1: expected the names of columns: '"),
        (b"", "no column order, customer, at, sku, pieces; found nothing"),
    ],
)
def test_a_table_without_names_that_can_be_read_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    with pytest.raises(ImportFailed) as refused:
        imported(tmp_path, content, "orders.csv", table=SHOP)
    assert words in str(refused.value)


def test_options_for_tables_are_refused_for_files_without_columns(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no columns; --columns, --rename and --set are for"):
        imported(tmp_path, lines(order(1)), table=SHOP)
