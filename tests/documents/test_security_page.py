"""deploy/SECURITY.md promises what is tested: each threat names a test that there is."""

import ast
import re
from typing import Final

import pytest

from tests.documents.pages import REPOSITORY, Page

PAGE: Final = Page("deploy/SECURITY.md")
THREATS: Final = PAGE.table("who")


def functions(path: str) -> set[str]:
    """The names of a file's functions."""
    tree = ast.parse((REPOSITORY / "deploy" / path).resolve().read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


@pytest.mark.parametrize("threat", THREATS, ids=[row[1] for row in THREATS])
def test_a_threat_names_a_test_that_there_is(threat: list[str]) -> None:
    *_, outcome, named = threat
    tests = re.findall(r"\[(test_\w+)\]\(([^)]+)\)", named)
    assert outcome
    assert tests
    for name, path in tests:
        assert name in functions(path), f"{path} has no {name}"


def test_the_figures_are_those_of_the_program() -> None:
    from streams.kafka.registry.unknown_schemas import MOST_CALLS, UNKNOWN_SECONDS
    from streams.recording.sources import LONGEST_LINE

    assert f"{MOST_CALLS} calls to the registry in {UNKNOWN_SECONDS} seconds" in PAGE.text
    assert f"refused at {LONGEST_LINE >> 20} MiB" in PAGE.text
