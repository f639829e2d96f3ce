"""What tests of several folders share."""

from collections.abc import Iterator

import pytest

from tests.kafka.cluster import KafkaCluster
from tests.kafka.installation import require_kafka


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """One broker that all tests share, each with topics and groups of its own."""
    require_kafka()
    folder = tmp_path_factory.mktemp("kafka")
    # Nobody kills it; a test that has it stand still, or a busy machine, must not have it fenced.
    with KafkaCluster(folder, broker_session_timeout_ms="60000") as cluster:
        yield cluster
