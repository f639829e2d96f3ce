"""How to contribute: all kinds of tests are there, and all that CI runs."""

import re

from tests.bench.__main__ import NAMES
from tests.documents.pages import REPOSITORY, Page

TESTS = Page("tests/README.md")


def test_every_folder_of_tests_says_what_it_is_for() -> None:
    folders = {path.parent.name for path in (REPOSITORY / "tests").glob("*/*.py")}
    assert {re.sub(r"\[(\w+)\].*", r"\1", row[0]) for row in TESTS.table("folder")} == folders


def test_all_that_ci_checks_is_named() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text()
    steps = re.findall(r"^run ((?:ruff|mypy|lint-imports|python -m schemas).*)$", script, re.M)
    assert len(steps) == 5
    text = " ".join(TESTS.text.split())
    assert [step for step in steps if f"`{step}`" not in text] == []


def test_every_benchmark_says_what_it_measures() -> None:
    assert tuple(row[0] for row in Page("tests/bench/README.md").table("benchmark")) == NAMES
