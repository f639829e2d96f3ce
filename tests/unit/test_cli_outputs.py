"""Files that are there already are not written over, unless that is asked for."""

from pathlib import Path

import pytest

from tests.command_line import every_command, run, write_recording

OTHERS = {
    "record": "goes on with what it began, and refuses a finished recording",
}
"""Commands that write files and have no --force, and why."""

FILES = ["-o", "--output", "--decisions", "--lists", "--json", "--proposals"]


def writes_files(command: object) -> bool:
    return any(
        not option.is_flag and set(option.opts) & set(FILES)
        for option in command.params  # type: ignore[attr-defined]
        if option.param_type_name == "option"
    )


def test_every_command_that_writes_files_can_be_told_to_write_over_old_ones() -> None:
    writers = {name for name, command in every_command().items() if writes_files(command)}
    forced = {
        name
        for name, command in every_command().items()
        if any("--force" in parameter.opts for parameter in command.params)
    }
    assert forced == writers - OTHERS.keys()


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a recording, a key and a file that is there already."""
    monkeypatch.chdir(tmp_path)
    order = {"event_id": "e1", "event": "order_completed", "order_id": "o1"}
    order_of_a_product = {**order, "products": [{"product_id": "p1"}]}
    write_recording(
        tmp_path / "given.jsonl",
        ("catalog", "p1", {}),
        ("purchases", "ann", order_of_a_product),
    )
    (tmp_path / "key").write_text("k" * 64)
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "old.jsonl").write_text("old")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        "backtest given.jsonl --decisions old.jsonl",
        "backtest given.jsonl --lists old.jsonl",
        "backtest given.jsonl --json old.jsonl",
        "report given.jsonl --json old.jsonl",
        "catalog check given.jsonl --proposals old.jsonl",
        "anonymise given.jsonl --key-file key -o old.jsonl",
        "simulate --persons 1 -o old.jsonl",
    ],
)
def test_a_file_that_is_there_is_written_over_by_force_only(given: Path, arguments: str) -> None:
    old = given / "old.jsonl"
    refused = run(*arguments.split())
    assert refused.exit_code == 2
    assert refused.stderr.startswith("old.jsonl: is there already. --force ")
    assert old.read_text() == "old"
    assert run(*arguments.split(), "--force").exit_code == 0
    assert old.read_text() != "old"


@pytest.mark.parametrize(
    "arguments",
    [
        "import jdata actions.csv --products products.csv -o old.jsonl",
        "import online-retail invoices.csv -o old.jsonl",
        "import datacratic auctions.jsonl -o old.jsonl",
        "demo --decisions old.jsonl",
        "demo --lists old.jsonl",
    ],
)
def test_a_file_that_is_there_is_refused_before_anything_is_read(
    given: Path, arguments: str
) -> None:
    refused = run(*arguments.split())
    assert refused.exit_code == 2
    assert refused.stderr.startswith("old.jsonl: is there already. --force ")


def test_force_does_not_write_over_what_is_read(given: Path) -> None:
    before = (given / "given.jsonl").read_bytes()
    assert run("anonymise", "given.jsonl", "-o", "given.jsonl", "--force").exit_code == 2
    assert (given / "given.jsonl").read_bytes() == before
