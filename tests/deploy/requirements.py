"""Write what the image installs, with hashes: `python -m tests.deploy.requirements`.

The versions are those of deploy/constraints.txt, for what that names. uv (`pip install uv`)
resolves them, and takes the hashes of all files of a version from the index, so that one file
serves all architectures.
"""

import re
import subprocess
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.deploy.paths import DEPLOY, REPOSITORY

PLATFORMS: Final = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu")
PYTHON: Final = "3.11"
EXTRAS: Final = ("registry", "traces")
"""What the image has besides the least."""

SBOM: Final = "cyclonedx-bom>=7"
FROM_SOURCE: Final = ("cython>=3", "setuptools-scm>=8", "wheel>=0.45")
"""What faust-streaming is built with where there is no wheel of it, as on ARM."""

HEADERS: Final = {
    "requirements.txt": "What the image has, with hashes, for Python {0} on x86_64 and ARM.",
    "requirements-build.txt": "What the image is built with, with hashes, for Python {0} on x86_64 "
    "and ARM.",
}
HOW: Final = "# Written by `python -m tests.deploy.requirements`; constraints.txt has the versions."


def inputs() -> dict[str, list[str]]:
    """By file, what it has to bring about."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    optional = project["project"]["optional-dependencies"]
    extras = [requirement for extra in EXTRAS for requirement in optional[extra]]
    building = [*project["build-system"]["requires"], *project["tool"]["unhaunt"]["compiled-with"]]
    return {
        "requirements.txt": [*project["project"]["dependencies"], *extras],
        "requirements-build.txt": [*building, *FROM_SOURCE, SBOM],
    }


def pins(text: str) -> dict[str, str]:
    """The versions in a file of requirements or constraints, by normalized names."""
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def resolved(requirements: list[str], platform: str) -> str:
    """The versions with their hashes. Raises `CalledProcessError` where there are none."""
    with TemporaryDirectory() as folder:
        wanted = Path(folder, "wanted.in")
        wanted.write_text("\n".join(requirements))
        command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
        command += ["--generate-hashes", "--python-version", PYTHON, "--python-platform", platform]
        command += ["--constraints", str(DEPLOY / "constraints.txt"), str(wanted)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    """Write both files. Raises `ValueError` where architectures need different versions."""
    for name, requirements in inputs().items():
        first, *others = (resolved(requirements, platform) for platform in PLATFORMS)
        if any(other != first for other in others):
            raise ValueError(f"{name}: it is not the same for {' and '.join(PLATFORMS)}")
        header = f"# {HEADERS[name].format(PYTHON)}\n{HOW}\n"
        (DEPLOY / name).write_text(header + first)


if __name__ == "__main__":
    main()
