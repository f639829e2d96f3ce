"""Counts of what adapters left out, corrected or derived, with a few examples of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from schemas.adapters.formats import label
from schemas.adapters.notes import Note

MOST_EXAMPLES: Final = 3

Key = tuple[str, str, str]
"""A format, a field and a kind."""


@dataclass(slots=True)
class NoteCounts:
    """Notes by format, field and kind. The examples are the first ones by position, each once."""

    counts: Counter[Key] = field(default_factory=Counter)
    _examples: dict[Key, dict[str, int]] = field(default_factory=dict)
    """By the words of an example the first position where it was seen."""

    def add(self, format_name: str, notes: Sequence[Note], position: int) -> None:
        """Count the notes on the record at a position of the recording."""
        for note in notes:
            key = (format_name, label(format_name, note), note.kind)
            self.counts[key] += 1
            self._keep(key, str(note), position)

    def ranked(self) -> list[dict[str, Any]]:
        """What was noted, the most frequent first, as plain JSON data."""
        return [
            {
                "format": format_name,
                "field": name,
                "kind": kind,
                "count": count,
                "examples": [
                    {"record": position + 1, "note": words}
                    for words, position in self._examples[format_name, name, kind].items()
                ],
            }
            for (format_name, name, kind), count in sorted(
                self.counts.items(), key=lambda item: (-item[1], item[0])
            )
        ]

    def __add__(self, other: Self) -> Self:
        made = type(self)()
        made.counts = self.counts + other.counts
        for counted in (self, other):
            for key, examples in counted._examples.items():
                for words, position in examples.items():
                    made._keep(key, words, position)
        return made

    def _keep(self, key: Key, words: str, position: int) -> None:
        examples = self._examples.setdefault(key, {})
        if len(examples) == MOST_EXAMPLES and position >= max(examples.values()):
            return
        examples[words] = min(position, examples.get(words, position))
        first = sorted(examples.items(), key=lambda item: (item[1], item[0]))[:MOST_EXAMPLES]
        self._examples[key] = dict(first)
