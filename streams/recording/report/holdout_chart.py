"""The chart of a report that compares the holdout with the others."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from streams.recording.report.axes import BARE
from streams.recording.report.drawing import NARROW, Chart, Spec

THICK: Final = 30
"""The height of a line of the chart, in pixels."""


def holdout_chart(holdout: Mapping[str, Any]) -> Chart:
    """The share of buyers in the holdout and outside, with intervals."""
    rows = list(_shares(holdout))
    y: Spec = {
        "field": "who",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": BARE,
    }
    colour: Spec = {
        "field": "group",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": ["holdout", "others"], "range": ["var(--held_out)", "var(--stopped)"]},
    }

    def spec(width: int) -> Spec:
        x: Spec = {
            "type": "quantitative",
            "scale": {"zero": True},
            "title": "share of the persons that bought",
            "axis": {"format": "~%", "tickCount": 6 if width > NARROW else 3},
        }
        return {
            "height": {"step": THICK},
            "data": {"values": rows},
            "layer": [
                {
                    "mark": {"type": "rule", "strokeWidth": 3},
                    "encoding": {
                        "y": y,
                        "x": {"field": "low", **x},
                        "x2": {"field": "high"},
                        "color": colour,
                    },
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
                    "encoding": {"y": y, "x": {"field": "share", **x}, "color": colour},
                },
            ],
        }

    values = "; ".join(
        f"{row['who']}: {row['share']:.1%} ({row['low']:.1%} to {row['high']:.1%})" for row in rows
    )
    return Chart("holdout", "Who bought, in the holdout and outside it", f"Points: {values}.", spec)


def _shares(holdout: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for outcome, what in (("bought_the_same", "its product"), ("bought_anything", "anything")):
        for group in ("holdout", "others"):
            share = holdout[outcome][group]["share"]
            yield {
                "who": f"{what}, {group}",
                "group": group,
                "share": share["estimate"],
                "low": share["low"],
                "high": share["high"],
            }
