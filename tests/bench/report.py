"""Figures for people and for programs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure, Goal


def show(found: Mapping[str, Sequence[Figure]], machine: Mapping[str, str] | None = None) -> None:
    """Print a table, and what the figures were taken on."""
    console = Console(width=110)
    table = Table()
    for column in ("benchmark", "figure", "value", "at least", "aim", "reached"):
        table.add_column(column, justify="left" if column in ("benchmark", "figure") else "right")
    for bench, figures in found.items():
        for figure in figures:
            table.add_row(bench, figure.name, written(figure.value, figure.unit), *_goal(figure))
        table.add_section()
    console.print(table)
    for name, value in (machine or {}).items():
        console.print(f"{name}: {value}", highlight=False)


def written(value: float, unit: str) -> str:
    """A value with as many digits as it deserves."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}{'' if unit == 'x' else ' '}{unit}"


def write_json(path: Path, found: Mapping[str, Sequence[Figure]], machine: object) -> None:
    """Write all figures with their goals."""
    figures = [
        {
            "bench": bench,
            "name": figure.name,
            "value": figure.value,
            "unit": figure.unit,
            **_goal_fields(figure.goal, figure.value),
        }
        for bench, figures in found.items()
        for figure in figures
    ]
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    path.write_bytes(orjson.dumps({"machine": machine, "figures": figures}, option=options))


def _goal(figure: Figure) -> tuple[str, str, str]:
    if figure.goal is None:
        return "", "", ""
    at_least, aim = figure.goal
    return f"{at_least:,g}", f"{aim:,g}", figure.goal.verdict(figure.value)


def _goal_fields(goal: Goal | None, value: float) -> dict[str, object]:
    if goal is None:
        return {}
    return {"at_least": goal.at_least, "aim": goal.aim, "reached": goal.verdict(value)}
