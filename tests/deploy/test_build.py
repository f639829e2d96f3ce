"""deploy/build_backend.py at work: what pip makes of the project, with and without a compiler."""

import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from tests.deploy.paths import REPOSITORY

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(600)]

BUILT_FROM = ("LICENSE", "README.md", "pyproject.toml", "deploy", "schemas", "streams")
HOT = f"schemas/decoding{EXTENSION_SUFFIXES[0]}"


@pytest.fixture
def project(is_asked_for: bool, tmp_path: Path) -> Path:
    """A copy, so that builds leave nothing behind."""
    if not is_asked_for:
        pytest.skip("takes minutes: only with `pytest -m deploy`")
    copy = tmp_path / "project"
    copy.mkdir()
    without = shutil.ignore_patterns("__pycache__", "*.so")
    for name in BUILT_FROM:
        if (source := REPOSITORY / name).is_dir():
            shutil.copytree(source, copy / name, ignore=without)
        else:
            shutil.copy(source, copy)
    return copy


def pip(*words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if name != "UNHAUNT_COMPILE"}
    command = [sys.executable, "-m", "pip", *map(str, words)]
    return subprocess.run(
        command, env={**inherited, **environment}, capture_output=True, text=True, check=False
    )


def installed(source: Path, folder: Path, **environment: str) -> str:
    """Install without what it depends on; returns all that pip says."""
    done = pip("install", "--verbose", "--no-deps", "--target", folder, source, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def build_of(folder: Path) -> str:
    program = "import streams; print(streams.build())"
    return subprocess.check_output([sys.executable, "-c", program], cwd=folder, text=True).strip()


def test_with_a_compiler_it_is_compiled_and_nothing_of_the_build_stays_behind(
    project: Path, tmp_path: Path
) -> None:
    before = {path.name for path in project.iterdir()}
    installed(project, tmp_path / "installed")
    assert (tmp_path / "installed" / HOT).exists()
    assert build_of(tmp_path / "installed") == "compiled"
    assert {path.name for path in project.iterdir()} <= before | {"unhaunt.egg-info"}
    assert list(project.rglob("*.so")) == []


def test_without_a_compiler_the_same_code_is_installed_and_a_line_says_so(
    project: Path, tmp_path: Path
) -> None:
    words = installed(project, tmp_path / "installed", CC="/nonexistent")
    assert "Unhaunt is installed interpreted, not compiled: there is no C compiler" in words
    assert build_of(tmp_path / "installed") == "interpreted"


def test_who_asks_for_compiled_code_is_told_why_there_is_none(
    project: Path, tmp_path: Path
) -> None:
    done = pip(
        "wheel", "--no-deps", "-w", tmp_path, project, UNHAUNT_COMPILE="1", CC="/nonexistent"
    )
    assert done.returncode == 1
    assert "UNHAUNT_COMPILE=1, but Unhaunt cannot be compiled" in done.stdout + done.stderr


def test_a_source_distribution_can_be_built(project: Path, tmp_path: Path) -> None:
    """The backend is part of it."""
    tools = tmp_path / "tools"
    assert pip("install", "--target", tools, "setuptools>=77").returncode == 0
    program = f"import build_backend; print(build_backend.build_sdist({str(tmp_path)!r}))"
    path = os.pathsep.join([str(tools), str(project / "deploy")])
    output = subprocess.check_output(
        [sys.executable, "-c", program],
        cwd=project,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    )
    packed = tmp_path / output.splitlines()[-1]
    installed(packed, tmp_path / "installed", UNHAUNT_COMPILE="0")
    assert build_of(tmp_path / "installed") == "interpreted"
