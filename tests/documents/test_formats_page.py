"""What schemas/adapters/README.md says is what the adapters do."""

from pathlib import Path
from typing import Final

from schemas.adapters.formats import ADAPTERS, AUTO
from tests.command_line import run
from tests.documents.pages import Page

PAGE: Final = Page("schemas/adapters/README.md")


def test_the_table_of_formats_names_every_format_and_no_other() -> None:
    assert [row[0] for row in PAGE.table("format") if row[0]] == [*ADAPTERS, AUTO]


def test_a_backtest_of_segments_events_lists_as_shown(tmp_path: Path) -> None:
    [shown] = (block for block in PAGE.blocks("console") if "segment.jsonl" in block)
    _, *lines, command, listed = shown.splitlines()
    recording = tmp_path / "segment.jsonl"
    recording.write_text("\n".join(lines))
    setting, _, *arguments = command.removeprefix("$ ").split()
    arguments = [str(recording) if word == recording.name else word for word in arguments]
    result = run(*arguments, **dict([setting.split("=", 1)]))
    assert result.stdout.splitlines() == [listed]
