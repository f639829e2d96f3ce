"""What deploy/README.md says is there."""

import re

import pytest

from tests.deploy.compose_file import Dockerfile, services
from tests.deploy.paths import DEPLOY
from tests.documents.pages import calls, unknown_calls, unknown_settings

pytestmark = pytest.mark.deploy

README = (DEPLOY / "README.md").read_text()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_a_link_leads_to_something_in_the_repository(link: str) -> None:
    assert (DEPLOY / link).exists()


def test_every_setting_that_is_mentioned_exists() -> None:
    assert unknown_settings(README) == set()


def test_every_command_that_is_mentioned_exists_with_its_options() -> None:
    assert calls(README)
    assert unknown_calls(README) == []


def test_every_profile_that_is_mentioned_exists() -> None:
    there = {name for service in services().values() for name in service.get("profiles", [])}
    assert set(re.findall(r"--profile ([a-z]+)", README)) == there


def test_the_port_and_the_user_are_those_of_the_image() -> None:
    image = Dockerfile()
    assert f"HTTP port is {image.value('EXPOSE')}" in README
    assert f"as user {image.value('USER').split(':')[0]}" in README
