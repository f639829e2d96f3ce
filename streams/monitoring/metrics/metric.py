"""What a metric is: its name, what it says, the labels that it may have, and where it is read."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Final, Generic, Literal, NamedTuple, TypeVar

from streams.engine.telemetry.histogram import Histogram

Kind = Literal["counter", "gauge", "histogram"]
Values = (
    float
    | Histogram
    | Mapping[str, float]
    | Mapping[tuple[str, str], float]
    | Mapping[tuple[str, str, str], float]
)
"""One number or histogram, or numbers by the value of the label, or by those of all labels."""

Source = TypeVar("Source")

PREFIX: Final = "unhaunt_"
MOST_FROM_THE_START: Final = 2
"""Labels of a counter that is there before there is anything to count."""


class Label(NamedTuple):
    """What tells the values of a metric apart."""

    name: str
    meaning: str
    values: tuple[str, ...] = ()
    """All that it can be; empty where it is a text of which there is one at any time."""


class Metric(NamedTuple, Generic[Source]):
    """One entry of the catalogue."""

    name: str
    """As Prometheus has it, with its unit (and `_total`) at the end, but without the prefix."""
    kind: Kind
    unit: str
    meaning: str
    """One sentence for the operator."""
    read: Callable[[Source], Values]
    labels: tuple[Label, ...] = ()

    @property
    def full_name(self) -> str:
        """The name under which it is scraped."""
        return PREFIX + self.name

    def values(self, source: Source) -> Iterator[tuple[tuple[str, ...], float | Histogram]]:
        """What it is now, by the values of its labels.

        A counter by one or two labels is there from the start with all that they can be, so that
        the first of anything is seen as an increase; by more there would be too many.
        """
        found = self.read(source)
        if not isinstance(found, Mapping):
            yield (), found
            return
        numbers: dict[tuple[str, ...], float] = {}
        if self.kind == "counter" and len(self.labels) <= MOST_FROM_THE_START:
            numbers = dict.fromkeys(product(*(label.values for label in self.labels)), 0.0)
        for value, number in found.items():
            numbers[(value,) if isinstance(value, str) else value] = number
        yield from numbers.items()


def counter(
    name: str, unit: str, meaning: str, read: Callable[[Source], Values], *labels: Label
) -> Metric[Source]:
    """A metric that only grows, from 0 at the start of a worker."""
    return Metric(name, "counter", unit, meaning, read, labels)


def gauge(
    name: str, unit: str, meaning: str, read: Callable[[Source], Values], *labels: Label
) -> Metric[Source]:
    """A metric that goes up and down."""
    return Metric(name, "gauge", unit, meaning, read, labels)


def histogram(
    name: str, unit: str, meaning: str, read: Callable[[Source], Values], *labels: Label
) -> Metric[Source]:
    """A metric that says how often something was how large."""
    return Metric(name, "histogram", unit, meaning, read, labels)
