"""What every part of the analysis has in common: counters that can be added up."""

from typing import Any, Self


class Part:
    """Answers one question by counting. Public attributes are `Counter`s.

    What a part has to remember of persons to count is private: it stays with the process that
    has these persons, and is neither pickled nor merged.
    """

    def merge(self, other: Self) -> None:
        """Add the counts of other people."""
        for name, counter in other.__getstate__().items():
            getattr(self, name).update(counter)

    def __getstate__(self) -> dict[str, Any]:
        """The counters alone."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}
