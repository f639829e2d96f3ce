"""What deploy/README.md says of compose file and image is there."""

import re

import pytest

from tests.deploy.compose_file import Dockerfile, services
from tests.documents.pages import Page

pytestmark = pytest.mark.deploy

README = Page("deploy/README.md").text


def test_every_profile_that_is_mentioned_exists() -> None:
    there = {name for service in services().values() for name in service.get("profiles", [])}
    assert set(re.findall(r"--profile ([a-z]+)", README)) == there


def test_the_port_and_the_user_are_those_of_the_image() -> None:
    image = Dockerfile()
    assert f"HTTP port is {image.value('EXPOSE')}" in README
    assert f"as user {image.value('USER').split(':')[0]}" in README
