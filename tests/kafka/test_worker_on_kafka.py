"""What only a real Kafka can show: a reader of committed records sees each decision once."""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import pytest

from streams.recording.simulated import DEMO_POLICY, simulate
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.integration.recordings import Expected, expected, without_as_of
from tests.kafka.cluster import KafkaCluster

pytestmark = pytest.mark.kafka

PARTITIONS = 4


class Story(NamedTuple):
    """A worker that was killed in mid-work, and the one that came after it."""

    expected: Expected
    deployment: Deployment
    consumed: float
    """How far the group was when the first was killed, 1 being all."""


@pytest.fixture(scope="module")
def story(kafka: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("deployment")
    records = list(simulate(persons=500, partitions=PARTITIONS))
    deployment = Deployment(settings_of(kafka.address, folder), PARTITIONS, DEMO_POLICY)
    deployment.load(records)
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    with deployment.worker(batch_records=1) as worker:
        deployment.wait_until(lambda: deployment.consumed() > 0, "a checkpoint", worker)
        worker.process.kill()
        worker.process.wait()
    consumed = deployment.consumed()
    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
        deployment.wait_until_lists_are(outcome.lists, worker)
    yield Story(outcome, deployment, consumed)
    deployment.close()


def test_it_was_in_the_middle_of_its_work_that_the_worker_was_killed(story: Story) -> None:
    assert 0 < story.consumed < 1


def test_each_request_has_exactly_one_committed_decision(story: Story) -> None:
    decisions = list(chain.from_iterable(story.deployment.decisions().values()))
    requests = {decision["request_id"] for decision in decisions}
    assert len(decisions) == len(requests) == story.expected.counts.decided


def test_the_decisions_are_the_backtests_in_the_same_order(story: Story) -> None:
    assert without_as_of(story.deployment.decisions()) == story.expected.decisions


def test_the_lists_are_the_backtests(story: Story) -> None:
    assert story.deployment.lists() == story.expected.lists
