"""What takes minutes is done only when it was asked for."""

import pytest


@pytest.fixture(scope="session")
def is_asked_for(pytestconfig: pytest.Config) -> bool:
    """Whether the tests of a deployment were asked for by their marker."""
    return "deploy" in pytestconfig.getoption("-m")
