"""The image, built without an engine, and processes that run in it as containers do.

Registries of images are not needed: the base is a Debian of the same Python, made of its packages.
It takes root, buildah, debootstrap and some minutes.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.paths import DOCKERFILE, REPOSITORY

NEEDED: Final = ("buildah", "debootstrap", "unshare")
BASE: Final = "localhost/unhaunt-tests-python"
TAG: Final = "localhost/unhaunt-tests"

ENTER: Final = """
set -e
root=$1; state=$2; shift 2
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount --bind "$state" "$root/var/lib/unhaunt"
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
exec chroot --userspec=10001:10001 "$root" /usr/bin/env --ignore-environment "$@"
"""
"""Turns into a program in the image: the first process there, on a read-only file system, as the
image's user, with no variables but those that are given."""


def require_builder() -> None:
    """Skip where an image cannot be built, and say why."""
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        pytest.skip(f"an image cannot be built here without {', '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("an image cannot be built here without being root")


class BuiltImage:
    """The image of deploy/Dockerfile, mounted."""

    def __init__(self, folder: Path) -> None:
        """`folder` takes the images and, for each container, its state."""
        self._folder = folder
        self._buildah = [
            "buildah",
            *("--storage-driver", "vfs", "--root", str(folder / "storage")),
            *("--runroot", str(folder / "run")),
        ]

    def build(self) -> None:
        """Build it. Raises `CalledProcessError` when that fails."""
        base = self._folder / "base"
        packages = "--include=python3,python3-dev,python3-pip,ca-certificates"
        _run(["debootstrap", "--variant=minbase", packages, "bookworm", str(base)])
        container = self._do("from", "scratch")
        self._do("add", "--quiet", container, str(base), "/")
        self._do("commit", "--quiet", container, BASE)
        self._do(
            *("build", "--isolation", "chroot", "--format", "docker", "--tag", TAG),
            *("--build-arg", f"PYTHON={BASE}", "--file", str(DOCKERFILE)),
            *self._access_to_packages(),
            str(REPOSITORY),
        )
        self.root = self._do("mount", self._do("from", TAG))
        """Its file system."""

    def start(
        self, name: str, command: list[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[str]":
        """Start a program as a container's first process."""
        state = self._folder / name
        state.mkdir()
        os.chown(state, 10001, 10001)
        variables = [f"{variable}={value}" for variable, value in environment.items()]
        return subprocess.Popen(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
                *("bash", "-c", ENTER, "enter", self.root, str(state), *variables, *command),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def close(self) -> None:
        """Let go of it, and of some gigabytes."""
        self._do("umount", "--all")
        self._do("rm", "--all")
        shutil.rmtree(self._folder)

    def _do(self, *words: str) -> str:
        return _run([*self._buildah, *words])

    def _access_to_packages(self) -> list[str]:
        """What pip is told here of where packages are, for the build."""
        settings = [f"--env={name}" for name in os.environ if name.startswith("PIP_")]
        folders = ["/etc/ssl/certs", os.environ.get("PIP_FIND_LINKS", "")]
        return settings + [f"--volume={f}:{f}:ro" for f in folders if Path(f).is_dir() and f]


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2_000:]}\n{done.stderr[-2_000:]}"
    return done.stdout.strip()


def first_processes(of: "subprocess.Popen[str]") -> list[int]:
    """The number, out here, of the process that is the first one in there; none before it runs."""
    children = Path(f"/proc/{of.pid}/task/{of.pid}/children").read_text()
    return [int(number) for number in children.split()]
