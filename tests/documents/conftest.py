"""What tests of the documents share."""

import shlex
from pathlib import Path

import pytest

from tests.command_line import run
from tests.documents.pages import Page
from tests.recorded_data import recorded_data


@pytest.fixture(scope="session")
def jdata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JData, imported as the page about recordings says."""
    recording = tmp_path_factory.mktemp("jdata") / "jdata.jsonl.zst"
    lines = Page("streams/recording/README.md").shell_lines()
    [imported] = [line for line in lines if line.startswith("unhaunt import jdata ")]
    words = shlex.split(imported)[1:]
    given = [
        str(recorded_data(word.removeprefix("DATA/"))) if word.startswith("DATA/") else word
        for word in words
    ]
    run(*(str(recording) if word == recording.name else word for word in given))
    return recording
