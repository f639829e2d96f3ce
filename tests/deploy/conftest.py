"""What takes minutes is done only when it was asked for."""

from pathlib import Path

import pytest

from tests.deploy.chart import Release, Render
from tests.deploy.tools import helm


@pytest.fixture(scope="session")
def is_asked_for(pytestconfig: pytest.Config) -> bool:
    """Whether the tests of a deployment were asked for by their marker."""
    return "deploy" in pytestconfig.getoption("-m")


@pytest.fixture(scope="session")
def program(is_asked_for: bool) -> str:
    """Helm."""
    return helm(may_take_minutes=is_asked_for)


@pytest.fixture
def render(program: str, tmp_path: Path) -> Render:
    """Renders the chart with values other than its own."""
    return lambda **values: Release(program, tmp_path, values)
