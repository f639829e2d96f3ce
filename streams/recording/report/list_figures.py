"""Figures on how the lists grow and shrink, in steps of time that make a chart of them."""

from collections import Counter
from itertools import accumulate
from typing import Any, Final

from streams.recording.report.list_changes import HOUR, ListChanges

MOST_STEPS: Final = 45
STEPS: Final = (1, 2, 3, 6, 12, 24, 48, 168, 336)
"""Lengths of a step in hours: up to two weeks."""

MONDAY: Final = 96
"""Hours since the epoch, which was a Thursday: weeks begin here."""


def list_figures(changes: ListChanges, last: int | None) -> dict[str, Any]:
    """What came and went in each step, and what stood at its end; nothing after the last event."""
    if last is None or not changes.added:
        return {"step_hours": None, "steps": []}
    end = last // HOUR
    start = min(changes.added)
    length = _step(end - start + 1)
    first = _begin(start, length)
    count = (end - first) // length + 1

    def by_step(counted: Counter[int]) -> list[int]:
        found = [0] * count
        for hour, amount in counted.items():
            if hour <= end:
                found[(hour - first) // length] += amount
        return found

    added, ended, undone = (
        by_step(each) for each in (changes.added, changes.ended, changes.undone)
    )
    net = (came - over - gone for came, over, gone in zip(added, ended, undone, strict=True))
    columns = zip(
        added, ended, undone, accumulate(net), accumulate(by_step(changes.persons)), strict=True
    )
    return {
        "step_hours": length,
        "steps": [
            {
                "begins": (first + number * length) * HOUR,
                "added": came,
                "ended": over,
                "undone": gone,
                "entries": entries,
                "persons": persons,
            }
            for number, (came, over, gone, entries, persons) in enumerate(columns)
        ],
    }


def _step(hours: int) -> int:
    """The shortest length of which not too many are needed."""
    for length in STEPS:
        if hours <= length * MOST_STEPS:
            return length
    return -(-hours // (MOST_STEPS * STEPS[-1])) * STEPS[-1]


def _begin(hour: int, length: int) -> int:
    """Where the step of an hour begins: on the hour, the day or a Monday."""
    offset = MONDAY if length % 168 == 0 else 0
    return (hour - offset) // length * length + offset
