"""JSON objects of other formats, read leniently, with errors that name the field.

Senders differ in what they write for the same thing: an id is a number here and a text there, a
price a text, one product an object and two of them an array. What cannot be mistaken is taken.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Final

from schemas.decoding import InvalidRecord
from schemas.fields import INT64_MAX
from schemas.problems import kind_of, one_of, quoted

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
LARGEST_EXACT: Final = 2**53
NOTHING_SAID: Final = (None, "", "(not set)")
"""What counts as absent: null, and what forms and GA4 write for it."""


class Node:
    """A JSON object and the path to it.

    Of several names the first that says something counts; an error names the first of all. All
    methods raise `InvalidRecord` for a value of another kind than asked for.
    """

    __slots__ = ("_fields", "path")

    def __init__(self, fields: Mapping[str, object], path: str = "") -> None:
        self._fields = fields
        self.path = path

    def says(self, *names: str) -> bool:
        """Whether all of these fields are there."""
        return all(self._fields.get(name) not in NOTHING_SAID for name in names)

    def get(self, name: str) -> object:
        """Whatever stands there, for another reader; None when nothing does."""
        return self._fields.get(name)

    def text(self, *names: str) -> str | None:
        """A text, such as an id; an integer is read as one."""
        name, value = self._first(names)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise self.wrong(name, "a string", kind_of(value))

    def texts(self, *names: str) -> list[str]:
        """An array of texts, or a single one; empty when there is nothing."""
        name, value = self._first(names)
        if not isinstance(value, list):
            one = self.text(name)
            return [] if one is None else [one]
        item = Node({f"{name}[{index}]": each for index, each in enumerate(value)}, self.path)
        return [text for each in item._fields if (text := item.text(each)) is not None]

    def required(self, *names: str) -> str:
        """A text that must be there."""
        text = self.text(*names)
        if text is None:
            raise self.missing(names[0], "a string")
        return text

    def choice(self, name: str, known: Mapping[str, str]) -> str:
        """What one of the known words stands for."""
        word = self.required(name)
        if word not in known:
            detail = f"{self.at(name)}: expected {one_of(known)}, got {quoted(word)}"
            raise InvalidRecord("unknown_value", detail)
        return known[word]

    def number(self, *names: str) -> float | None:
        """A number, or a text that is one."""
        name, value = self._first(names)
        if isinstance(value, str):
            value = _number_in(value)
            if value is None:
                raise self.wrong(name, "a number", "a string")
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise self.wrong(name, "a number", kind_of(value))

    def whole(self, *names: str, times: int = 1) -> int | None:
        """An integer, or a number or text that is one, times so many."""
        name, _ = self._first(names)
        number = self.number(*names)
        if number is None:
            return None
        if isinstance(number, float) and not number.is_integer():
            raise self.wrong(name, "an integer", repr(number))
        if abs(int(number) * times) > INT64_MAX:
            raise self.wrong(name, "a 64-bit integer", str(number))
        return int(number) * times

    def time(self, *names: str) -> int | None:
        """A time in ISO 8601, in epoch milliseconds; UTC where it names no zone."""
        name, _ = self._first(names)
        text = self.text(*names)
        if text is None:
            return None
        try:
            time = datetime.fromisoformat(text.removesuffix(" UTC"))
        except ValueError:
            raise self.wrong(name, "a time such as 2023-11-14T22:13:20Z", quoted(text)) from None
        return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - EPOCH) // MILLISECOND

    def child(self, name: str) -> "Node":
        """An object; an empty one where there is none."""
        _, value = self._first((name,))
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self.wrong(name, "an object", kind_of(value))
        return Node(value, self.at(name))

    def children(self, *names: str) -> "list[Node]":
        """An array of objects, or a single one; empty when there is nothing."""
        name, value = self._first(names)
        if value is None:
            return []
        if isinstance(value, dict):
            return [Node(value, self.at(name))]
        if not isinstance(value, list):
            raise self.wrong(name, "an array", kind_of(value))
        places = [f"{name}[{index}]" for index in range(len(value))]
        items = Node(dict(zip(places, value, strict=True)), self.path)
        return [items.child(place) for place in places]

    def some(self, *names: str) -> "list[Node]":
        """An array of at least one object."""
        found = self.children(*names)
        if not found:
            raise self.missing(names[0], "an array of at least one")
        return found

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def missing(self, name: str, expected: str) -> InvalidRecord:
        """The error of a field that must be there."""
        return InvalidRecord("missing_field", f"{self.at(name)}: expected {expected}, got nothing")

    def wrong(self, name: str, expected: str, got: str) -> InvalidRecord:
        """The error of a field that holds something else."""
        return InvalidRecord("wrong_type", f"{self.at(name)}: expected {expected}, got {got}")

    def _first(self, names: tuple[str, ...]) -> tuple[str, object]:
        for name in names:
            value = self._fields.get(name)
            if value not in NOTHING_SAID:
                return name, value
        return names[0], None


def _number_in(text: str) -> float | None:
    if not NUMBER.fullmatch(text):
        return None
    number = float(text)
    if abs(number) < LARGEST_EXACT and text.lstrip("-").isdigit():
        return int(text)
    return number if isfinite(number) else None
