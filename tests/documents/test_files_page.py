"""What streams/recording/files.md shows is what the commands, and DuckDB, say."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import pytest

from streams.recording.files import KINDS
from streams.recording.importing.event_reading import READABLE
from streams.recording.importing.event_rows import JSON_LINES, PARQUET, TABLES
from tests.command_line import run
from tests.documents.pages import Page

PAGE: Final = Page("streams/recording/files.md")


class Shown(NamedTuple):
    """A command, and what it prints."""

    command: str
    printed: list[str]


def shown() -> Iterator[Shown]:
    """All that is typed, in the order of the page."""
    for block in PAGE.blocks("console"):
        for part in block.removeprefix("$ ").split("\n$ "):
            command, *printed = part.splitlines()
            yield Shown(command, printed)


def test_what_is_imported_and_what_is_broken_is_told_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command, printed in shown():
        program, *arguments = shlex.split(command)
        if program == "cat":
            Path(*arguments).write_text("\n".join([*printed, ""]))
            continue
        result = run(*arguments, COLUMNS="100")
        lines = [line.rstrip() for line in result.stderr.splitlines()]
        assert lines == printed
        assert result.exit_code == (2 if "broken" in command else 0)
    assert {"monday.jsonl", "orders.jsonl"} <= {path.name for path in tmp_path.iterdir()}


def test_the_queries_are_answered_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in PAGE.shell_lines():
        if line.startswith(("unhaunt simulate", "unhaunt backtest")):
            assert run(*line.split()[1:]).exit_code == 0
    stopped, on_lists = PAGE.blocks("sql")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Pacific/Auckland'")  # days are of UTC even so
        rows = connection.execute(stopped).fetchall()
        assert connection.execute(on_lists).fetchall()
    [text] = PAGE.blocks("text")
    printed = [tuple(line.split()) for line in text.splitlines()]
    assert [tuple(map(str, row)) for row in rows[: len(printed)]] == printed


def test_the_page_names_every_kind_of_file_and_every_format_that_is_no_adapters() -> None:
    code = PAGE.code()
    for name in (*KINDS, ".gz", ".xz", ".zst", *JSON_LINES, *TABLES, *PARQUET):
        assert name in code
    assert {"unhaunt", "auto", "openrtb"} <= {*READABLE}
    assert all(f"`{name}`" in PAGE.text for name in ("unhaunt", "auto", "openrtb"))
