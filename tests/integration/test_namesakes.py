"""Two workers of one name: who comes second does no harm to the one that is at work."""

import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.worker_process import WorkerProcess
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.recordings import Expected, expected
from tests.waiting import SECONDS

pytestmark = pytest.mark.kafka

PARTITIONS = 2
SESSION = {"session_seconds": 6}
LONG_SESSION = {"session_seconds": 15}
"""Not over when the next worker is there, on however busy a machine."""
WAITS = "a member named a is in the group already"
GIVEN_UP = "the group has given this worker up"


def last_words(worker: WorkerProcess) -> tuple[int, str]:
    """Exit code and last line of a worker that ends by itself, and not with a traceback."""
    code = worker.process.wait(SECONDS)
    log = worker.log.read_text()
    assert "Traceback" not in log
    return code, log.splitlines()[-1]


def killed(worker: WorkerProcess) -> None:
    worker.process.kill()
    worker.process.wait()


class Story(NamedTuple):
    """Of a worker at work, while others of its name are started beside it."""

    deployment: Deployment
    healthy: WorkerProcess
    elsewhere: WorkerProcess
    in_its_folder: WorkerProcess
    outcome: Expected


@pytest.fixture(scope="module")
def story(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Half of the records come before the namesakes, half when they have ended."""
    records = list(simulate(persons=300, partitions=PARTITIONS))
    deployment = deploy(PARTITIONS, DEMO_POLICY)
    half = len(records) // 2
    deployment.load(records[:half])
    folder = str(tmp_path_factory.mktemp("elsewhere"))
    with ExitStack() as stack:
        healthy = stack.enter_context(deployment.worker(**SESSION))
        deployment.wait_until_consumed(healthy)
        elsewhere = stack.enter_context(deployment.worker(state_folder=folder, **SESSION))
        in_its_folder = stack.enter_context(deployment.worker(**SESSION))
        for newcomer in (elsewhere, in_its_folder):
            newcomer.process.wait(SECONDS)
        deployment.load(records[half:])
        deployment.wait_until_consumed(healthy)
        outcome = expected(records, DEMO_POLICY, PARTITIONS)
        deployment.wait_until_lists_are(outcome.lists, healthy)
        yield Story(deployment, healthy, elsewhere, in_its_folder, outcome)


def test_a_second_worker_of_a_name_ends_with_2_and_says_whom_it_has_met(story: Story) -> None:
    code, line = last_words(story.elsewhere)
    assert code == 2
    assert re.search(r"A worker named a is at work already: .*, from 127\.0\.0\.1", line)
    assert "UNHAUNT_INSTANCE of its own" in line


def test_in_the_same_folder_it_ends_before_it_reads_anything(story: Story) -> None:
    code, line = last_words(story.in_its_folder)
    assert code == 2
    assert f"A worker runs already with the state in {story.deployment.state()}" in line
    assert "the catalog has" not in story.in_its_folder.log.read_text()


def test_the_one_at_work_goes_on_deciding_and_is_not_fenced(story: Story) -> None:
    decided = [each["request_id"] for of in story.deployment.decisions().values() for each in of]
    assert len(decided) == len(set(decided)) == story.outcome.counts.decided
    assert story.deployment.lists() == story.outcome.lists
    assert story.healthy.process.poll() is None
    log = story.healthy.log.read_text()
    assert GIVEN_UP not in log
    assert log.count("the catalog has") == 1


@pytest.fixture
def deployment(deploy: Deploy) -> Deployment:
    """One whose records are worked off while a test is about something else."""
    deployment = deploy(PARTITIONS, DEMO_POLICY)
    deployment.load(simulate(persons=30, partitions=PARTITIONS))
    return deployment


def test_a_worker_that_was_killed_is_back_at_once_and_waits_for_nobody(
    deployment: Deployment,
) -> None:
    with deployment.worker(**SESSION) as worker:
        deployment.wait_until_consumed(worker)
        killed(worker)
    deployment.load(simulate(seed=2, persons=30, partitions=PARTITIONS))
    with deployment.worker(**SESSION) as again:
        deployment.wait_until_consumed(again)
    assert WAITS not in again.log.read_text()


def test_where_its_folder_is_lost_it_waits_until_the_group_has_given_the_dead_one_up(
    deployment: Deployment,
) -> None:
    with deployment.worker(**LONG_SESSION) as worker:
        deployment.wait_until_consumed(worker)
        killed(worker)
    shutil.rmtree(deployment.state())
    deployment.load(simulate(seed=2, persons=30, partitions=PARTITIONS))
    with deployment.worker(**LONG_SESSION) as again:
        deployment.wait_until_consumed(again)
    assert WAITS in again.log.read_text()


def test_a_worker_that_was_replaced_while_it_stood_still_ends_rather_than_fence_the_other(
    deployment: Deployment, tmp_path: Path
) -> None:
    with deployment.worker(**SESSION) as first:
        deployment.wait_until_consumed(first)
        first.process.send_signal(signal.SIGSTOP)
        with deployment.worker(state_folder=str(tmp_path), **SESSION) as second:
            deployment.load(simulate(seed=2, persons=30, partitions=PARTITIONS))
            deployment.wait_until_consumed(second)
            first.process.send_signal(signal.SIGCONT)
            code, line = last_words(first)
            deployment.load(simulate(seed=3, persons=30, partitions=PARTITIONS))
            deployment.wait_until_consumed(second)
    assert code == 2
    assert "A worker named a is at work already" in line


def test_of_two_that_start_at_the_same_time_one_goes_on_and_the_other_ends(
    deployment: Deployment, tmp_path: Path
) -> None:
    with (
        deployment.worker(**SESSION) as one,
        deployment.worker(state_folder=str(tmp_path), **SESSION) as other,
    ):
        pair = (one, other)
        deployment.wait_until(
            lambda: any(worker.process.poll() is not None for worker in pair), "an end"
        )
        deployment.load(simulate(seed=2, persons=30, partitions=PARTITIONS))
        [left] = [worker for worker in pair if worker.process.poll() is None]
        deployment.wait_until_consumed(left)
        [ended] = [worker for worker in pair if worker is not left]
        code, line = last_words(ended)
    assert code == 2
    assert "A worker named a is at work already" in line
