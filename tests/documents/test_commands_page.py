"""The page on commands names each of them, and what it shows as printed is what they print."""

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.command_line import every_command, run
from tests.documents.example import first_recording
from tests.documents.pages import Page

COMMANDS = Page("streams/commands/README.md")


def test_the_table_of_commands_names_every_command_and_no_other() -> None:
    leaves = [
        f"unhaunt {path}"
        for path, command in every_command().items()
        if not hasattr(command, "commands")
    ]
    assert sorted(row[0] for row in COMMANDS.table("command")) == sorted(leaves)


def test_the_example_is_explained_as_shown(tmp_path: Path) -> None:
    recording = first_recording(tmp_path)
    [shown] = [b for b in COMMANDS.blocks("console") if b.startswith("$ unhaunt explain ")]
    command, *_ = shown.splitlines()
    arguments = [
        str(recording) if word == recording.name else word
        for word in shlex.split(command.removeprefix("$ unhaunt "))
    ]
    printed = run(*arguments, COLUMNS="100").stdout
    assert shown == f"{command}\n{printed}"


def test_verifying_the_example_answers_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_recording(tmp_path)
    monkeypatch.chdir(tmp_path)
    made, failed = (block for block in COMMANDS.blocks("console") if "unhaunt verify" in block)
    make_folder, copy, update, *written = made.splitlines()
    for line in (make_folder, copy):
        subprocess.run(line.removeprefix("$ "), shell=True, check=True)
    assert run(*update.split()[2:]).stdout.splitlines() == written
    Path("policy.toml").write_text('[purchase]\nscope = "product"\n')
    verify, *shown = failed.splitlines()
    result = run(*verify.split()[2:])
    assert [*result.stdout.splitlines(), *result.stderr.splitlines()] == shown
