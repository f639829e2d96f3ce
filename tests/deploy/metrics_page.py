"""Write deploy/metrics.md from the catalogue: `python -m tests.deploy.metrics_page`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from streams.monitoring.metrics.catalogue import DECISIONS, PROGRESS, RECORDS, STATE
from streams.monitoring.metrics.metric import Label, Metric
from streams.supervision.metrics import UNIT
from streams.view.metrics import METRICS as SERVING

PAGE: Final = Path(__file__).parents[2] / "deploy" / "metrics.md"

SECTIONS: Final[dict[str, Sequence[Metric[Any]]]] = {
    "Records": RECORDS,
    "Decisions": DECISIONS,
    "Progress": PROGRESS,
    "Group and state": STATE,
    "Units of several processes": UNIT,
    "The service for ad servers": SERVING,
}

_HEAD: Final = """\
# Metrics

What a worker tells at `/metrics`, if `UNHAUNT_HTTP_PORT` says where, and, in the last section, what
`unhaunt serve` tells at its own. Written by
`python -m tests.deploy.metrics_page` from
[the catalogue](../streams/monitoring/metrics/catalogue.py) and
[that of the service](../streams/view/metrics.py); do not edit.

- Counters begin at 0 when a process starts: use `rate` and `increase`.
- What is said by topic says it for the partitions that the worker has now.
- Several `--processes` have one port. What their workers say has a label `worker` there, beside
  those that the tables name; a worker that does not answer at the moment is missing.
- Memory, processor time and open files of a process have their usual names (`process_…`).
- Times are event times, which are as old as the events: while a backlog is worked off, so are the
  answers.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_sections(), "## Labels\n", *_labels(), ""])


def _sections() -> Iterator[str]:
    for title, metrics in SECTIONS.items():
        yield f"## {title}\n"
        yield "| metric | type | unit | labels | what it says |"
        yield "|---|---|---|---|---|"
        for metric in metrics:
            labels = ", ".join(f"`{label.name}`" for label in metric.labels)
            yield (
                f"| `{metric.full_name}` | {metric.kind} | {metric.unit} | {labels} "
                f"| {metric.meaning} |"
            )
        yield ""


def _labels() -> Iterator[str]:
    yield "| label | of | meaning | values |"
    yield "|---|---|---|---|"
    users: dict[Label, list[str]] = {}
    for metrics in SECTIONS.values():
        for metric in metrics:
            for label in metric.labels:
                users.setdefault(label, []).append(f"`{metric.full_name}`")
    for label, names in users.items():
        values = ", ".join(f"`{value}`" for value in label.values)
        yield f"| `{label.name}` | {', '.join(names)} | {label.meaning} | {values} |"


if __name__ == "__main__":
    PAGE.write_text(page())
