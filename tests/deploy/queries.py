"""What the dashboard and the alert rules ask Prometheus for."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson
import promql_parser as promql
import yaml

from streams.monitoring.metrics.catalogue import METRICS
from streams.monitoring.metrics.metric import Metric
from streams.supervision.metrics import UNIT
from streams.view.metrics import METRICS as SERVING
from tests.deploy.paths import DEPLOY

DASHBOARD: Final = DEPLOY / "grafana" / "dashboards" / "unhaunt.json"
RULES: Final = DEPLOY / "prometheus" / "rules" / "unhaunt.yml"

VARIABLES: Final = {"$__rate_interval": "1m", "$job": ".*unhaunt.*"}
"""What Grafana puts into queries, with something to try them with."""

SCRAPED: Final = frozenset({"instance", "job", "worker"})
"""Labels that every sample may have: those of the scrape, and the process of a unit."""
OTHERS: Final = {
    "up": set[str](),
    "ALERTS": {"alertname", "alertstate", "severity", "instance", "topic"},
    **{
        f"process_{name}": set[str]()
        for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds")
    },
}
"""Metrics of Prometheus itself and of any process, with their labels."""


class Panel(NamedTuple):
    """One of the dashboard."""

    title: str
    description: str
    queries: list[str]
    legends: list[str]


def dashboard() -> dict[str, Any]:
    """The dashboard, as Grafana reads it."""
    read: dict[str, Any] = orjson.loads(DASHBOARD.read_bytes())
    return read


def panels() -> list[Panel]:
    """All panels that ask for something, their queries ready to be asked."""
    return [
        Panel(
            panel["title"],
            panel.get("description", ""),
            [_filled_in(target["expr"]) for target in panel["targets"]],
            [target["legendFormat"] for target in panel["targets"]],
        )
        for panel in dashboard()["panels"]
        if panel["type"] != "row"
    ]


def alerts() -> list[dict[str, Any]]:
    """All alert rules."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _filled_in(query: str) -> str:
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    return query


class Asked(NamedTuple):
    """What a query asks for."""

    selectors: list[tuple[str, list[tuple[str, str, str]]]]
    """The metrics by name, each with its conditions: label, operator and value."""
    groupings: set[str]
    """Labels by which it adds up or brings together."""


def asked(query: str) -> Asked:
    """What a query asks for. Raises `ValueError` for what is no PromQL."""
    found = Asked([], set())

    def visit(node: Any) -> None:
        if isinstance(node, promql.VectorSelector):
            conditions = [(m.name, str(m.op), m.value) for m in node.matchers.matchers]
            found.selectors.append((node.name, conditions))
        modifier = getattr(node, "modifier", None)
        for labels in (modifier, getattr(modifier, "matching", None)):
            found.groupings.update(getattr(labels, "labels", None) or ())

    promql.walk(promql.parse(query), visit)
    return found


def unknown(query: str) -> Iterator[str]:
    """Metrics, labels and values of labels that a query asks for and that there are not."""
    selectors, groupings = asked(query)
    known = {*SCRAPED}
    for name, conditions in selectors:
        labels = labels_of(name)
        if labels is None:
            yield name
            continue
        known |= labels.keys()
        for label, operator, value in conditions:
            if label in SCRAPED:
                continue
            if label not in labels:
                yield f"{name}: {label}"
            elif labels[label]:
                values = value.split("|") if operator == "MatchOp.Re" else [value]
                yield from (f"{name}: {label}={v}" for v in values if v not in labels[label])
    yield from (f"by {label}" for label in groupings - known)


def labels_of(sample: str) -> dict[str, tuple[str, ...]] | None:
    """The labels of a sample by its name, with their values; None where nobody tells it.

    Where there are no values the label can be any text.
    """
    if sample in OTHERS:
        return dict.fromkeys(OTHERS[sample], ())
    metrics: tuple[Metric[Any], ...] = (*METRICS, *UNIT, *SERVING)
    for metric in metrics:
        labels = {label.name: label.values for label in metric.labels}
        if metric.kind != "histogram" and sample == metric.full_name:
            return labels
        if metric.kind == "histogram":
            parts = re.fullmatch(rf"{metric.full_name}_(bucket|sum|count)", sample)
            if parts:
                return labels | ({"le": ()} if parts[1] == "bucket" else {})
    return None
