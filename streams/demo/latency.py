"""How long something takes, from many times that were measured."""

from collections.abc import Iterable
from typing import NamedTuple, Self


class Latency(NamedTuple):
    """Percentiles in milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Self | None:
        """The percentiles of measured times; None when there are none."""
        ordered = sorted(seconds)
        if not ordered:
            return None
        return cls(*(1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99)))
