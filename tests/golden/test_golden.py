"""The stories of `tests/golden` come out as they always did.

They are cases like those of any user: `unhaunt verify tests/golden` runs them, and after a change
of the rules `unhaunt verify tests/golden --update` writes anew what is expected; read the
difference. Together they show every rule of SPEC 4 and 5, but for the longest list, which is not
small.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import msgspec
import orjson
import pytest

from schemas.decoding import InvalidRecord, decode
from schemas.outputs import ErrorCode
from streams.recording import golden
from streams.recording.differences import differences
from streams.recording.files import RecordedRecord, read
from streams.recording.golden import Case
from streams.suppression.policy import Policy
from streams.suppression.words import REASONS, SCOPES
from tests import oracle

CASES = golden.find_cases(Path(__file__).parent)

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def policy_text(case: Case) -> str:
    return case.policy_file.read_text() if case.policy_file else ""


def lines(path: Path) -> list[dict]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@each_case
def test_a_story_comes_out_as_it_is_written_down(case: Case) -> None:
    got = golden.outcome(case, Policy.from_toml(policy_text(case)))
    expected = golden.expected(case)
    assert list(differences(expected, got)) == []
    assert got == expected


@each_case
def test_what_is_written_down_is_what_a_plain_recomputation_says(case: Case) -> None:
    expected = oracle.run(lines(case.recording), tomllib.loads(policy_text(case)))
    assert lines(case.folder / golden.DECISIONS) == expected.decisions
    written = lines(case.folder / golden.LISTS)
    assert non_empty(written) == non_empty(expected.lists.values())


def non_empty(lists: Iterable[dict | None]) -> list[dict]:
    """The lists that say anything: what is empty in a backtest is null in the oracle."""
    found = [each for each in lists if each and (each["entries"] or each["granted"])]
    return sorted(found, key=lambda each: each["user_id"])


# --- together they show everything ---------------------------------------------------------------

EXPECTED = [golden.expected(case) for case in CASES]
SUPPRESSED = [
    answer
    for outcome in EXPECTED
    for decision in outcome.decisions
    for answer in decision.suppressed
]
ENTRIES = [entry for outcome in EXPECTED for each in outcome.lists for entry in each.entries]

REASONS_OF_THE_REQUEST = {"sensitive", "followed_too_long", "inferred_interest", "too_soon"}


def test_every_reason_suppresses_something() -> None:
    assert {answer.reason for answer in SUPPRESSED} == set(REASONS)


def test_every_reason_that_comes_from_evidence_is_on_a_list() -> None:
    assert {entry.reason for entry in ENTRIES} == set(REASONS) - REASONS_OF_THE_REQUEST


def test_every_scope_suppresses_something() -> None:
    assert {answer.scope for answer in SUPPRESSED} == set(SCOPES)


def test_there_are_ghosts_grants_empty_lists_and_prices_that_may_lift() -> None:
    lists = [each for outcome in EXPECTED for each in outcome.lists]
    decisions = [each for outcome in EXPECTED for each in outcome.decisions]
    assert any(decision.ghosted for decision in decisions)
    assert any(each.granted for each in lists)
    assert any(not each.entries for each in lists)
    assert any(entry.price is not msgspec.UNSET for entry in ENTRIES)


def test_every_way_to_break_the_contract_but_by_size_is_there() -> None:
    codes = {error_code(record) for case in CASES for record in read([case.recording])}
    assert codes == {None, *get_args(ErrorCode)} - {"too_large"}


def error_code(record: RecordedRecord) -> str | None:
    try:
        if record.topic != "catalog":
            decode(record.topic, record.key, record.value, record.timestamp)
    except InvalidRecord as error:
        return error.code
    return None
