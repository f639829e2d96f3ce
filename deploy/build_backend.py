"""Builds Unhaunt for pip: the hot modules compiled by mypyc, where there is a C compiler.

`[tool.unhaunt]` of pyproject.toml names these modules and what compiling them needs. Without a
compiler the same code is installed as it is, and a line on standard error says so.
`UNHAUNT_COMPILE` decides it: with 1 the build fails if it cannot compile, with 0 it does not
compile. An editable installation is compiled only with 1, since its sources are about to change.
"""

import os
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import setuptools
from setuptools import build_meta
from setuptools.command.sdist import sdist

VARIABLE: Final = "UNHAUNT_COMPILE"
LIBRARY: Final = "schemas.compiled"
"""mypyc puts all code into one library beside the modules; this keeps it inside a package."""

Settings = dict[str, Any] | None


class SourceDistribution(sdist):
    """A source distribution that can be built, so this module is part of it."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Put the files into the folder that is packed."""
        super().make_release_tree(base_dir, [*files, os.path.relpath(__file__)])


class Backend(build_meta._BuildMetaBackend):
    """The backend of setuptools, which may be extended this way, with modules to compile."""

    def __init__(self) -> None:
        super().__init__()
        self._keywords: dict[str, Any] = {}

    def run_setup(self, setup_script: str = "setup.py") -> None:  # noqa: ARG002
        """Do what `sys.argv` says, for the project that pyproject.toml describes."""
        setuptools.setup(cmdclass={"sdist": SourceDistribution}, **self._keywords)

    def get_requires_for_build_wheel(self, config_settings: Settings = None) -> list[str]:
        """What a wheel is built with."""
        return super().get_requires_for_build_wheel(config_settings) + _needed(default="1")

    def get_requires_for_build_editable(self, config_settings: Settings = None) -> list[str]:
        """What an editable installation is built with."""
        return super().get_requires_for_build_editable(config_settings) + _needed(default="0")

    def build_wheel(
        self,
        wheel_directory: str,
        config_settings: Settings = None,
        metadata_directory: str | None = None,
    ) -> str:
        """Build a wheel, compiled unless it is not wanted or not possible."""
        with self._building(_is_wanted(default="1")):
            return super().build_wheel(wheel_directory, config_settings, metadata_directory)

    def build_editable(
        self,
        wheel_directory: str,
        config_settings: Settings = None,
        metadata_directory: str | None = None,
    ) -> str:
        """Build an editable installation: without what was compiled before, and anew if asked."""
        for package in ("schemas", "streams"):
            for compiled in Path(package).rglob("*.so"):
                compiled.unlink()
        with self._building(_is_wanted(default="0")):
            return super().build_editable(wheel_directory, config_settings, metadata_directory)

    @contextmanager
    def _building(self, is_compiled: bool) -> Iterator[None]:
        """Build in a folder of its own: one in the project would keep modules of other builds."""
        with TemporaryDirectory() as folder:
            self._keywords = {"options": {"build": {"build_base": folder}}}
            if is_compiled:
                self._keywords["ext_modules"] = _extensions(folder)
            try:
                yield
            finally:
                self._keywords = {}


def _needed(default: str) -> list[str]:
    """The requirements for compiling, if that is what will be done."""
    is_compiled = _wish(default) and _compiler_problem() is None
    return _table()["compiled-with"] if is_compiled else []


def _is_wanted(default: str) -> bool:
    """Whether to compile. Ends the build if it was asked for and cannot be done."""
    if not _wish(default):
        return False
    problem = _compiler_problem()
    if problem is None and find_spec("mypyc") is None:
        problem = "mypyc is not installed (it is for a build with build isolation)"
    if problem is None:
        return True
    if VARIABLE in os.environ:
        sys.exit(f"{VARIABLE}=1, but Unhaunt cannot be compiled: {problem}")
    print(f"Unhaunt is installed interpreted, not compiled: {problem}", file=sys.stderr)
    return False


def _wish(default: str) -> bool:
    """What the environment says, or else what holds when nobody says anything."""
    wish = os.environ.get(VARIABLE, default)
    if wish not in {"0", "1"}:
        sys.exit(f"{VARIABLE}: expected 0 or 1, got {wish!r}")
    return wish == "1"


def _compiler_problem() -> str | None:
    """Why no C extension can be built here; None if one can."""
    # Python 3.12 and newer have distutils only from setuptools, once that is imported.
    from distutils.ccompiler import new_compiler  # noqa: PLC0415
    from distutils.errors import CCompilerError, DistutilsExecError  # noqa: PLC0415
    from distutils.sysconfig import customize_compiler  # noqa: PLC0415

    compiler = new_compiler()
    customize_compiler(compiler)
    with TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text("#include <Python.h>\n")
        headers = [sysconfig.get_path("include"), sysconfig.get_path("platinclude")]
        try:
            compiler.compile([str(source)], output_dir=folder, include_dirs=headers)
        except (CCompilerError, DistutilsExecError) as error:
            return f"there is no C compiler that has Python's headers ({error})"
    return None


def _extensions(folder: str) -> list[setuptools.Extension]:
    """The hot modules as C, which is generated in the folder."""
    from mypyc.build import mypycify  # noqa: PLC0415  (there only when it is needed)

    found = [sorted(Path().glob(pattern)) for pattern in _table()["compiled"]]
    modules = dict.fromkeys(str(path) for paths in found for path in paths)
    # What compiled modules import has its types checked elsewhere, and may not be installed here.
    options = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent"]
    options.append(f"--cache-dir={folder}")
    return mypycify([*options, *modules], group_name=LIBRARY, target_dir=folder)


def _table() -> dict[str, list[str]]:
    return tomllib.loads(Path("pyproject.toml").read_text())["tool"]["unhaunt"]


_BACKEND: Final = Backend()
get_requires_for_build_sdist = _BACKEND.get_requires_for_build_sdist
get_requires_for_build_wheel = _BACKEND.get_requires_for_build_wheel
get_requires_for_build_editable = _BACKEND.get_requires_for_build_editable
prepare_metadata_for_build_wheel = _BACKEND.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = _BACKEND.prepare_metadata_for_build_editable
build_sdist = _BACKEND.build_sdist
build_wheel = _BACKEND.build_wheel
build_editable = _BACKEND.build_editable
