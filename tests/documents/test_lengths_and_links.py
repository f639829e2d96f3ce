"""Each page is short enough to be read, and what it names is there."""

import re
from typing import Final

import pytest

from tests.documents.pages import REPOSITORY, Page, calls, unknown_calls, unknown_settings

LONGEST: Final = {
    "schemas/README.md": 2_500,
    "schemas/adapters/README.md": 1_500,
    "streams/suppression/README.md": 2_500,
    "streams/suppression/policy.md": 1_500,
    "streams/recording/README.md": 1_500,
    "streams/recording/live/README.md": 1_500,
    "streams/recording/report/README.md": 1_500,
}
"""How many words a page may have: the two that hold most of the contract may have more."""

every_page = pytest.mark.parametrize("path", LONGEST)


@every_page
def test_a_page_has_no_more_words_than_it_may(path: str) -> None:
    assert Page(path).words <= LONGEST[path]


@every_page
def test_a_link_leads_to_a_file_and_a_heading_that_are_there(path: str) -> None:
    page = Page(path)
    assert page.links()
    assert page.broken_links() == []


@every_page
def test_every_command_that_is_named_exists_with_its_options(path: str) -> None:
    assert unknown_calls(Page(path).text) == []


def test_commands_are_found_on_the_pages() -> None:
    assert {words[0] for path in LONGEST for words in calls(Page(path).text) if words} >= {
        "backtest", "policy", "record", "replay", "report", "import",
    }  # fmt: skip


@every_page
def test_every_setting_that_is_named_exists(path: str) -> None:
    assert unknown_settings(Page(path).text) == set()


@every_page
def test_every_module_that_is_run_exists(path: str) -> None:
    modules = re.findall(r"\bpython -m ((?:tests|schemas|streams)[.\w]*)", Page(path).text)
    found = [(REPOSITORY / module.replace(".", "/")) for module in modules]
    assert [file for file in found if not (file.is_dir() or file.with_suffix(".py").exists())] == []
