"""What an adapter left out, corrected or derived: never silently, and for nothing where it is not.

A note names the field in the sender's own words, with what was there. For a metric the words are
bounded: `Note.field` has no positions, and each format lists the fields that it may note.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeVar

from schemas.decoding import InvalidRecord
from schemas.problems import kind_of, quoted

Kind = Literal["left_out", "corrected", "derived"]
KINDS: Final[tuple[Kind, ...]] = ("left_out", "corrected", "derived")
"""Nothing counts in its place; something else does; nothing was there and something else counts."""

Part = TypeVar("Part")
Found = TypeVar("Found")

OTHER: Final = "other"
"""Stands for a field that is on no list."""

OWN_TIME: Final = "the record's own time"

POSITION: Final = re.compile(r"\[[^\]]*\]|\.\d+(?=\.|$)")


class Note(NamedTuple):
    """One thing of a record that was not read as it stands there."""

    kind: Kind
    path: str
    """The field in the sender's own words, such as `properties.products[1].price`."""
    got: str
    """What was there, in words."""
    became: str | None = None
    """What counts instead, in words; None where nothing does."""

    @property
    def field(self) -> str:
        """The path without positions, such as `properties.products.price`."""
        return POSITION.sub("", self.path)

    def __str__(self) -> str:
        read_as = "left out" if self.became is None else f"read as {self.became}"
        return f"{self.path}: got {self.got}, {read_as}"


NO_NOTES: Final[Sequence[Note]] = ()

Observer = Callable[[str, Sequence[Note]], object]
"""Called once for each record of a topic in another format: with the format that the record has,
and with the notes on it. There are none on a record that was refused or ignored.
"""


def labels(*fields: str) -> Mapping[str, str]:
    """The fields that a format may note, by how `label_of` looks them up."""
    return {_squashed(field): field for field in fields}


def label_of(field: str, known: Mapping[str, str]) -> str:
    """A field as the value of a metric's label: itself or what it is part of, in one spelling."""
    while field and _squashed(field) not in known:
        field = field.rpartition(".")[0]
    return known[_squashed(field)] if field else OTHER


def _squashed(field: str) -> str:
    return field.replace("_", "").lower()


def in_words(value: object) -> str:
    """A text or a number as it is, and of anything else its kind."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return "nothing" if value is None else kind_of(value)


class Reading:
    """What the parts of one record share while it is read."""

    __slots__ = ("consent_category", "notes", "timestamp")

    def __init__(self, timestamp: int = 0, consent_category: str = "") -> None:
        self.timestamp = timestamp
        """The record's own time, in epoch milliseconds: the measure of what is plausible."""
        self.consent_category = consent_category
        """The category of consent that stands for personalised ads."""
        self.notes: list[Note] = []

    def kept(self, parts: Iterable[Part], read: Callable[[Part], Sequence[Found]]) -> list[Found]:
        """What parts of the record come to; one that cannot be read is left out.

        Raises the first `InvalidRecord` where nothing else is left.
        """
        found: list[Found] = []
        first: InvalidRecord | None = None
        for part in parts:
            try:
                found += read(part)
            except InvalidRecord as refused:
                first = first or refused
                path, _, words = refused.detail.partition(": ")
                note = Note("left_out", path, words.rpartition(", got ")[2])
                if note not in self.notes:  # what is asked for more than once
                    self.notes.append(note)
        if first is not None and not found:
            raise first
        return found

    def beside(
        self,
        sure: Sequence[Found],
        parts: Iterable[Part],
        read: Callable[[Part], Sequence[Found]],
    ) -> list[Found]:
        """The same, and what is sure without them, which is left even if none can be read."""
        return self.kept((*parts, None), lambda part: sure if part is None else read(part))
