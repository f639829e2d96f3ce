"""The charts of a report whose bars lie, each with a name."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from streams.recording.report.axes import BARE, OUTCOME_COLOURS, whole_numbers
from streams.recording.report.drawing import NARROW, Chart, Spec
from streams.recording.report.words import OUTCOME_WORDS, between, named
from streams.suppression.words import SCOPES

BAR: Final = 24
"""The height of a bar, in pixels."""

LONGEST_NAMES: Final = (200, 125)
"""So many pixels of a name are shown, in a wide chart and in a narrow one."""


def reasons_chart(reasons: Sequence[Mapping[str, Any]]) -> Chart:
    """What was stopped, by reason and scope."""
    stopped: dict[str, int] = {}
    for each in reasons:
        stopped[each["reason"]] = stopped.get(each["reason"], 0) + each["stopped"]
    order = sorted((reason for reason in stopped if stopped[reason]), key=lambda r: -stopped[r])
    rows = [
        {
            "bar": order.index(each["reason"]),
            "part": each["scope"],
            "amount": each["stopped"],
            "rank": SCOPES.index(each["scope"]),
        }
        for each in reasons
        if each["stopped"]
    ]
    scopes = [scope for scope in SCOPES if any(row["part"] == scope for row in rows)]
    colours = [f"var(--scope-{SCOPES.index(scope)})" for scope in scopes]
    return Chart(
        "reasons",
        "Ads stopped, by reason and scope",
        f"Bars, by reason: {', '.join(f'{reason} {stopped[reason]:,}' for reason in order)}.",
        lambda width: _bars(rows, order, "ads", {"scale": _scale(scopes, colours)}, width),
    )


def times_chart(effect: Mapping[str, Any]) -> Chart:
    """How long orders and rejections took to stop an ad."""
    groups = ("orders", "rejections")
    lengths = [between(each["from"], each["to"]) for each in effect["orders"]["by_seconds"]]
    rows = [
        {"bar": bar, "part": group, "amount": each["count"], "rank": rank}
        for rank, group in enumerate(groups)
        for bar, each in enumerate(effect[group]["by_seconds"])
    ]
    colours = {"scale": _scale(groups, ["var(--scope-0)", "var(--scope-2)"])}
    values = "; ".join(
        f"{length}: {sum(row['amount'] for row in rows if row['bar'] == bar):,}"
        for bar, length in enumerate(lengths)
    )
    return Chart(
        "times",
        "Time from an order or a rejection to the first request where it stopped an ad",
        f"Bars, by time: {values}.",
        lambda width: _bars(rows, lengths, "orders and rejections", colours, width),
    )


def names_chart(kind: str, names: Sequence[Mapping[str, Any]]) -> Chart:
    """The categories, brands or sites of most of the ads that followed people."""
    full = [named(each["name"]) for each in names]
    rows = [
        {"bar": bar, "part": words, "amount": each["followed"][outcome], "rank": rank}
        for bar, each in enumerate(names)
        for rank, (outcome, words) in enumerate(OUTCOME_WORDS.items())
        if each["followed"][outcome]
    ]
    values = ", ".join(
        f"{name} {each['followed']['all']:,}" for name, each in zip(full, names, strict=True)
    )
    return Chart(
        f"most-{kind}",
        f"Ads that would have followed people, by {kind}",
        f"Bars, the most first: {values}.",
        lambda width: _bars(rows, full, "ads", OUTCOME_COLOURS, width),
    )


def _bars(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], unit: str, colours: Spec, width: int
) -> Spec:
    """Bars by number, since two long names may look the same when they are cut."""
    most = max(sum(row["amount"] for row in rows if row["bar"] == bar) for bar in range(len(names)))
    return {
        "height": {"step": BAR},
        "data": {"values": rows},
        "params": [{"name": "names", "value": [_label(name) for name in names]}],
        "mark": "bar",
        "encoding": {
            "y": {
                "field": "bar",
                "type": "ordinal",
                "title": None,
                "axis": {
                    **BARE,
                    "labelExpr": "names[datum.value]",
                    "labelLimit": LONGEST_NAMES[width == NARROW],
                },
            },
            "x": {
                "field": "amount",
                "type": "quantitative",
                "title": unit,
                "axis": whole_numbers(0, most, 3 if width == NARROW else 6),
            },
            "color": {"field": "part", "type": "nominal", **colours},
            "order": {"field": "rank"},
        },
    }


def _label(name: str) -> str:
    """A name that Vega can cut: it would cut characters beyond 16 bits in two, and fail."""
    return "".join(each if each <= "\uffff" else "\N{REPLACEMENT CHARACTER}" for each in name)


def _scale(parts: Sequence[str], colours: Sequence[str]) -> Spec:
    return {"domain": parts, "range": colours}
