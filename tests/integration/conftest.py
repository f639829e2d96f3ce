"""A broker for the tests that speak to one, and deployments on it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from streams.settings import KafkaSettings, Settings
from tests.integration.deployment import Deployment
from tests.kafka.cluster import KafkaCluster
from tests.kafka.registry import Registry, require_registry

Deploy = Callable[..., Deployment]


@pytest.fixture(scope="session")
def broker(kafka: KafkaCluster) -> str:
    """The address of the Apache Kafka that all tests share, each with topics of its own."""
    return kafka.address


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """The schema registry that all tests share, each with subjects of its own."""
    require_registry()
    with Registry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


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
        kafka=KafkaSettings(brokers=broker),
        application=own,
        topic_prefix=f"{own}.",
        state_folder=str(folder / "state"),
    )
