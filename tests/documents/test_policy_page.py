"""What streams/suppression/policy.md says of policies is so."""

import tomllib
from pathlib import Path
from typing import Final

from streams.suppression.policy import Policy
from streams.suppression.policy_document import DEFAULTS
from tests.command_line import run
from tests.documents.pages import Page

PAGE: Final = Page("streams/suppression/policy.md")


def test_the_first_policy_is_valid_and_every_key_of_it_overrides_a_default() -> None:
    [text] = PAGE.blocks("toml")
    named = tomllib.loads(text)
    assert Policy.from_toml(text).version == named["version"]
    for section, values in named.items():
        if section != "version":
            assert DEFAULTS[section] != DEFAULTS[section] | values


def test_mistakes_in_a_policy_are_told_as_shown(tmp_path: Path) -> None:
    [shown] = PAGE.blocks("text")
    path = tmp_path / "policy.toml"
    path.write_text('[purchase]\nwindow_day = 90\n[consent]\nmode = "optin"\n')
    result = run("policy", "check", path)
    assert result.exit_code == 2
    assert result.stderr.replace(str(path), path.name) == shown
