"""The hot modules are compiled or not, and everybody is told which."""

import logging
import os
import shutil
import socket
import subprocess
import sys
import tomllib
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from streams import __version__, build
from streams.commands.worker import run_alone
from streams.settings import Settings
from tests.compiled_modules import are_outdated

REPOSITORY = Path(__file__).parents[2]
MODULE = Path("schemas", "decoding.py")
COMPILED = MODULE.with_suffix(EXTENSION_SUFFIXES[0])


@pytest.fixture
def packages(tmp_path: Path) -> list[Path]:
    """An installation of the two packages, with one module that is interpreted."""
    for name in ("schemas", "streams"):
        (tmp_path / name).mkdir()
        shutil.copy(REPOSITORY / name / "__init__.py", tmp_path / name)
    (tmp_path / MODULE).touch()
    return [tmp_path / "schemas", tmp_path / "streams"]


def build_of(packages: list[Path]) -> str:
    program = "import streams; print(streams.build())"
    folder = packages[0].parent
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_an_installation_with_sources_alone_is_interpreted(packages: list[Path]) -> None:
    assert build_of(packages) == "interpreted"


def test_an_installation_with_compiled_modules_is_compiled(
    packages: list[Path], tmp_path: Path
) -> None:
    (tmp_path / COMPILED).touch()
    assert build_of(packages) == "compiled"


def test_a_worker_that_has_all_it_needs_logs_its_version_and_whether_it_is_compiled(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logged_before_it_runs: list[str] = []
    monkeypatch.setattr("streams.kafka.acls.check.require_rights", lambda settings: None)
    monkeypatch.setattr("streams.kafka.topics.require", lambda settings: ((), 1))
    monkeypatch.setattr(
        "streams.worker.run_worker",
        lambda *arguments: logged_before_it_runs.extend(caplog.messages),
    )
    with socket.socket() as listener, caplog.at_level(logging.INFO):
        run_alone(Settings(), listener)
    assert logged_before_it_runs == [f"unhaunt {__version__} ({build()})"]


def test_all_that_is_to_be_compiled_is_there_and_so_is_the_module_that_answers_for_it() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    patterns = project["tool"]["unhaunt"]["compiled"]
    found = {pattern: list(REPOSITORY.glob(pattern)) for pattern in patterns}
    assert [pattern for pattern in patterns if not found[pattern]] == []
    assert any(REPOSITORY / MODULE in paths for paths in found.values())


def test_compiled_modules_are_outdated_once_any_source_is_newer(
    packages: list[Path], tmp_path: Path
) -> None:
    assert not are_outdated(packages)
    (tmp_path / COMPILED).touch()
    newest = (tmp_path / COMPILED).stat().st_mtime
    assert not are_outdated(packages)
    os.utime(tmp_path / "streams" / "__init__.py", (newest + 1, newest + 1))
    assert are_outdated(packages)
