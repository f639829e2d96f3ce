"""Every Markdown page of the repository: short, reachable, and right in all that it names."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.bench.__main__ import CHECKS, NAMES
from tests.documents.pages import (
    REPOSITORY,
    Page,
    anchors,
    calls,
    unknown_calls,
    unknown_settings,
)

ENVIRONMENTS: Final = {path.parent for path in REPOSITORY.glob("*/pyvenv.cfg")}
"""Virtual environments that somebody made here, by whatever name; their pages are not ours."""

PATHS: Final = sorted(
    str(path.relative_to(REPOSITORY))
    for path in REPOSITORY.rglob("*.md")
    if not any(part.startswith(".") for part in path.relative_to(REPOSITORY).parts)
    and ENVIRONMENTS.isdisjoint(path.parents)
)

WORDS: Final = 1_500
"""How many words a page may have."""
OTHER_WORDS: Final = {
    "README.md": 1_000,
    "schemas/README.md": 2_500,
    "streams/suppression/README.md": 2_500,
}
UNBOUNDED: Final = {"deploy/runbook.md", "deploy/metrics.md", "deploy/CHANGELOG.md"}

CLICKS: Final = 3

QUESTIONS: Final = {
    "What does a field mean?": "schemas/README.md#2-topics",
    "Why is an ad held back?": "streams/suppression/README.md#suppression-why-an-ad-is-held-back",
    "What does exactly once mean here?": "streams/engine/README.md#what-exactly-once-means-here",
    "How do I add a reason?": "tests/README.md#a-reason-more",
    "How do I read the benchmark?": "tests/bench/README.md#how-to-read-it",
}
"""What a stranger finds from README, and where."""

ROOMS: Final = ("streams", "schemas", "tests", "deploy", ".ci")

every_page = pytest.mark.parametrize("path", PATHS)


def without_blocks(text: str) -> str:
    """A page's text without its blocks of code."""
    return re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)


def inside(folder: Path, link: str) -> tuple[str, str]:
    """The path in the repository, and the anchor, that a link on a page of a folder leads to."""
    file, _, anchor = link.partition("#")
    return str((folder / file).resolve().relative_to(REPOSITORY)), anchor


# --- each page by itself -------------------------------------------------------------------------


@every_page
def test_a_page_has_no_more_words_than_it_may(path: str) -> None:
    assert path in UNBOUNDED or Page(path).words <= OTHER_WORDS.get(path, WORDS)


def link_problem(page: Page, link: str) -> str | None:
    """What is wrong with a link; None if it leads somewhere."""
    file, _, anchor = link.partition("#")
    target = (page.path.parent / file).resolve() if file else page.path
    if not target.is_relative_to(REPOSITORY) or not target.exists():
        return f"{link}: there is no such file"
    if anchor and anchor not in anchors(without_blocks(target.read_text())):
        return f"{link}: there is no such heading"
    return None


@every_page
def test_each_link_leads_to_a_file_and_a_heading_that_are_there(path: str) -> None:
    page = Page(path)
    problems = [link_problem(page, link) for link in page.links()]
    assert [problem for problem in problems if problem] == []


@every_page
def test_every_command_that_is_named_exists_with_its_options(path: str) -> None:
    page = Page(path)
    typed = [
        line.removeprefix("$ ")
        for block in page.blocks("console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    assert unknown_calls("\n".join([page.text, "```sh", *typed, "```"])) == []


@every_page
def test_every_setting_that_is_named_exists(path: str) -> None:
    assert unknown_settings(Page(path).text) == set()


@every_page
def test_every_benchmark_and_every_module_that_is_run_exists(path: str) -> None:
    text = Page(path).text
    benchmarks = re.findall(r"python -m tests\.bench((?: [a-z_]+)*)", text)
    assert {name for names in benchmarks for name in names.split()} <= {*NAMES, *CHECKS}
    ours = r"python -m ((?:streams|schemas|tests)[\w.]*\w)"
    assert [name for name in re.findall(ours, text) if find_spec(name) is None] == []


@every_page
def test_every_path_that_is_set_as_code_exists(path: str) -> None:
    page = Page(path)
    quoted = re.findall(r"`([^`\s]+)`", without_blocks(page.text))
    words = [word for line in page.shell_lines() for word in line.split()]
    rooms = "|".join(map(re.escape, ROOMS))
    named = [word for word in (*quoted, *words) if re.fullmatch(rf"(?:{rooms})/[\w./-]+", word)]
    modules = [word for word in quoted if re.fullmatch(r"\w+\.py", word)]
    assert [name for name in named if not (REPOSITORY / name).exists()] == []
    assert [name for name in modules if not _is_near(page, name)] == []


def _is_near(page: Page, module: str) -> bool:
    """Whether a module lies beside a page, or in a folder that the page links to."""
    linked = (page.path.parent / link.partition("#")[0] for link in page.links())
    folders = [page.path.parent, *(each for each in linked if each.is_dir())]
    return any((folder / module).exists() for folder in folders)


def test_commands_are_found_on_the_pages() -> None:
    found = {words[0] for path in PATHS for words in calls(Page(path).text) if words}
    assert {"worker", "serve", "topics", "explain", "verify", "dead-letters"} <= found
    assert calls(Page("deploy/README.md").text)
    assert calls(Page("deploy/runbook.md").text)


# --- all of them together ------------------------------------------------------------------------


def within_clicks() -> set[str]:
    """The pages that are reached from README by so many links."""
    found = new = {"README.md"}
    for _ in range(CLICKS):
        new = {
            target
            for path in new
            for link in Page(path).links()
            if (target := inside((REPOSITORY / path).parent, link)[0]) in PATHS
        } - found
        found = found | new
    return found


def test_every_page_is_reached_from_readme_within_three_clicks() -> None:
    assert set(PATHS) - within_clicks() == set()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_stranger_finds_within_three_clicks(question: str) -> None:
    path, anchor = QUESTIONS[question].split("#")
    assert path in within_clicks()
    assert anchor in anchors(without_blocks(Page(path).text))
