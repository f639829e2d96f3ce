"""From a chart's description to what stands in the page: SVG without a script, in two widths.

Colours and the font are those of the page (`page.css`): a colour is the name of a variable there,
so one drawing serves light and dark.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Any, Final, NamedTuple

import vl_convert

WIDE: Final = 760
NARROW: Final = 300
"""Widths in pixels, axes included. The page shows one or the other."""

FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"

Spec = dict[str, Any]
"""A chart in Vega-Lite."""

_CONFIG: Final[Spec] = {
    "aria": False,  # the drawing is one picture with one description
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--line)",
        "gridColor": "var(--grid)",
        "labelColor": "var(--ink)",
        "labelFlush": False,
        "labelFontSize": 12,
        "tickColor": "var(--line)",
        "titleColor": "var(--ink)",
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "legend": {
        "labelColor": "var(--ink)",
        "labelFontSize": 12,
        "labelLimit": 0,
        "orient": "top",
        "symbolType": "square",
        "title": None,
    },
    "text": {"color": "var(--ink)", "fontSize": 12},
    "rule": {"color": "var(--ink)"},
}

_ROLES: Final = re.compile(r' (?:role="graphics-[a-z]+"|aria-roledescription="[a-z ]*")')
"""What Vega says of the parts of a drawing, which for us has none."""


class Chart(NamedTuple):
    """A picture and its words."""

    name: str
    """Unique within the page."""
    title: str
    description: str
    """What is to be seen, for who does not see it."""
    spec: Callable[[int], Spec]
    """The chart but for its width, given how wide it will be."""


def drawn(chart: Chart) -> str:
    """Both drawings of a chart, as HTML; the page shows the one that fits."""
    return "".join(
        f'<div class="{name}">{_svg(chart, name, width)}</div>'
        for name, width in (("wide", WIDE), ("narrow", NARROW))
    )


def _svg(chart: Chart, name: str, width: int) -> str:
    columns = {} if width == WIDE else {"columns": 2}
    spec = {
        "config": {**_CONFIG, "legend": {**_CONFIG["legend"], **columns}},
        "width": width,
        "autosize": {"type": "fit-x", "contains": "padding"},
        **chart.spec(width),
    }
    svg: str = vl_convert.vegalite_to_svg(spec, vl_version="5.20")
    named = f"{chart.name}-{name}"
    opening = f'<svg role="img" aria-labelledby="{named}-title" aria-describedby="{named}-text" '
    words = (
        f'<title id="{named}-title">{escape(chart.title)}</title>'
        f'<desc id="{named}-text">{escape(chart.description)}</desc>'
    )
    svg = _ROLES.sub("", svg)
    return re.sub(r"<svg ([^>]*)>", lambda found: f"{opening}{found[1]}>{words}", svg, count=1)
