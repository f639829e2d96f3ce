"""`unhaunt import pairs`: pairs of ids become statements that they are linked."""

from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from schemas.decoding import decode
from schemas.records import Identity
from streams.recording.files import read
from streams.suppression.identities.statements import with_statement
from streams.suppression.identities.stored import Statements
from tests.builders import NOW
from tests.command_line import run, words

OF_A_CRM = "customer,device\nann,phone-1\nann,laptop-2\nbob,phone-3\n"
OF_SPLINK = """\
match_probability,unique_id_l,unique_id_r
0.99,phone-1,ann
0.5,phone-2,ann
"""


def imported(folder: Path, text: str, *options: Any) -> tuple[list[Identity], str]:
    """The statements of a file of pairs, and what the command says of it."""
    source, recording = folder / "pairs.csv", folder / "pairs.jsonl"
    source.write_text(text)
    result = run("import", "pairs", source, "-o", recording, "--at", NOW, "--force", *options)
    assert result.exit_code == 0, result.stderr
    events = [
        decode(record.topic, record.key, record.value, record.timestamp)
        for record in read([recording])
    ]
    return [event for event in events if isinstance(event, Identity)], words(result.stderr)


def of_a_crm(folder: Path, text: str = OF_A_CRM, *options: Any) -> tuple[list[Identity], str]:
    return imported(folder, text, "--leaf", "device", "--hub", "customer", *options)


def of_splink(folder: Path, *options: Any) -> tuple[list[Identity], str]:
    columns = ("--leaf", "unique_id_l", "--hub", "unique_id_r")
    probability = ("--probability", "match_probability")
    return imported(folder, OF_SPLINK, *columns, *probability, *options)


def test_each_pair_of_a_crm_is_a_link_that_is_declared(tmp_path: Path) -> None:
    statements, summary = of_a_crm(tmp_path)
    assert [(each.user_id, each.person_id) for each in statements] == [
        ("phone-1", "ann"),
        ("laptop-2", "ann"),
        ("phone-3", "bob"),
    ]
    assert {(each.action, each.method, each.ts) for each in statements} == {
        ("linked", "declared", NOW)
    }
    assert "Records written 3" in summary


def test_a_pair_that_is_only_probable_is_inferred(tmp_path: Path) -> None:
    [statement], summary = of_splink(tmp_path)
    assert (statement.user_id, statement.method) == ("phone-1", "inferred")
    assert "pairs that are not probable enough 1" in summary


def test_how_probable_a_pair_must_be_and_how_it_is_known_may_be_said(tmp_path: Path) -> None:
    statements, _ = of_splink(tmp_path, "--at-least", "0.5", "--method", "observed")
    assert [(each.user_id, each.method) for each in statements] == [
        ("phone-1", "observed"),
        ("phone-2", "observed"),
    ]


def test_a_pair_has_one_event_id_however_often_it_is_imported(tmp_path: Path) -> None:
    first, _ = of_a_crm(tmp_path)
    again, _ = of_a_crm(tmp_path, OF_A_CRM, "--at", NOW + 5)
    assert [each.event_id for each in first] == [each.event_id for each in again]
    assert {each.ts for each in again} == {NOW + 5}


def test_what_is_probable_of_a_pair_takes_nothing_from_what_a_crm_declares(tmp_path: Path) -> None:
    declared, _ = of_a_crm(tmp_path)
    inferred, _ = of_splink(tmp_path, "--at", NOW + 5)
    statements: Statements = ()
    for each in (declared[0], inferred[0]):
        assert (each.user_id, each.person_id) == ("phone-1", "ann")
        statements = with_statement(statements, each)
    assert [each.method for each in statements] == ["declared", "inferred"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("ann,", "pairs with an empty id"),
        ("ann,ann", "pairs of an id with itself"),
        ("ann,phone-1", "pairs that came before"),
    ],
)
def test_a_pair_that_says_nothing_is_left_out_and_counted(
    tmp_path: Path, row: str, reason: str
) -> None:
    statements, summary = of_a_crm(tmp_path, f"{OF_A_CRM}{row}\n")
    assert len(statements) == 3
    assert f"{reason} 1" in summary


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_columns_may_be_parted_by_what_a_crm_parts_them_by(tmp_path: Path, delimiter: str) -> None:
    statements, _ = of_a_crm(tmp_path, OF_A_CRM.replace(",", delimiter))
    assert [each.person_id for each in statements] == ["ann", "ann", "bob"]


