"""Imports go one way, and the domain is pure: it imports next to nothing."""

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOMAIN = REPOSITORY / "streams" / "suppression"
ALLOWED = ("schemas", "streams.suppression", "msgspec", "mypy_extensions")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter by the pyproject.toml of a folder, on the packages that lie there."""
    command = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their contracts, free to be broken."""
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    for package in ("streams", "schemas"):
        shutil.copytree(
            REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def test_the_contracts_on_imports_are_kept() -> None:
    result = lint_imports(REPOSITORY)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("broken_by", ["import orjson", "from streams.recording import files"])
def test_a_domain_that_imports_a_library_or_another_layer_breaks_them(
    copy: Path, broken_by: str
) -> None:
    with (copy / "streams" / "suppression" / "words.py").open("a") as module:
        module.write(f"\n{broken_by}\n")
    result = lint_imports(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "streams.suppression.words ->" in result.stdout


@pytest.mark.parametrize(
    ("module", "broken_by"),
    [
        ("streams/kafka/clients.py", "from streams.engine import task"),
        ("streams/engine/state/store.py", "from streams.engine import loop"),
        ("streams/settings/kafka.py", "from streams.settings import registry"),
    ],
)
def test_a_package_that_imports_from_above_it_breaks_them(
    copy: Path, module: str, broken_by: str
) -> None:
    with (copy / module).open("a") as file:
        file.write(f"\n{broken_by}\n")
    result = lint_imports(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{module.removesuffix('.py').replace('/', '.')} ->" in result.stdout


def test_the_contract_forbids_every_other_library_that_the_project_depends_on() -> None:
    pyproject = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    [contract] = [
        contract
        for contract in pyproject["tool"]["importlinter"]["contracts"]
        if contract.get("source_modules") == ["streams.suppression"]
    ]
    imported_as = {"faust-streaming": "faust", "PyYAML": "yaml"}
    for requirement in pyproject["project"]["dependencies"]:
        name = requirement.split(">=")[0].split("[")[0]
        module = imported_as.get(name, name.replace("-", "_"))
        assert (module in ALLOWED) != (module in contract["forbidden_modules"])


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used"
            yield node.module or ""


@pytest.mark.parametrize("module", sorted(DOMAIN.glob("*.py")), ids=lambda module: module.stem)
def test_a_module_of_the_domain_imports_only_the_schemas_msgspec_and_the_standard_library(
    module: Path,
) -> None:
    foreign = [
        name
        for name in imports(module)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(ALLOWED)
    ]
    assert foreign == []
