"""What streams/suppression/README.md says is what the rules and the default policy hold."""

import tomllib
from typing import Any, Final

import msgspec
import orjson
import pytest

from schemas.outputs import Decision, SuppressionList, to_json
from streams.suppression.lists import LONGEST
from streams.suppression.policy_document import DEFAULTS, OPEN_DAYS
from streams.suppression.surplus import MOST_FACTS
from streams.suppression.words import REASONS
from tests.documents.pages import REPOSITORY, Page

PAGE: Final = Page("streams/suppression/README.md")


# --- the reasons ---------------------------------------------------------------------------------


def test_the_reasons_stand_in_the_order_of_their_rank() -> None:
    assert [row[0] for row in PAGE.table("reason")] == list(REASONS)


@pytest.mark.parametrize("reason", DEFAULTS["dismissal"])
def test_what_a_dismissal_covers_and_for_how_long_is_the_default(reason: str) -> None:
    rule = DEFAULTS["dismissal"][reason]
    length = f"{rule['days']} days" if rule["days"] else "until restored"
    if rule["price_drop"]:
        length += ", or for a better price"
    [row] = [row for row in PAGE.table("reason") if row[0] == reason]
    assert row[1:] == ["a dismissal", rule["scope"], length]


@pytest.mark.parametrize(
    ("reason", "length"),
    [
        ("purchased", f"{DEFAULTS['purchase']['window_days']} days, or until it is used up"),
        (
            "frequency_cap",
            f"{DEFAULTS['frequency']['max']} shown in {DEFAULTS['frequency']['days']} days",
        ),
        ("followed_too_long", f"after {DEFAULTS['follow']['days']} days of interest"),
        ("too_soon", f"{DEFAULTS['quiet']['minutes']} minutes"),
    ],
)
def test_how_long_the_other_reasons_hold_is_the_default(reason: str, length: str) -> None:
    assert [row[3] for row in PAGE.table("reason") if row[0] == reason] == [length]


def test_every_reason_is_a_claim_of_a_person_or_of_a_candidate() -> None:
    claims = [row[0] for row in claims_of("**Claims of a person**")]
    claims += [row[0] for row in claims_of("**Claims of a candidate**")]
    assert {*claims, *DEFAULTS["dismissal"]} == {*REASONS, "the dismissal's reason"}


def claims_of(title: str) -> list[list[str]]:
    """The rows of the table under a title."""
    lines = PAGE.text.partition(title)[2].partition("\n|")[2].splitlines()[2:]
    rows = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


# --- the policy ----------------------------------------------------------------------------------


def test_the_defaults_of_the_policy_are_those_that_are_shown() -> None:
    [shown] = PAGE.blocks("toml")
    defaults: dict[str, Any] = {key: DEFAULTS[key] for key in DEFAULTS if key != "stale"}
    opt_out_all = defaults["dismissal"]["opt_out_all"]
    assert tomllib.loads(shown) == defaults | {"dismissal": {"opt_out_all": opt_out_all}}


def test_the_bounds_are_those_of_the_code() -> None:
    assert f"`open_days` ({OPEN_DAYS} when not set)" in PAGE.text
    assert f"at most {LONGEST:,} entries" in PAGE.text
    assert f"at most {MOST_FACTS:,} facts" in PAGE.text


# --- outputs and modules -------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "output"), [(0, Decision), (1, SuppressionList)])
def test_an_output_that_is_shown_is_one_of_the_contract(number: int, output: type) -> None:
    shown = orjson.loads(PAGE.blocks("json")[number])
    assert orjson.loads(to_json(msgspec.convert(shown, output))) == shown


def test_the_map_names_every_module_and_no_other() -> None:
    folder = REPOSITORY / "streams" / "suppression"
    modules = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    assert {link for link in PAGE.links() if link.endswith(".py")} == modules
