"""A broker for the tests that speak to one, and deployments on it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from streams.operations.embedded_broker import EmbeddedBroker
from streams.settings import Settings
from tests.integration.deployment import Deployment

Deploy = Callable[..., Deployment]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an embedded broker that a module's tests share, each with topics of its own.

    Not longer: once it was seen to stop answering after many workers had come and gone.
    """
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as embedded:
        yield embedded.address


@pytest.fixture
def settings(broker: str, tmp_path: Path) -> Settings:
    """Settings of a deployment that no other test has."""
    return settings_of(broker, tmp_path)


@pytest.fixture(scope="module")
def deploy(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """Makes a deployment with topics of its own from a number of partitions and a policy."""
    with ExitStack() as stack:

        def deploy(partitions: int, policy: str = "") -> Deployment:
            settings = settings_of(broker, tmp_path_factory.mktemp("deployment"))
            deployment = Deployment(settings, partitions, policy)
            stack.callback(deployment.close)
            return deployment

        yield deploy


def settings_of(broker: str, folder: Path) -> Settings:
    """Settings of a deployment that nobody else has."""
    own = f"t{os.urandom(6).hex()}"
    return Settings(
        brokers=broker,
        application=own,
        topic_prefix=f"{own}.",
        state_folder=str(folder / "state"),
    )
