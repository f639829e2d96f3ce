"""What is expected of a case is read as it was written, and no difference goes unnoticed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.outputs import Decision, SuppressionList
from streams.recording import golden
from streams.recording.differences import differences
from streams.recording.golden import Case, Outcome
from streams.suppression import policy_document
from streams.suppression.policy import Policy
from tests.oracle.generate import random_recording

often = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def make_case(folder: str, seed: int) -> tuple[Case, dict[str, Any]]:
    """A random recording as a case, and the tables of the random policy that belongs to it."""
    lines, tables = random_recording(seed)
    recording = Path(folder) / "recording.jsonl"
    recording.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    [case] = golden.find_cases(Path(folder))
    return case, tables or {}


def policy(tables: Mapping[str, Any]) -> Policy:
    return Policy(policy_document.complete(tables))


def without_versions(outcome: Outcome) -> list[Sequence[Decision] | Sequence[SuppressionList]]:
    return [[msgspec.structs.replace(each, policy="") for each in side] for side in outcome]


@often
@given(seeds)
def test_what_is_written_is_what_is_expected_from_then_on(seed: int) -> None:
    with TemporaryDirectory() as folder:
        case, tables = make_case(folder, seed)
        got = golden.outcome(case, policy(tables))
        assert golden.write(case, got)
        assert golden.expected(case) == got
        assert not golden.write(case, got)


@often
@given(seeds)
def test_a_table_of_a_policy_makes_a_difference_in_words_where_it_makes_one(seed: int) -> None:
    with TemporaryDirectory() as folder:
        case, tables = make_case(folder, seed)
        with_all = golden.outcome(case, policy(tables))
        for name in tables:
            others = {other: table for other, table in tables.items() if other != name}
            without = golden.outcome(case, policy(others))
            is_same = without_versions(with_all) == without_versions(without)
            assert (list(differences(with_all, without)) == []) == is_same
