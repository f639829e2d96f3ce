"""GPP strings: a header that says which sections follow, and one section for each jurisdiction.

Of the sections of the United States only the opt-outs are read, from sale, sharing and targeted
advertising, and Global Privacy Control. Section 2 is a TCF string, 6 a US Privacy string.
"""

from typing import Final

from schemas.openrtb.bits import bits_of, number_at
from schemas.openrtb.tcf import allows_personalised_ads

HEADER: Final = 3
"""The type of a header."""
SECTIONS_AT: Final = 12
LARGEST_ID: Final = 1_000
"""There are some thirty sections: a header that names a later one is none."""
MOST_CHARACTERS: Final = 10_000
"""All sections together have some thousand: a longer text is no GPP string."""

TCF_EU: Final = 2
US_PRIVACY: Final = 6
OPT_OUTS: Final = {
    7: (18, 20, 22),
    **dict.fromkeys(range(8, 28), (12, 14)),
    **dict.fromkeys((11, 18), (14, 16)),
}
"""By section of the US and its states, the bits where the opt-outs begin, two bits each."""
OPTED_OUT: Final = 1
GPC: Final = 1
"""The type of the segment that holds Global Privacy Control."""


def sections_of(text: str) -> dict[int, str]:
    """The sections by their ids. Raises `ValueError` for no GPP string."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{len(text):,} characters are too many")
    header, *sections = text.split("~")
    ids = _ids_of(bits_of(header))
    if len(ids) != len(sections):
        raise ValueError(f"the header names {len(ids)} sections, {len(sections)} follow")
    return dict(zip(ids, sections, strict=True))


def denies(section: int, text: str) -> bool | None:
    """Whether a section denies personalised ads; None for one that is not known here.

    Raises `ValueError` for a text that is not of that section.
    """
    if section == TCF_EU:
        return not allows_personalised_ads(text)
    if section == US_PRIVACY:
        return us_privacy_denies(text)
    if section not in OPT_OUTS:
        return None
    core, *others = text.split(".")
    bits = bits_of(core)
    return any(number_at(bits, at, 2) == OPTED_OUT for at in OPT_OUTS[section]) or any(
        _is_gpc(bits_of(other)) for other in others
    )


def us_privacy_denies(text: str) -> bool:
    """Whether a US Privacy string, such as 1YYN, opts out of sale. Raises `ValueError`."""
    if len(text) != 4 or text[0] != "1" or not set(text[1:].upper()) <= set("YN-"):
        raise ValueError("expected 1 and three of Y, N and -")
    return text[2].upper() == "Y"


def _is_gpc(bits: str) -> bool:
    return number_at(bits, 0, 2) == GPC and number_at(bits, 2, 1) == 1


def _ids_of(bits: str) -> list[int]:
    """The ids that a header lists, each by its distance from the one before, alone or a group."""
    if number_at(bits, 0, 6) != HEADER:
        raise ValueError("expected a GPP header")
    items, at = number_at(bits, SECTIONS_AT, 12), SECTIONS_AT + 12
    ids: list[int] = []
    last = 0
    for _ in range(items):
        is_group = number_at(bits, at, 1) == 1
        distance, at = _fibonacci(bits, at + 1)
        first = last = last + distance
        if is_group:
            length, at = _fibonacci(bits, at)
            last = first + length
        if last > LARGEST_ID:
            raise ValueError(f"there is no section {last}")
        ids += range(first, last + 1)
    return ids


def _fibonacci(bits: str, at: int) -> tuple[int, int]:
    """A number as a sum of Fibonacci numbers, ended by a second one in a row; and where it ends."""
    total, value, following, was_set = 0, 1, 2, False
    while True:
        is_set = number_at(bits, at, 1) == 1
        at += 1
        if is_set and was_set:
            return total, at
        if value > LARGEST_ID:
            raise ValueError("there is no section with so large a number")
        total += value if is_set else 0
        value, following, was_set = following, value + following, is_set
