"""Each reference to the contract ("SPEC 3") leads to a section that is in the repository."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.documents.pages import REPOSITORY, Page

PAGES: Final = {
    1: "schemas/README.md",
    2: "schemas/README.md",
    3: "streams/suppression/README.md",
    4: "streams/suppression/README.md",
    5: "streams/suppression/README.md",
    6: "streams/engine/README.md",
    7: "schemas/README.md",
    8: "streams/recording/README.md",
    9: "streams/suppression/identities/README.md",
}
"""The page that holds each section."""

FOLDERS: Final = ("streams", "schemas", "tests", "deploy")

ELSEWHERE: Final = r"\bDESIGN\b|\bSPEC(?:\.\d+)?\.md\b|\bissue \d+\b"
"""How documents are named that whoever clones the repository does not have."""


class Reference(NamedTuple):
    """Sections that a text refers to, with the steps and the titles that it names within them."""

    text: str
    sections: tuple[int, ...]
    steps: tuple[int, ...] = ()
    title: str | None = None


def references(text: str) -> Iterator[Reference]:
    """Every mention of the contract by its name; one without sections refers to nothing."""
    one_line = re.sub(r"\s+(?:#+ )?", " ", text)
    form = (
        r"\bSPEC\b(?: (?P<sections>\d+(?:(?:, \d+)* and \d+| to \d+)?)"
        r"(?:, steps? (?P<steps>\d+(?: and \d+)?))?"
        r"(?:, \"(?P<title>[^\"]+)\")?)?"
    )
    for found in re.finditer(form, one_line):
        numbers, steps = _numbers(found["sections"]), _numbers(found["steps"])
        yield Reference(found[0], numbers, steps, found["title"])


def _numbers(text: str | None) -> tuple[int, ...]:
    numbers = tuple(map(int, re.findall(r"\d+", text or "")))
    if text and " to " in text:
        first, last = numbers
        return tuple(range(first, last + 1))
    return numbers


def sections(page: Page) -> list[tuple[int, str]]:
    """The numbered sections of a page, and what each holds."""
    found = re.findall(r"^## (\d+)\. .+\n((?:(?!## ).*\n?)*)", page.text, re.MULTILINE)
    return [(int(number), text) for number, text in found]


CONTRACT: Final = {
    number: text for path in sorted(set(PAGES.values())) for number, text in sections(Page(path))
}


def problem(reference: Reference) -> str | None:
    """Why a reference leads nowhere; None where it leads somewhere."""
    if not reference.sections:
        return "names no section: expected a form such as SPEC 2, SPEC 2 and 6 or SPEC 5, step 3"
    for number in reference.sections:
        if number not in CONTRACT:
            return f"there is no section {number}"
        for step in reference.steps:
            if not re.search(rf"^{step}\. ", CONTRACT[number], re.MULTILINE):
                return f"section {number} has no step {step}"
        if reference.title and f"**{reference.title}" not in CONTRACT[number]:
            return f'section {number} has no part "{reference.title}"'
    return None


def texts() -> dict[Path, str]:
    """The text of every file that may refer to the contract, but of this one."""
    found = [path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*")]
    found += [path for path in REPOSITORY.iterdir() if path.suffix in {".md", ".toml", ".yml"}]
    read = {}
    for path in found:
        if path.is_file() and path != Path(__file__) and "__pycache__" not in path.parts:
            try:
                read[path.relative_to(REPOSITORY)] = path.read_text()
            except UnicodeDecodeError:  # a picture, or a recording that is compressed
                continue
    return read


TEXTS: Final = texts()


@pytest.mark.parametrize("number", PAGES)
def test_a_section_is_there_once_and_on_the_page_that_is_about_it(number: int) -> None:
    pages = [path for path in TEXTS if path.suffix == ".md"]
    holding = [
        str(path) for path in pages for held, _ in sections(Page(str(path))) if held == number
    ]
    assert holding == [PAGES[number]]


def test_each_reference_leads_to_a_section_a_step_and_a_part_that_are_there() -> None:
    found = [(path, reference) for path, text in TEXTS.items() for reference in references(text)]
    assert {number for _, reference in found for number in reference.sections} == PAGES.keys()
    assert [
        f"{path}: {reference.text}: {why}"
        for path, reference in found
        if (why := problem(reference)) is not None
    ] == []


def test_nothing_refers_to_a_document_that_is_not_in_the_repository() -> None:
    assert [
        f"{path}: {name}" for path, text in TEXTS.items() for name in re.findall(ELSEWHERE, text)
    ] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(SPEC 2)", (2,)),
        ("SPEC 2 and 6", (2, 6)),
        ("SPEC 3, 6 and 7.", (3, 6, 7)),
        ("SPEC 6 to 8", (6, 7, 8)),
        ("# of SPEC\n    # 5, steps 1 and 2", (5,)),
    ],
)
def test_a_reference_may_name_several_sections_and_be_broken_over_lines(
    text: str, expected: tuple[int, ...]
) -> None:
    assert [reference.sections for reference in references(text)] == [expected]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SPEC 10", "there is no section 10"),
        ("SPEC section 2", "names no section"),
        ("SPEC 5, steps 1 and 7", "section 5 has no step 7"),
        ('SPEC 4, "Claims of a shop"', 'section 4 has no part "Claims of a shop"'),
    ],
)
def test_a_reference_that_leads_nowhere_is_found(text: str, why: str) -> None:
    [reference] = references(text)
    assert (problem(reference) or "").startswith(why)
