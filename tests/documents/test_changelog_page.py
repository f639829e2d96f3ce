"""deploy/CHANGELOG.md has this version, and what an upgrade to it needs."""

import re
from typing import Final

from streams import __version__
from streams.suppression.stored import FORMAT
from tests.documents.pages import Page

PAGE: Final = Page("deploy/CHANGELOG.md")
ENTRIES: Final = re.findall(r"^## \[(.+?)\](.*)$", PAGE.text, re.MULTILINE)
KINDS: Final = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_this_version_has_an_entry_with_its_date() -> None:
    assert re.fullmatch(r" - \d{4}-\d{2}-\d{2}", dict(ENTRIES)[__version__])


def test_what_is_not_released_stands_first_and_then_the_newest_version() -> None:
    first, *versions = [name for name, _ in ENTRIES]
    assert first == "Unreleased"
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(numbers, reverse=True)
    assert versions[0] == __version__


def test_changes_are_of_the_kinds_that_there_are() -> None:
    assert set(re.findall(r"^### (.+)$", PAGE.text, re.MULTILINE)) <= KINDS


def test_the_form_of_the_state_that_this_version_writes_is_the_last_one() -> None:
    rows = PAGE.table("form of the state")
    assert [int(form) for form, *_ in rows] == list(range(1, FORMAT + 1))
    assert rows[-1][1] == __version__
