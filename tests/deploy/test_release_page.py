"""deploy/release.md: what it names is there, and what can be done without a registry is done."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from streams import __version__
from tests.deploy.chart import EVERYTHING, SERVE, Release
from tests.deploy.compose_file import Dockerfile
from tests.deploy.paths import CHART, DEPLOY, SIDECAR_CHART
from tests.deploy.requirements import PLATFORMS
from tests.documents.pages import Page, shell_lines

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1_200)]

PAGE: Final = Page("deploy/release.md").text
LINES: Final = shell_lines(PAGE)
ARCHITECTURES: Final = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}


def lines_of(*words: str) -> list[list[str]]:
    """The lines that begin with these words, in words, with the version that they are given."""
    split = [shlex.split(line.replace("$VERSION", __version__)) for line in LINES]
    return [line for line in split if line[: len(words)] == list(words)]


def test_it_is_of_this_version() -> None:
    [given] = re.findall(r"export VERSION=(\S+)", PAGE)
    assert given == __version__


def test_the_image_is_built_for_the_architectures_that_the_requirements_are_for() -> None:
    [build] = lines_of("docker", "buildx", "build")
    platforms = build[build.index("--platform") + 1].split(",")
    assert [ARCHITECTURES[platform] for platform in platforms] == [
        platform.partition("-")[0] for platform in PLATFORMS
    ]


def test_the_sbom_is_read_where_the_image_has_it() -> None:
    [written] = [value for name, value in Dockerfile().instructions if "cyclonedx-py" in value]
    [path] = re.findall(r"--output-file (\S+)", written)
    [reading] = [line for line in LINES if "sbom.cdx.json" in line and line.startswith("docker")]
    assert f"{path} >" in reading


def test_only_digests_are_signed() -> None:
    [image] = re.findall(r"^export IMAGE=(.+)$", PAGE, re.MULTILINE)
    assert "@$(" in image
    signing = lines_of("cosign", "sign") + lines_of("cosign", "attest")
    assert {line[-1] for line in signing} == {"$IMAGE"}


def test_the_base_is_renewed_by_the_tag_that_the_image_names() -> None:
    [base] = [value for name, value in Dockerfile().instructions if name == "ARG"]
    tag = base.removeprefix("PYTHON=").partition("@")[0]
    assert ["docker", "buildx", "imagetools", "inspect", tag] in lines_of("docker", "buildx")


def test_a_packed_chart_installs_what_its_folder_does(program: str, tmp_path: Path) -> None:
    (tmp_path / "deploy").symlink_to(DEPLOY)
    for command in lines_of("helm", "package"):
        subprocess.run([program, *command[1:]], cwd=tmp_path, check=True, capture_output=True)
    values = EVERYTHING | SERVE
    packed = Release(program, tmp_path, values, tmp_path / f"{CHART.name}-{__version__}.tgz")
    assert packed.resources == Release(program, tmp_path, values).resources
    sidecar = tmp_path / f"{SIDECAR_CHART.name}-{__version__}.tgz"
    listed = subprocess.check_output(["tar", "--list", "--file", str(sidecar)], text=True)
    assert "unhaunt-sidecar/templates/_helpers.tpl" in listed


def test_what_was_verified_is_what_runs(program: str, tmp_path: Path) -> None:
    [command] = lines_of("helm", "upgrade")
    given = dict(word.split("=", 1) for word in command if word.startswith("image."))
    assert given.keys() == {"image.repository", "image.digest"}
    digest = f"sha256:{'1' * 64}"
    image = {"repository": "registry.example/ads/unhaunt", "digest": digest}
    release = Release(program, tmp_path, {**SERVE, "image": image})
    assert release.worker["image"] == f"registry.example/ads/unhaunt@{digest}"
    assert release.service["image"] == release.worker["image"]
