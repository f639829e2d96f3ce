"""The conformance cases: written by the domain, about every rule, and passed by the view in Go."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from schemas.outputs import Decision, SuppressionList
from schemas.records import Product, Request
from streams.suppression.catalog import Catalog
from streams.suppression.decision import decide
from streams.suppression.policy import Policy
from streams.suppression.policy_document import DEFAULTS
from streams.suppression.words import CHANNELS, REASONS, SCOPES
from tests.builders import as_json, decided_by_copies, index_of, person_with, policy
from tests.conformance.__main__ import FOLDER, drifted, files, write
from tests.conformance.case import OF_A_VIEW, Case
from tests.conformance.rules import RULES

CASES = [case for rule in RULES for case in rule.cases]
GO = FOLDER.parent / "go"


def written() -> Iterator[dict[str, Any]]:
    for path in sorted(FOLDER.glob("*.json")):
        yield from orjson.loads(path.read_bytes())["cases"]


WRITTEN = list(written())


def copies(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The copies that a case gives: of one id, unless it is about several."""
    return case.get("copies") or [{"list": case["list"], "age": case["age"]}]


# --- written by the domain -----------------------------------------------------------------------


def test_the_cases_that_are_there_are_those_that_the_domain_writes() -> None:
    assert drifted(FOLDER) == []


def test_a_case_that_drifted_is_found_and_written_anew(tmp_path: Path) -> None:
    name, *_ = files()
    write(tmp_path)
    (tmp_path / name).write_text("{}")
    (tmp_path / "of-old.json").write_text("{}")
    assert drifted(tmp_path) == sorted([name, "of-old.json"])
    write(tmp_path)
    assert drifted(tmp_path) == []


UP_TO_DATE = [case for case in CASES if not case.age and case.held_by is None and not case.others]


@pytest.mark.parametrize("case", UP_TO_DATE, ids=lambda case: case.name)
def test_a_list_that_is_up_to_date_says_what_the_state_says(case: Case) -> None:
    rules, known = case.rules, case.known
    index = index_of(person_with(*case.events), rules, known)
    assert case.decision() == as_json(decide(case.request, index, rules, known))


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case["name"])
def test_a_case_is_passed_by_what_is_written_of_it_alone(case: dict[str, Any]) -> None:
    rules = policy(**case["policy"])
    known = Catalog()
    for product_id, fields in case["catalog"].items():
        known.put(product_id, msgspec.convert(fields, Product))
    request = msgspec.convert(case["request"], Request)
    assert decided_by_copies(request, copies(case), rules, known) == case["decision"]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case["name"])
def test_a_case_keeps_to_the_contract(case: dict[str, Any]) -> None:
    msgspec.convert(case["decision"], Decision)
    for copy in copies(case):
        msgspec.convert(copy["list"], SuppressionList | None)


def test_no_name_stands_for_two_cases_of_a_rule() -> None:
    for rule in RULES:
        names = Counter(case.name for case in rule.cases)
        assert names.most_common(1)[0][1] == 1, rule.name


# --- about every rule ----------------------------------------------------------------------------


def answers(where: str) -> list[dict[str, Any]]:
    return [answer for case in WRITTEN for answer in case["decision"][where]]


def test_there_are_some_hundred_of_them() -> None:
    assert len(WRITTEN) > 100


def test_every_reason_is_the_answer_of_a_case() -> None:
    assert {answer["reason"] for answer in answers("suppressed")} == set(REASONS)


def test_every_scope_is_the_answer_of_a_case() -> None:
    assert {answer["scope"] for answer in answers("suppressed")} == set(SCOPES)


def test_every_reason_of_a_list_is_lifted_by_a_stale_copy() -> None:
    opened = {
        reason
        for case in WRITTEN
        for reason, table in case["policy"]["stale"].items()
        if table != DEFAULTS["stale"][reason] and table["fails"] == "open"
        if case["decision"]["allowed"] and copies(case)[0]["age"] >= table["seconds"]
    }
    assert opened == set(DEFAULTS["stale"])


@pytest.mark.parametrize("table", [name for name in OF_A_VIEW if name != "version"])
def test_every_table_that_a_view_needs_makes_a_difference_to_a_case(table: str) -> None:
    def with_the_default(case: Case) -> Case:
        return case._replace(policy={**case.policy, table: DEFAULTS[table]})

    assert any(
        with_the_default(case).decision() != case.decision()
        for case in CASES
        if table in case.policy
    )


@pytest.mark.parametrize("table", sorted(set(DEFAULTS) - set(OF_A_VIEW)))
def test_no_other_table_makes_a_difference_to_a_list_that_is_there(table: str) -> None:
    for case in CASES:
        document = {**case.rules.document, table: DEFAULTS[table]}
        decision = decided_by_copies(case.request, case.copies(), Policy(document), case.known)
        assert decision == case.decision()


def test_every_field_of_a_request_that_may_matter_is_in_a_case() -> None:
    fields = {field for case in WRITTEN for each in case["request"]["candidates"] for field in each}
    assert fields == {field.name for field in msgspec.structs.fields(Product)} - {
        "aliases",
        "sensitive",
        "replenish_days",
    } | {"product_id", "interest_at", "basis", "sources"}
    assert {case["request"]["channel"] for case in WRITTEN} <= set(CHANNELS)
    assert {case["request"]["own_site"] for case in WRITTEN} == {True, False}


def test_people_with_and_without_a_list_are_asked_about() -> None:
    assert {copies(case)[0]["list"] is None for case in WRITTEN} == {True, False}


# --- passed in other languages -------------------------------------------------------------------


def test_the_view_in_go_passes_all_cases() -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed")
    download = subprocess.run(
        [go, "mod", "download"], cwd=GO, capture_output=True, text=True, check=False
    )
    if download.returncode:
        pytest.skip(f"what the view in Go depends on cannot be had: {download.stderr.strip()}")
    result = subprocess.run(
        [go, "test", "-count=1", "-v", "./..."],
        cwd=GO,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("--- PASS: TestConformance/") == len(WRITTEN)
