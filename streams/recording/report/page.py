"""The report as a page: one HTML file that needs no network, no script, and no other file."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from streams.recording.report import words
from streams.recording.report.bar_charts import names_chart, reasons_chart, times_chart
from streams.recording.report.charts_over_time import (
    days_chart,
    list_changes_chart,
    lists_chart,
)
from streams.recording.report.drawing import Chart, drawn
from streams.recording.report.holdout_chart import holdout_chart
from streams.recording.sources import Progress
from streams.suppression.product_ids import looks_in_words
from streams.suppression.words import REASONS

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("streams.recording.report"),
    autoescape=True,  # names in a recording are anybody's
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {
    "between": words.between,
    "count": words.count,
    "day": words.day,
    "length_of_time": words.length,
    "looks": looks_in_words,
    "moment": words.moment,
    "money": words.money,
    "named": words.named,
    "number": words.number,
    "percent": words.percent,
    "points": words.points,
}


def page(
    figures: Mapping[str, Any], drawings: Sequence[Chart], progress: Progress | None = None
) -> str:
    """The page of these figures (see `streams.recording.report.figures`) with `charts_of` them.

    `progress` is called with each chart that is drawn.
    """
    style = _ENVIRONMENT.get_template("page.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    drawn_charts: dict[str, Markup] = {}
    for chart in drawings:
        drawn_charts[chart.name] = Markup(drawn(chart))  # drawn words are escaped there
        if progress is not None:
            progress(1)
    return _ENVIRONMENT.get_template("page.html").render(
        figures=figures,
        charts=drawn_charts,
        outcomes=words.OUTCOME_WORDS,
        reasons=_by_reason(figures),
        style=Markup(style),
        style_digest=digest,
    )


def charts_of(figures: Mapping[str, Any]) -> list[Chart]:
    """The charts for which there is something to draw."""
    followed, effect, lists = figures["followed"], figures["effect"], figures["lists"]
    made = []
    for kind, event in (("ordered", "first order"), ("rejected", "first rejection")):
        days = followed["by_days"][kind]
        if any(day["all"] for day in days):
            made.append(days_chart(f"days-{kind}", days, event))
    if any(each["stopped"] for each in figures["stopped"]["reasons"]):
        made.append(reasons_chart(figures["stopped"]["reasons"]))
    if any(effect[group]["that_stopped_an_ad"] for group in ("orders", "rejections")):
        made.append(times_chart(effect))
    if lists["steps"]:
        made += [lists_chart(lists), list_changes_chart(lists)]
    for kind, names in figures["follow_most"].items():
        if any(each["name"] is not None for each in names):
            made.append(names_chart(kind, names))
    if figures["holdout"]["bought_the_same"]["difference"] is not None:
        made.append(holdout_chart(figures["holdout"]))
    return made


def _by_reason(figures: Mapping[str, Any]) -> list[tuple[str, int]]:
    """How many ads each reason stopped, the most first."""
    stopped = dict.fromkeys(REASONS, 0)
    for each in figures["stopped"]["reasons"]:
        stopped[each["reason"]] += each["stopped"]
    return sorted(stopped.items(), key=lambda item: -item[1])
