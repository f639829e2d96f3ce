"""What streams/recording/report/README.md shows is what the command prints."""

from pathlib import Path
from typing import Final

import pytest

from tests.command_line import run
from tests.documents.pages import Page

PAGE: Final = Page("streams/recording/report/README.md")


@pytest.mark.data
def test_a_report_says_what_is_shown(
    jdata: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / jdata.name).symlink_to(jdata)
    monkeypatch.chdir(tmp_path)
    [shown] = PAGE.blocks("console")
    command, *lines = shown.splitlines()
    assert run(*command.split()[2:]).stderr.splitlines() == lines
    assert Path(command.split()[-1]).exists()
