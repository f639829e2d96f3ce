"""A continuous recording outlasts its brokers."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.integration.recorded import done, numbered, numbers, start_recording
from tests.kafka.cluster import KafkaCluster
from tests.kafka.installation import require_kafka
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.kafka


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[KafkaCluster]:
    """A broker to do harm to."""
    require_kafka()
    folder = tmp_path / "kafka"
    folder.mkdir()
    with KafkaCluster(folder) as cluster:
        yield cluster


def test_a_continuous_recording_goes_on_when_a_broker_that_died_is_back(
    own_broker: KafkaCluster, tmp_path: Path
) -> None:
    deployment = Deployment(settings_of(own_broker.address, tmp_path), 2)
    deployment.load(numbered(100))
    path = tmp_path / "live.jsonl"
    with start_recording(deployment.settings, path, "--continuous") as process:
        wait_until(lambda: done(path) == 100, "the first records")
        own_broker.kill(1)
        own_broker.start(1)
        deployment.load(numbered(100))
        wait_until(lambda: done(path) == 200 or process.poll() is not None, "the others")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    assert sorted(numbers(path.read_bytes().splitlines())) == sorted([*range(100)] * 2)
    deployment.close()
