"""What deploy/README.md says is there."""

import re

import msgspec
import pytest
import typer

from streams.cli import app
from streams.settings import Settings, variable
from tests.command_line import run
from tests.deploy.compose_file import Dockerfile, services
from tests.deploy.paths import DEPLOY

pytestmark = pytest.mark.deploy

README = (DEPLOY / "README.md").read_text()
CODE = "\n".join(
    [*re.findall(r"`([^`\n]+)`", README), *re.findall(r"```\w+\n(.*?)```", README, re.DOTALL)]
)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_a_link_leads_to_something_in_the_repository(link: str) -> None:
    assert (DEPLOY / link).exists()


def test_every_setting_that_is_mentioned_exists() -> None:
    known = {variable(field.name) for field in msgspec.structs.fields(Settings)}
    assert set(re.findall(r"\bUNHAUNT_[A-Z_]*[A-Z]", README)) <= known


@pytest.mark.parametrize(
    "line", sorted(set(re.findall(r"\bunhaunt ((?:worker|topics|strimzi).*)", CODE)))
)
def test_every_command_that_is_mentioned_exists_with_its_options(line: str) -> None:
    commands = typer.main.get_command(app)
    words = line.split(" -", maxsplit=1)[0].split()[: 2 if line.startswith("topics") else 1]
    assert words[0] in getattr(commands, "commands", {})
    shown = run(*words, "--help", COLUMNS="200").stdout
    assert [option for option in re.findall(r"--[a-z]+", line) if option not in shown] == []


def test_every_profile_that_is_mentioned_exists() -> None:
    there = {name for service in services().values() for name in service.get("profiles", [])}
    assert set(re.findall(r"--profile ([a-z]+)", README)) == there


def test_the_port_and_the_user_are_those_of_the_image() -> None:
    image = Dockerfile()
    assert f"HTTP port is {image.value('EXPOSE')}" in README
    assert f"as user {image.value('USER').split(':')[0]}" in README
