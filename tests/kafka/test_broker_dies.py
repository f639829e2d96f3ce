"""The broker that coordinates the group dies in mid-work: nothing is lost, and nobody stands still.

A worker may go on by itself, or end with one line and be started again, as a supervisor would.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import NamedTuple

import pytest
from confluent_kafka.admin import AdminClient

from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.worker_process import WorkerProcess
from tests.integration.conftest import settings_of
from tests.integration.deployment import SECONDS, Deployment, wait_until
from tests.integration.recordings import Expected, expected, without_as_of
from tests.kafka.cluster import KafkaCluster

pytestmark = pytest.mark.kafka

PARTITIONS = 4


class Story(NamedTuple):
    """The broker died when a part was consumed, and came back when all else was."""

    expected: Expected
    deployment: Deployment
    consumed: float
    workers: list[WorkerProcess]


@pytest.fixture(scope="module")
def story(three_brokers: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("deployment")
    records = list(simulate(persons=500, partitions=PARTITIONS))
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    settings = settings_of(three_brokers.address, folder)
    deployment = Deployment(settings, PARTITIONS, DEMO_POLICY, replicas=3)
    deployment.load(records)
    workers: list[WorkerProcess] = []
    with closing(deployment), ExitStack() as running:

        def start() -> None:
            worker = deployment.worker(batch_records=1, transaction_seconds=6)
            workers.append(running.enter_context(worker))

        def is_consumed() -> bool:
            if workers[-1].process.poll() is not None:
                start()
            return deployment.consumed() == 1

        start()
        deployment.wait_until(lambda: deployment.consumed() > 0, "a checkpoint", workers[0])
        consumed = deployment.consumed()
        coordinator = coordinator_of(three_brokers.address, settings.application)
        three_brokers.kill(coordinator)
        wait_until(is_consumed, "all records consumed", 2 * SECONDS)
        deployment.wait_until_lists_are(outcome.lists)
        running.close()
        three_brokers.start(coordinator)
        yield Story(outcome, deployment, consumed, workers)


def test_it_was_in_the_middle_of_the_work_that_the_broker_died(story: Story) -> None:
    assert 0 < story.consumed < 1


def test_each_request_is_decided_once_and_as_in_the_backtest(story: Story) -> None:
    assert without_as_of(story.deployment.decisions()) == story.expected.decisions


def test_the_lists_are_the_backtests(story: Story) -> None:
    assert story.deployment.lists() == story.expected.lists


def test_a_worker_that_ended_said_why_in_one_line(story: Story) -> None:
    for worker in story.workers[:-1]:
        assert worker.process.returncode == 2
        log = worker.log.read_text()
        assert "Traceback" not in log
        assert log.splitlines()[-1].startswith("Kafka: ")


def coordinator_of(brokers: str, group: str) -> int:
    """The number of the broker that coordinates a group."""
    client = AdminClient({"bootstrap.servers": brokers})
    described = client.describe_consumer_groups([group])[group].result(SECONDS)
    return int(described.coordinator.id)
