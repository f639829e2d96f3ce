"""What a benchmark finds: figures, beside those that the design wants to be reached."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tests.kafka.cluster import KafkaCluster


class Goal(NamedTuple):
    """What a figure is to reach."""

    at_least: float
    aim: float

    @property
    def is_more_better(self) -> bool:
        """Whether more is better; a figure that is to stay small aims at less."""
        return self.aim > self.at_least

    def verdict(self, value: float) -> str:
        """How far a figure gets: "aim", "at least", or "missed"."""
        sign = 1 if self.is_more_better else -1
        if sign * value >= sign * self.aim:
            return "aim"
        return "at least" if sign * value >= sign * self.at_least else "missed"


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    """What was measured: a sentence's worth, unique within its benchmark."""
    value: float
    unit: str
    """Such as events/s, ms, s, MB, or x for a ratio."""
    goal: Goal | None = None


class Bench(NamedTuple):
    """What every benchmark is given."""

    kafka: KafkaCluster
    """One broker for the whole run."""
    folder: Path
    """Of this benchmark alone; gone after the run."""
    output: Path
    """Where it may leave something for people to look at, such as a flame graph."""
    scale: float
    """How large the work is: 1 for figures to publish, less for a smoke test."""
    rounds: int
    """How often contenders take turns; medians count."""


Measure = Callable[[Bench], Iterable[Figure]]