def test_pairs_may_be_in_a_parquet_file(tmp_path: Path) -> None:
    table = {"p": [0.99, 0.5, 0.99], "l": ["phone-1", "phone-2", None], "r": ["ann", "ann", "ann"]}
    source, recording = tmp_path / "pairs.parquet", tmp_path / "pairs.jsonl"
    parquet.write_table(pyarrow.table(table), source)
    columns = ("--leaf", "l", "--hub", "r", "--probability", "p")
    result = run("import", "pairs", source, *columns, "-o", recording)
    assert result.exit_code == 0
    [record] = read([recording])
    assert record.key == b"phone-1"
    assert "pairs with an empty id 1" in words(result.stderr)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("--leaf", "cookie", "--hub", "r"), "expected columns cookie, r, found p, l, r"),
        (
            ("--leaf", "l", "--hub", "r", "--probability", "l"),
            'row 1: expected a probability from 0 to 1, got "phone"',
        ),
    ],
)
def test_what_is_wrong_with_a_parquet_file_is_said(
    tmp_path: Path, columns: tuple[str, ...], expected: str
) -> None:
    source = tmp_path / "pairs.parquet"
    parquet.write_table(pyarrow.table({"p": [0.9], "l": ["phone"], "r": ["ann"]}), source)
    result = run("import", "pairs", source, *columns, "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 2
    assert expected in words(result.stderr)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["jürgen".encode()], "jürgen"),
        ([1042, None], "1042"),
        ([1042.0, float("nan")], "1042"),
    ],
)
def test_ids_of_a_parquet_file_are_as_they_were_said(
    tmp_path: Path, values: list[Any], expected: str
) -> None:
    source, recording = tmp_path / "pairs.parquet", tmp_path / "pairs.jsonl"
    parquet.write_table(pyarrow.table({"l": values, "r": ["ann"] * len(values)}), source)
    result = run("import", "pairs", source, "--leaf", "l", "--hub", "r", "-o", recording)
    assert result.exit_code == 0, result.stderr
    assert [record.key for record in read([recording])] == [expected.encode()]


@pytest.mark.parametrize("value", [1.5, 2.0**60, True, b"\xff"])
def test_what_is_no_id_in_a_parquet_file_is_named_with_its_row(tmp_path: Path, value: Any) -> None:
    source = tmp_path / "pairs.parquet"
    parquet.write_table(pyarrow.table({"l": [value], "r": ["ann"]}), source)
    columns = ("--leaf", "l", "--hub", "r")
    result = run("import", "pairs", source, *columns, "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 2
    assert "row 1: expected an id as text or as a whole number" in words(result.stderr)


def test_a_name_in_quotes_may_hold_what_parts_columns(tmp_path: Path) -> None:
    text = OF_A_CRM.replace("customer,device", '"customer","device; phone; laptop"')
    statements, _ = imported(tmp_path, text, "--leaf", "device; phone; laptop", "--hub", "customer")
    assert len(statements) == 3


def test_lines_may_end_as_they_did_on_old_machines(tmp_path: Path) -> None:
    statements, _ = of_a_crm(tmp_path, OF_A_CRM.replace("\n", "\r"))
    assert len(statements) == 3


def test_the_line_that_is_no_text_is_named(tmp_path: Path) -> None:
    source = tmp_path / "pairs.csv"
    source.write_bytes(OF_A_CRM.encode() + b"\xff,phone-4\n")
    columns = ("--leaf", "device", "--hub", "customer")
    result = run("import", "pairs", source, *columns, "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 2
    assert "line 5: not UTF-8 text" in words(result.stderr)


@pytest.mark.parametrize("probability", ["likely", "1.5", "nan"])
def test_a_probability_that_is_none_is_named_with_its_line(
    tmp_path: Path, probability: str
) -> None:
    source = tmp_path / "pairs.csv"
    source.write_text(f"l,r,p\nphone,ann,0.9\nlaptop,ann,{probability}\n")
    columns = ("--leaf", "l", "--hub", "r", "--probability", "p")
    result = run("import", "pairs", source, *columns, "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 2
    assert f'line 3: expected a probability from 0 to 1, got "{probability}"' in words(
        result.stderr
    )


def test_a_file_without_the_column_is_told_what_it_has(tmp_path: Path) -> None:
    source = tmp_path / "pairs.csv"
    source.write_text(OF_A_CRM)
    columns = ("--leaf", "cookie", "--hub", "customer")
    result = run("import", "pairs", source, *columns, "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 2
    assert "no column cookie" in words(result.stderr)
