"""deploy/requirements*.txt: what the image is made of, each file by its hash, and its SBOM.

The lines of the Dockerfile that install it are run here, with other folders.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streams import __version__
from tests.deploy.compose_file import Dockerfile
from tests.deploy.paths import DEPLOY, REPOSITORY
from tests.deploy.requirements import PYTHON, inputs, pins

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1_200)]

FILES = sorted(inputs())
CONSTRAINTS = pins((DEPLOY / "constraints.txt").read_text())

every_file = pytest.mark.parametrize("name", FILES)


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text()


@every_file
def test_the_versions_are_those_that_are_tested(name: str) -> None:
    found = pins(text_of(name))
    tested = {package: CONSTRAINTS[package] for package in found if package in CONSTRAINTS}
    assert {package: found[package] for package in tested} == tested


def test_all_that_the_image_has_is_tested() -> None:
    assert pins(text_of("requirements.txt")).keys() - CONSTRAINTS.keys() == set()


@every_file
def test_all_that_is_asked_for_is_there(name: str) -> None:
    asked = {re.split(r"[\[>=<;]", wanted)[0].lower() for wanted in inputs()[name]}
    assert asked - pins(text_of(name)).keys() == set()


@every_file
def test_each_version_has_its_hashes_and_nothing_else_is_there(name: str) -> None:
    _, *blocks = re.split(r"^(?=[\w.-]+==)", text_of(name), flags=re.MULTILINE)
    package = r"[\w.-]+==[\w.]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert blocks
    assert [block for block in blocks if not re.fullmatch(package, block)] == []


@every_file
def test_the_image_takes_nothing_that_has_no_hash(name: str) -> None:
    [line] = [
        value
        for _, value in Dockerfile().instructions
        if f"deploy/{name}" in value and "pip" in value
    ]
    assert f"--require-hashes --requirement deploy/{name}" in " ".join(line.split())


# --- as the image has it -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(is_asked_for: bool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the Dockerfile's lines make, here interpreted."""
    if not is_asked_for:
        pytest.skip("takes minutes: only with `pytest -m deploy`")
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        pytest.skip(f"the requirements are for Python {PYTHON}")
    folder = tmp_path_factory.mktemp("image")
    source = folder / "source"
    for copied in sources():
        take = shutil.copytree if (REPOSITORY / copied).is_dir() else shutil.copy
        (source / copied).parent.mkdir(parents=True, exist_ok=True)
        take(REPOSITORY / copied, source / copied)
    environment = {name: os.environ[name] for name in os.environ if name != "PIP_CONSTRAINT"}
    environment["UNHAUNT_COMPILE"] = "0"
    for line in installing():
        for there in ("/opt/build", "/opt/unhaunt", "/wheels"):
            line = line.replace(there, str(folder / Path(there).name))
        done = subprocess.run(
            ["sh", "-c", line.replace("python3 -m", f"{sys.executable} -m")],
            cwd=source,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-2_000:]}\n{done.stderr[-2_000:]}"
    return folder / "unhaunt"


def sources() -> list[str]:
    """What the Dockerfile copies from the repository."""
    copying = [value.split() for name, value in Dockerfile().instructions if name == "COPY"]
    return [path for words in copying if "--from=build" not in words for path in words[:-1]]


def installing() -> list[str]:
    """Its lines that use pip."""
    lines = [value for name, value in Dockerfile().instructions if name == "RUN"]
    return [line for line in lines if "pip" in line]


def output_of(*command: str | Path) -> str:
    return subprocess.check_output(command, text=True)


def test_the_program_runs_with_them(installed: Path) -> None:
    assert output_of(installed / "bin" / "unhaunt", "--version").startswith(
        f"unhaunt {__version__} "
    )


def test_nothing_lacks_what_it_needs(installed: Path) -> None:
    python = installed / "bin" / "python3"
    assert "No broken requirements" in output_of(
        *(sys.executable, "-m", "pip", "--python", python, "check")
    )


def test_it_has_these_versions_and_no_others(installed: Path) -> None:
    there = versions(installed)
    assert there.pop("unhaunt") == __version__
    assert there == pins(text_of("requirements.txt"))


def test_its_sbom_names_all_of_it(installed: Path) -> None:
    sbom = json.loads((installed / "sbom.cdx.json").read_text())
    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.6")
    named = {each["name"]: each["version"] for each in sbom["components"]}
    assert pins("\n".join(f"{name}=={version}" for name, version in named.items())) == (
        versions(installed)
    )
    assert "timestamp" not in sbom["metadata"], "the same image has the same SBOM"


def test_its_sbom_names_packages_as_scanners_look_them_up(installed: Path) -> None:
    sbom = json.loads((installed / "sbom.cdx.json").read_text())
    urls = {each["purl"] for each in sbom["components"]}
    packages = versions(installed).items()
    assert urls == {f"pkg:pypi/{name}@{version}" for name, version in packages}


def versions(installed: Path) -> dict[str, str]:
    """What is installed, by normalized names."""
    program = (
        "import importlib.metadata as installed\n"
        "for each in installed.distributions(): print(f'{each.name}=={each.version}')"
    )
    return pins(output_of(installed / "bin" / "python3", "-I", "-c", program))
