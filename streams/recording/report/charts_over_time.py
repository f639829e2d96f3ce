"""The charts of a report that run along time or days."""

from collections.abc import Mapping, Sequence
from typing import Any

from streams.recording.report.axes import OUTCOME_COLOURS, whole_numbers
from streams.recording.report.drawing import NARROW, Chart, Spec
from streams.recording.report.following import DAYS
from streams.recording.report.list_changes import HOUR
from streams.recording.report.words import OUTCOME_WORDS, count, day
from streams.suppression.words import DAY


def days_chart(name: str, days: Sequence[Mapping[str, int]], event: str) -> Chart:
    """Ads by days before and after an order or a rejection."""
    rows = [
        {
            "day": each["day"],
            "next": each["day"] + 1,
            "outcome": words,
            "ads": each[outcome],
            "rank": rank,
        }
        for each in days
        for rank, (outcome, words) in enumerate(OUTCOME_WORDS.items())
        if each[outcome]
    ]
    highest = max(each["all"] for each in days)
    before, after = (
        sum(each["all"] for each in days if (each["day"] >= 0) is later) for later in (False, True)
    )

    def spec(width: int) -> Spec:
        bars: Spec = {
            "data": {"values": rows},
            "mark": {"type": "bar", "binSpacing": 1},
            "encoding": {
                "x": {
                    "field": "day",
                    "type": "quantitative",
                    "bin": {"binned": True, "step": 1},
                    "scale": {"domain": [-DAYS, DAYS], "nice": False},
                    "axis": {
                        "title": f"days before and after the {event}",
                        "values": list(range(-DAYS, DAYS + 1, 10 if width > NARROW else 15)),
                        "labelExpr": "datum.value ? format(datum.value, '+d') : '0'",
                        "grid": False,
                    },
                },
                "x2": {"field": "next"},
                "y": {
                    "field": "ads",
                    "type": "quantitative",
                    "title": "ads a day",
                    "axis": whole_numbers(0, highest, 6),
                },
                "color": {"field": "outcome", "type": "nominal", **OUTCOME_COLOURS},
                "order": {"field": "rank"},
            },
        }
        moment: Spec = {
            "data": {"values": [{"x": 0}]},
            "mark": {"type": "rule", "strokeDash": [4, 3]},
            "encoding": {"x": {"field": "x", "type": "quantitative"}},
        }
        return {"height": 220, "layer": [bars, moment]}

    return Chart(
        name,
        f"Ads by days before and after the {event}",
        f"Bars for each day from {DAYS} before to {DAYS} after the {event}: "
        f"{count(before, 'ad')} before it, {count(after, 'ad')} after it. The table has each day.",
        spec,
    )


def lists_chart(lists: Mapping[str, Any]) -> Chart:
    """What stands on the lists over time."""
    steps, length = lists["steps"], lists["step_hours"] * HOUR
    rows = [{"at": steps[0]["begins"], "entries": 0}]
    rows += [{"at": step["begins"] + length, "entries": step["entries"]} for step in steps]

    most = max(step["entries"] for step in steps)

    def spec(width: int) -> Spec:
        return {
            "height": 150,
            "data": {"values": rows},
            "mark": {
                "type": "area",
                "interpolate": "step-before",
                "color": "var(--stopped)",
                "fillOpacity": 0.35,
                "line": {"color": "var(--stopped)"},
            },
            "encoding": {
                "x": _time("at", lists, width),
                "y": {
                    "field": "entries",
                    "type": "quantitative",
                    "title": "entries standing",
                    "axis": whole_numbers(0, most, 4),
                },
            },
        }

    return Chart(
        "lists",
        "Entries that stand on people's lists, over time",
        f"A line from {day(steps[0]['begins'])} on: {steps[-1]['entries']:,} "
        f"in the end, {most:,} at most. The table has each step.",
        spec,
    )


def list_changes_chart(lists: Mapping[str, Any]) -> Chart:
    """What comes onto the lists and goes, over time."""
    steps, length = lists["steps"], lists["step_hours"] * HOUR
    rows = [
        {
            "begins": step["begins"],
            "ends": step["begins"] + length,
            "what": what,
            "entries": entries,
        }
        for step in steps
        for what, entries in (
            ("added", step["added"]),
            ("ended", -step["ended"]),
            ("undone", -step["undone"]),
        )
    ]

    highest = max(step["added"] for step in steps)
    lowest = -max(step["ended"] + step["undone"] for step in steps)

    def spec(width: int) -> Spec:
        return {
            "height": 150,
            "data": {"values": rows},
            "mark": {"type": "bar", "binSpacing": 1},
            "encoding": {
                "x": {"bin": {"binned": True}, **_time("begins", lists, width)},
                "x2": {"field": "ends"},
                "y": {
                    "field": "entries",
                    "type": "quantitative",
                    "title": "come, and gone (below 0)",
                    "axis": whole_numbers(lowest, highest, 5),
                },
                "color": {
                    "field": "what",
                    "type": "nominal",
                    "scale": {
                        "domain": ["added", "ended", "undone"],
                        "range": ["var(--stopped)", "var(--let_through)", "var(--leaked)"],
                    },
                },
            },
        }

    added, ended, undone = (
        sum(step[what] for step in steps) for what in ("added", "ended", "undone")
    )
    return Chart(
        "list-changes",
        "Entries that come onto people's lists and go, over time",
        f"Bars for each step of time; in all {added:,} added, {ended:,} ended and {undone:,} "
        "undone. The table has each step.",
        spec,
    )


def _time(field: str, lists: Mapping[str, Any], width: int) -> Spec:
    """The axis of time of the lists' steps."""
    begin = lists["steps"][0]["begins"]
    end = lists["steps"][-1]["begins"] + lists["step_hours"] * HOUR
    days = (end - begin) / DAY
    return {
        "field": field,
        "type": "temporal",
        "scale": {"type": "utc", "domain": [begin, end]},
        "title": "time (UTC)",
        "axis": {
            "grid": False,
            "tickCount": 8 if width > NARROW else 3,
            "labelOverlap": True,
            "format": "%H:%M" if days <= 1.5 else "%d %b" if days <= 300 else "%b %Y",
        },
    }
