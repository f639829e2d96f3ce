"""`unhaunt policy …` and `unhaunt settings`."""

from pathlib import Path

import orjson
import pytest

from streams.settings import Settings, described
from streams.suppression.policy import Policy
from tests.command_line import run, words


def test_the_policy_in_force_is_the_default_one_when_no_file_is_named() -> None:
    shown = run("policy", "show").stdout
    assert shown.startswith("# From the defaults")
    assert Policy.from_toml(shown).fingerprint == Policy.default().fingerprint


def test_the_policy_in_force_is_that_of_the_environment_with_the_defaults_filled_in(
    tmp_path: Path,
) -> None:
    named = tmp_path / "policy.toml"
    named.write_text('[purchase.category."grocery.coffee"]\nreplenish_days = 30\n')
    shown = run("policy", "show", UNHAUNT_POLICY=str(named)).stdout
    assert shown.startswith(f"# From {named}, which UNHAUNT_POLICY names.\n")
    assert Policy.from_toml(shown).document == Policy.from_toml(named.read_text()).document


def test_a_file_that_is_named_is_shown_instead(tmp_path: Path) -> None:
    named = tmp_path / "policy.toml"
    named.write_text('version = "mine"')
    shown = run("policy", "show", named, UNHAUNT_POLICY="absent.toml").stdout
    assert 'version = "mine"' in shown


def test_a_policy_may_be_shown_as_json_for_views_in_other_languages() -> None:
    assert orjson.loads(run("policy", "show", "--json").stdout) == Policy.default().document


def test_a_valid_policy_passes_the_check(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('version = "7"')
    result = run("policy", "check", policy)
    assert result.exit_code == 0
    assert result.stdout == f"{policy} is a valid policy, version 7\n"


def test_the_check_remarks_that_no_price_can_lift_a_dismissal(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[price_drop]\npercent = 95\n")
    result = run("policy", "check", policy)
    assert result.exit_code == 0
    assert words(result.stdout).endswith(
        "price_drop.max_percent: 90 is below price_drop.percent, which is 95, so no price lifts a "
        "dismissal; name a greater one"
    )


def test_the_check_names_every_problem_on_a_line_that_begins_with_the_file(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('follow.days = "x"\n[purchase]\nscoop = "group"\n')
    result = run("policy", "check", policy)
    assert result.exit_code == 2
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first.startswith(f"{policy}: follow.days: expected a number of days")
    assert second.startswith(f"{policy}: purchase.scoop: unknown key; did you mean scope?")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"version = ", "not a TOML file"),
        (b'version = "\xff"', "not UTF-8"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_no_policy_is_named_with_what_is_wrong(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    policy = tmp_path / "policy.toml"
    if content is not None:
        policy.write_bytes(content)
    result = run("policy", "check", policy)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{policy}: ")
    assert problem in result.stderr


def test_settings_lists_every_variable_with_value_default_and_meaning() -> None:
    shown = words(run("settings", UNHAUNT_BROKERS="kafka-1:9092", COLUMNS="400").stdout)
    assert "UNHAUNT_BROKERS kafka-1:9092 127.0.0.1:9092 Kafka brokers" in shown
    for name, _, _, meaning in described(Settings()):
        assert name in shown
        assert meaning in shown


def test_settings_cuts_nothing_on_a_narrow_terminal() -> None:
    shown = run("settings", COLUMNS="60").stdout
    assert max(map(len, shown.splitlines())) <= 60
    assert "…" not in shown


@pytest.mark.parametrize(
    ("name", "value"), [("UNHAUNT_BROKER", "kafka:9092"), ("UNHAUNT_SESSION_SECONDS", "soon")]
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    result = run("settings", **{name: value})
    assert result.exit_code == 2
    assert result.stderr.startswith(name)
    assert len(result.stderr.splitlines()) == 1
