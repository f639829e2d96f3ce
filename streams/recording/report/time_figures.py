"""Figures on how long an order or a rejection takes to stop an ad."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from streams.recording.report.effect import Effect

UP_TO: Final = (60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000, None)
"""Seconds; the last has no end."""

LEAKS: Final = ((0, 0), (1, 1), (2, 2), (3, 5), (6, 10), (11, None))
"""How many ads may leak, from and to; the last has no end."""

_GROUPS: Final = {"orders": ("purchases",), "rejections": ("dismissals", "preferences")}


def effect_figures(effect: Effect) -> dict[str, Any]:
    """By orders and rejections: how many stopped an ad, after how long, and what leaked."""
    made: dict[str, Any] = {}
    for group, kinds in _GROUPS.items():
        seconds = _of(effect.seconds, kinds)
        leaks = _of(effect.leaks, kinds)
        made[group] = {
            "all": sum(effect.objections[kind] for kind in kinds),
            "that_stopped_an_ad": seconds.total(),
            "median_seconds": middle(seconds),
            "by_seconds": _by_length(seconds),
            "ads_leaked": sum(effect.leaked[kind] for kind in kinds),
            "by_ads_leaked": [
                {"from": low, "to": high, "count": _between(leaks, low, high)}
                for low, high in LEAKS
            ],
        }
    return made


def _of(counted: Mapping[tuple[str, int], int], kinds: tuple[str, ...]) -> Counter[int]:
    found: Counter[int] = Counter()
    for (kind, length), count in counted.items():
        if kind in kinds:
            found[length] += count
    return found


def _by_length(seconds: Counter[int]) -> list[dict[str, int | None]]:
    shown: list[dict[str, int | None]] = []
    low = 0
    for high in UP_TO:
        count = _between(seconds, low, None if high is None else high - 1)
        shown.append({"from": low, "to": high, "count": count})
        low = high or low
    return shown


def _between(counted: Counter[int], low: int, high: int | None) -> int:
    return sum(
        count
        for length, count in counted.items()
        if low <= length and (high is None or length <= high)
    )


def middle(counted: Counter[int]) -> int | None:
    """The median (of an even number the lower of the two in the middle); None without any."""
    left = (counted.total() + 1) // 2
    for length in sorted(counted):
        left -= counted[length]
        if left <= 0:
            return length
    return None
