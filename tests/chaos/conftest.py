"""Options of the chaos test: `pytest tests/chaos -m chaos --chaos-seed 7 --chaos-seconds 60`."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    options = parser.getgroup("chaos")
    options.addoption("--chaos-seed", type=int, help="what the harm is drawn from")
    options.addoption("--chaos-seconds", type=float, help="for how long harm is done")
