"""Figures on what the holdout shows, with confidence intervals."""

from collections import Counter
from typing import Any

from streams.recording.report.holdout import IN_HOLDOUT, OTHERS, Holdout
from streams.recording.report.intervals import CONFIDENCE, Interval, difference, share
from streams.suppression.policy import Policy


def holdout_figures(counted: Holdout, policy: Policy) -> dict[str, Any]:
    """Both groups, and what came of the ads: of these products, and of any.

    `difference` is how much greater the share of buyers is in the holdout; `buyers_lost` the same
    in persons, if the others had been let see the ads as well. Both are null where a group is
    empty.
    """
    return {
        "percent": policy.document["holdout"]["percent"],
        "confidence": CONFIDENCE,
        "groups": {
            group: {
                "persons": counted.persons[group],
                "ads_stopped": counted.ads[group, False],
                "ads_let_through": counted.ads[group, True],
            }
            for group in (IN_HOLDOUT, OTHERS)
        },
        "bought_the_same": _outcome(counted.bought_again, counted.persons),
        "bought_anything": _outcome(counted.bought_anything, counted.persons),
    }


def _outcome(buyers: Counter[str], persons: Counter[str]) -> dict[str, Any]:
    shares = {
        group: share(buyers[group], persons[group]) if persons[group] else None
        for group in (IN_HOLDOUT, OTHERS)
    }
    made: dict[str, Any] = {
        group: {"buyers": buyers[group], "share": _bounds(found)} for group, found in shares.items()
    }
    held_out, others = shares[IN_HOLDOUT], shares[OTHERS]
    more = None if held_out is None or others is None else difference(held_out, others)
    lost = None if more is None else Interval(*(persons[OTHERS] * bound for bound in more))
    return {**made, "difference": _bounds(more), "buyers_lost": _bounds(lost)}


def _bounds(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else interval._asdict()
