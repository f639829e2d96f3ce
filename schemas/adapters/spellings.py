"""What senders write for nothing, and other ways to write the name or the value of a field."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from schemas.adapters.numbers import LARGEST_EXACT
from schemas.decoding import InvalidRecord

PLACEHOLDERS: Final = ("(not set)", "null", "undefined", "NaN", "[object Object]")
"""What GA4, and templates of pages, write for nothing."""
NOTHING: Final = (None, "", *PLACEHOLDERS)
"""What counts as absent."""


ALLOWED: Final = (True, 1, "true", "granted", "yes", "1", "on", "opted_in", "opt_in")
DENIED: Final = (False, 0, "false", "denied", "no", "0", "off", "opted_out", "opt_out")
UNSAID: Final = ("unset", "unspecified", "unknown")


class NoObject(dict[str, object]):
    """Stands where an object is expected: who reads a field of it gets the error."""

    def __init__(self, error: InvalidRecord) -> None:
        super().__init__()
        self._error = error

    def get(self, *_: object) -> Any:
        """Raise the error."""
        raise self._error


def answer_of(value: object) -> bool | None:
    """Whether a flag or a word allows something; None where it does not say."""
    word = value.strip().lower() if isinstance(value, str) else value
    for answer, words in ((True, ALLOWED), (False, DENIED)):
        if any(word == each and type(word) is type(each) for each in words):
            return answer
    return None


def is_unsaid(value: object) -> bool:
    """Whether a word stands for a question that was not answered."""
    return isinstance(value, str) and value.strip().lower() in UNSAID


def is_whole(value: object) -> bool:
    """Whether it is an integer, also one that is written with a point."""
    if isinstance(value, float):
        return abs(value) < LARGEST_EXACT and value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def are_numbered(members: Mapping[str, object]) -> bool:
    """Whether an object's members are named as those of an array are."""
    return bool(members) and all(map(str.isdecimal, members))


def are_objects(members: Mapping[str, object]) -> bool:
    """Whether an object's members are all objects."""
    return bool(members) and all(isinstance(each, dict) for each in members.values())


def without_brackets(text: str) -> str:
    """The inside of a list as Python writes it in a text, `['a', 'b']`, which is no JSON."""
    if text.startswith("[") and text.endswith("]"):
        return re.sub(r"""['"\s]*(,|^|$)['"\s]*""", r"\1", text[1:-1])
    return text


def numbered(name: str, values: list[object]) -> dict[str, object]:
    """The entries of an array by their paths."""
    return {f"{name}[{index}]": value for index, value in enumerate(values)}


@lru_cache(maxsize=1_000)
def spellings(names: tuple[str, ...]) -> tuple[str, ...]:
    """Each name, and after it the same in camelCase, or in snake_case where it is in that."""
    return tuple(dict.fromkeys(each for name in names for each in (name, _other_case(name))))


def _other_case(name: str) -> str:
    if "_" in name:
        return re.sub("_([a-z])", lambda found: found[1].upper(), name)
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)
