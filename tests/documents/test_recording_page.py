"""The figures of streams/recording/README.md are those that the commands print."""

import shlex
from pathlib import Path
from typing import Final

import pytest

from tests.command_line import run
from tests.documents.pages import Page

PAGE: Final = Page("streams/recording/README.md")


@pytest.mark.data
def test_the_figures_are_those_that_the_commands_print(jdata: Path) -> None:
    result = run("backtest", jdata)
    printed = [line.split() for line in result.stdout.splitlines()]
    [figures] = PAGE.blocks("text")
    shown = [line.split() for line in figures.splitlines()]
    assert [line for line in printed if line in shown] == shown


@pytest.mark.data
def test_two_policies_differ_as_shown(jdata: Path, tmp_path: Path) -> None:
    (tmp_path / jdata.name).symlink_to(jdata)
    (tmp_path / "now.toml").write_text(run("policy", "show").stdout)
    [next_policy] = PAGE.blocks("toml")
    (tmp_path / "next.toml").write_text(next_policy)
    [shown] = [block for block in PAGE.blocks("console") if "--policy now.toml" in block]
    command, *lines = shown.splitlines()
    arguments = [
        str(tmp_path / word) if (tmp_path / word).exists() else word
        for word in shlex.split(command.removeprefix("$ unhaunt "))
    ]
    result = run(*arguments, COLUMNS="100")
    assert [line.rstrip() for line in result.stdout.splitlines()][: len(lines)] == lines


def test_ids_that_the_catalog_does_not_know_are_told_as_shown(tmp_path: Path) -> None:
    [records] = [block for block in PAGE.blocks("jsonl") if "wc_post_id" in block]
    (tmp_path / "shop.jsonl").write_text(records)
    [shown] = [block for block in PAGE.blocks("console") if "catalog check" in block]
    output, written = shown.split("$ cat aliases.jsonl\n")
    command, *lines = output.splitlines()
    arguments = [
        str(tmp_path / word) if word.endswith(".jsonl") else word
        for word in shlex.split(command.removeprefix("$ unhaunt "))
    ]
    result = run(*arguments, COLUMNS="100")
    assert result.exit_code == 1
    assert [line.rstrip() for line in (result.stdout + result.stderr).splitlines()] == lines
    assert (tmp_path / "aliases.jsonl").read_text() == written
