"""How often a measured value was how large, without keeping the values."""

from bisect import bisect_left
from typing import Final

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
AGES: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400)
"""Seconds that an answer may take, and much more: a backlog may be of any age."""
RECORDS: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)


class Histogram:
    """Counts values by the first of its bounds that they do not exceed."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """`bounds` ascend; what exceeds the last of them is counted as well."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """How many values each bound is the first for, and how many exceed all."""
        self.total: float = 0
        """The sum of the values."""

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def observe_ages(self, times: list[int], now: int) -> None:
        """Count how many seconds ago each of these times was; they are sorted in place.

        They are in epoch milliseconds, as is `now`. A time to come counts as now. Many cost little
        more than to be sorted, and that costs little where they nearly are already.
        """
        times.sort()
        younger = len(times)
        past = bisect_left(times, now)
        for index, bound in enumerate(self.bounds):
            within = bisect_left(times, now - 1000 * bound)
            self.counts[index] += younger - within
            younger = within
        self.counts[-1] += younger
        self.total += (past * now - sum(times[:past])) / 1000
