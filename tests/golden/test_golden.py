"""The stories of `tests/golden` come out as they always did."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest

from tests import oracle
from tests.golden.cases import CASES, outcome

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def lines(content: bytes) -> list[dict]:
    return [orjson.loads(line) for line in content.splitlines()]


@each_case
@pytest.mark.parametrize("name", ["decisions.jsonl", "lists.jsonl"])
def test_a_story_comes_out_as_it_is_written_down(case: Path, name: str) -> None:
    assert lines(outcome(case)[name]) == lines((case / name).read_bytes())


@each_case
def test_what_is_written_down_is_what_a_plain_recomputation_says(case: Path) -> None:
    recording = lines((case / "recording.jsonl").read_bytes())
    expected = oracle.run(recording, tomllib.loads((case / "policy.toml").read_text()))
    assert lines((case / "decisions.jsonl").read_bytes()) == expected.decisions
    written = lines((case / "lists.jsonl").read_bytes())
    assert that_stand(written) == that_stand(expected.lists.values())


def that_stand(lists: Iterable[dict | None]) -> list[dict]:
    """The lists that say anything: what is empty in a backtest is null in the oracle."""
    standing = [each for each in lists if each and (each["entries"] or each["granted"])]
    return sorted(standing, key=lambda each: each["user_id"])


def test_there_are_stories() -> None:
    assert len(CASES) == 3
