"""Without transactions a worker that is killed loses nothing, and repeats itself at most."""

from itertools import chain
from typing import NamedTuple

import pytest

from streams.recording.simulated import DEMO_POLICY, simulate
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.recordings import Expected, expected
from tests.integration.slow_worker import slowly

pytestmark = pytest.mark.kafka

PARTITIONS = 4
FETCH_RECORDS = 4
"""So few at once that a worker is at work for many seconds."""


class Story(NamedTuple):
    """Of a worker that was killed in mid-work, and the one that came after it."""

    deployment: Deployment
    expected: Expected
    consumed: float
    """How far the group was when the first was killed, 1 being all."""


@pytest.fixture(scope="module")
def story(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Story:
    program = slowly(tmp_path_factory.mktemp("gate"), FETCH_RECORDS)
    records = list(simulate(persons=500, partitions=PARTITIONS))
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    deployment = deploy(PARTITIONS, DEMO_POLICY)
    deployment.load(records)
    with deployment.worker("a", program, guarantee="at_least_once") as worker:
        deployment.wait_until(lambda: deployment.consumed() > 0, "a checkpoint", worker)
        worker.process.kill()
        worker.process.wait()
    consumed = deployment.consumed()
    with deployment.worker(guarantee="at_least_once") as worker:
        deployment.wait_until_consumed(worker)
        deployment.wait_until_lists_are(outcome.lists, worker)
        worker.stop()
    return Story(deployment, outcome, consumed)


def test_it_was_in_the_middle_of_its_work_that_the_worker_was_killed(story: Story) -> None:
    assert 0 < story.consumed < 1


def test_each_request_has_at_least_one_decision(story: Story) -> None:
    decided, expected = (
        {decision["request_id"] for decision in chain.from_iterable(decisions.values())}
        for decisions in (story.deployment.decisions(), story.expected.decisions)
    )
    assert decided == expected


def test_the_last_lists_are_the_backtests(story: Story) -> None:
    assert story.deployment.lists() == story.expected.lists
