"""The same program as it may run: compiled, interpreted, and as it was before.

`python -m tests.bench.builds PACKAGES sources|any MODULE [ARGUMENT…]` runs a module with the
packages of a folder, and, with `sources`, without what is compiled of them.
"""

import runpy
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Sequence
from functools import cache
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.bench.note import note

REPOSITORY: Final = Path(__file__).parents[2]
PACKAGES: Final = ("streams", "schemas")
EARLIER: Final = "33219018f4725939bfc1b63a10a4e72a95966477"
"""The commit that is compared with: this program before its data model was typed to the byte."""
NEEDED: Final = ("streams", "schemas", "tests")
"""The folders of that commit that are used."""


class Build(NamedTuple):
    """A program that can be run."""

    name: str
    folder: Path
    """Where its process starts: the benchmarks there are those that run in it."""
    packages: Path
    """Where its own packages are."""
    is_interpreted: bool
    """Whether what is compiled of them does not count."""

    def command(self, module: str, *arguments: str) -> list[str]:
        """The command line that runs a module of it, to be started in its folder."""
        kind = "sources" if self.is_interpreted else "any"
        loader = ["-m", "tests.bench.builds", str(self.packages), kind]
        return [sys.executable, *loader, module, *arguments]

    def run(self, module: str, *arguments: str) -> bytes:
        """Run a module to its end; returns what it wrote to stdout."""
        done = subprocess.run(
            self.command(module, *arguments),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            errors = done.stderr.decode(errors="replace").strip()[-2_000:]
            raise RuntimeError(f"{module}, {self.name}, failed: {errors}")
        return done.stdout


INTERPRETED: Final = Build("interpreted", REPOSITORY, REPOSITORY, True)


@cache
def builds() -> list[Build]:
    """This program: compiled where it is, and interpreted."""
    for packages in (REPOSITORY, Path(sysconfig.get_path("platlib"))):
        if is_compiled(packages):
            return [Build("compiled", REPOSITORY, packages, False), INTERPRETED]
    return [INTERPRETED]


def is_compiled(packages: Path) -> bool:
    """Whether the domain in this folder is compiled."""
    modules = (packages / "streams" / "suppression").glob("*")
    return any(module.name.endswith(tuple(EXTENSION_SUFFIXES)) for module in modules)


def earlier(run: Path, commit: str = EARLIER) -> list[Build]:
    """The program at the commit that is compared with, put into the folder of this run.

    Nothing where its history is not at hand.
    """
    folder = run / f"earlier-{commit[:7]}"
    if not folder.exists():
        git = ["git", "-C", str(REPOSITORY), "archive", commit, *NEEDED]
        try:
            packed = subprocess.run(git, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            note(f"the commit {commit} is left out: git does not have it here")
            return []
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
    return [Build("before", folder, folder, True)]


class Finder:
    """Finds the project's packages in one folder, whatever else is on the path."""

    def __init__(self, packages: Path, is_interpreted: bool) -> None:
        """`is_interpreted` passes over what is compiled."""
        self._packages = packages
        self._loaders: list[Any] = [(SourceFileLoader, SOURCE_SUFFIXES)]
        if not is_interpreted:
            self._loaders.insert(0, (ExtensionFileLoader, EXTENSION_SUFFIXES))

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """The module of this name, as Python's import asks for it."""
        *parents, _module = name.split(".")
        if name.partition(".")[0] not in PACKAGES:
            return None
        folder = self._packages.joinpath(*parents)
        return FileFinder(str(folder), *self._loaders).find_spec(name)


def main(arguments: Sequence[str]) -> None:
    """Run a module as one of the builds."""
    packages, kind, module, *rest = arguments
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]
    finder: Any = Finder(Path(packages), kind == "sources")
    sys.meta_path.insert(0, finder)
    sys.path.append(packages)  # where mypyc puts the module that compiled ones share
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
