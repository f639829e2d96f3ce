"""Confidence intervals of shares and of their differences.

Wilson's score interval for one share, and Newcombe's for the difference of two, which is built
from it (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10). Both keep within what is
possible and hold for small numbers too, where the usual normal approximation does not.
"""

from math import sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

CONFIDENCE: Final = 0.95
_Z: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


class Interval(NamedTuple):
    """An estimate and the bounds between which the truth lies, with `CONFIDENCE`."""

    estimate: float
    low: float
    high: float


def share(hits: int, total: int) -> Interval:
    """Of a total above zero, the share that was hit (0 to 1)."""
    observed = hits / total
    spread = _Z * _Z / total
    centre = (observed + spread / 2) / (1 + spread)
    margin = _Z * sqrt(observed * (1 - observed) / total + spread / total / 4) / (1 + spread)
    low = 0.0 if hits == 0 else centre - margin
    high = 1.0 if hits == total else centre + margin
    return Interval(observed, low, high)


def difference(one: Interval, other: Interval) -> Interval:
    """How much greater the one share is than the other (-1 to 1)."""
    estimate = one.estimate - other.estimate
    down = sqrt((one.estimate - one.low) ** 2 + (other.high - other.estimate) ** 2)
    up = sqrt((one.high - one.estimate) ** 2 + (other.estimate - other.low) ** 2)
    return Interval(estimate, estimate - down, estimate + up)
