"""A broker for the tests that speak to one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.operations.embedded_broker import EmbeddedBroker
from streams.settings import Settings


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an embedded broker that all tests share, each with topics of its own."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as embedded:
        yield embedded.address


@pytest.fixture
def settings(broker: str, tmp_path: Path) -> Settings:
    """Settings of a deployment that no other test has."""
    own = f"t{os.urandom(6).hex()}"
    return Settings(
        brokers=broker,
        application=own,
        topic_prefix=f"{own}.",
        state_folder=str(tmp_path / "state"),
    )
