"""Apache Kafka, for what only it can show."""

import os
from collections.abc import Iterator

import pytest

from tests.kafka.cluster import KafkaCluster
from tests.kafka.installation import KafkaUnavailable, jars


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """One broker that all tests share, each with topics and groups of its own."""
    require_kafka()
    with KafkaCluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def three_brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """A cluster that a module has to itself, to do harm to its brokers."""
    require_kafka()
    with KafkaCluster(tmp_path_factory.mktemp("kafka"), brokers=3) as cluster:
        yield cluster


def require_kafka() -> None:
    """Skip where there is no Kafka and say why; where everything must run, that is a failure."""
    try:
        jars()
    except KafkaUnavailable as reason:
        said = f"no Apache Kafka here: {reason}"
        if os.environ.get("CI"):
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
