"""What the runbook tells people to do is there to be done."""

import math
import re

import pytest

from tests.bench.__main__ import NAMES
from tests.deploy.queries import labels_of
from tests.documents.pages import Page, section

pytestmark = pytest.mark.deploy

RUNBOOK = Page("deploy/runbook.md").text
BENCH = Page("tests/bench/measured.md").text


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\b(?:unhaunt|process)_\w+", RUNBOOK))))
def test_every_metric_that_is_named_is_told(name: str) -> None:
    assert labels_of(name) is not None


STANDBYS, REPLICAS = 1, 3
"""What the tables of sizing reckon with."""

# --- sizing --------------------------------------------------------------------------------------


def number_in(text: str, row: str) -> float:
    """The number in the second cell of the table's row that begins like this."""
    [found] = re.findall(rf"^\| (?:\*\w\* \| )?{re.escape(row)} \| ([\d,.]+)", text, re.MULTILINE)
    return float(found.replace(",", ""))


def test_sizing_rests_on_what_the_benchmark_states() -> None:
    for here, there in {
        "one worker, one core": "one worker",
        "restoring": "restoring a state from the changelog",
        "resident memory of a worker with a million persons": (
            "resident memory, a million persons on disk"
        ),
    }.items():
        assert number_in(RUNBOOK, here) == number_in(BENCH, there)


def test_the_example_of_sizing_is_what_the_formula_gives() -> None:
    rate, requests, persons = 1_010_000, 1_000_000, 200_000_000
    standbys, replicas, day = STANDBYS, REPLICAS, 86_400
    events = number_in(RUNBOOK, "one worker, one core")
    workers = math.ceil(rate / (events / 2))
    decisions = number_in(RUNBOOK, "a decision on its topic") * requests
    state = number_in(RUNBOOK, "a person in RocksDB") * persons
    changelog = number_in(RUNBOOK, "a person in the changelog") * persons
    memory = number_in(RUNBOOK, "resident memory of a worker with a million persons")
    for row, value in {
        "workers": workers,
        "partitions": 2 * workers,
        "memory": workers * memory / 1e3,
        "disk, all workers": state * (1 + standbys) * 2 / 1e9,
        "changelog": changelog * 1.1 * replicas / 1e9,
        "decisions": decisions * day * replicas / 1e12,
        "written to decisions, before replication": decisions / 1e6,
        "restoring one worker's share": persons / workers / number_in(RUNBOOK, "restoring"),
    }.items():
        assert number_in(RUNBOOK, row) == pytest.approx(value, rel=0.02)


@pytest.mark.parametrize(
    "row", Page("deploy/runbook.md").table("events a second"), ids=lambda r: r[0]
)
def test_the_size_by_load_is_what_the_formulas_give(row: list[str]) -> None:
    rate, requests, persons, lists, *shown = (float(re.sub("[^0-9.]", "", cell)) for cell in row)
    events = number_in(RUNBOOK, "one worker, one core")
    workers = max(2, math.ceil(rate / (events / 2)))
    memory = number_in(RUNBOOK, "resident memory of a worker with a million persons")
    state = number_in(RUNBOOK, "a person in RocksDB") * persons
    changelog = number_in(RUNBOOK, "a person in the changelog") * persons
    one = "one process, interpreted, ten candidates a request: processor time"
    services = math.ceil(requests * number_in(RUNBOOK, one) / 1e6 / 0.5) + 1
    each = 100e6 + lists * number_in(RUNBOOK, "a list of 511 bytes, in memory") * 1.3
    assert shown == pytest.approx(
        [
            workers,
            workers * memory / 1e3,
            state * (1 + STANDBYS) * 2 / 1e9,
            changelog * 1.1 * REPLICAS / 1e9,
            services,
            each / 1e9,
        ],
        rel=0.12,
    )


def test_sizing_names_benchmarks_that_there_are() -> None:
    printed = re.findall(r"\| `(\w+)` \|$", section(RUNBOOK, "Sizing"), re.MULTILINE)
    assert set(printed) <= set(NAMES)
