"""Killed, stopped, robbed of its state: a worker that comes back goes on as if nothing had been."""

import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

from schemas.topics import PERSON_TOPICS
from streams.engine.state.restore import Restore
from streams.engine.state.store import Memory, Store
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.worker_process import WorkerProcess
from streams.suppression.stored import due_of
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, counts_of
from tests.integration.recordings import Expected, as_of_of, expected, without_as_of
from tests.integration.slow_worker import slowly

pytestmark = pytest.mark.kafka

PARTITIONS = 4
FETCH_RECORDS = 4
"""So few at once that a worker is at work for many seconds."""

STRICTER_POLICY = DEMO_POLICY.replace('"demo"', '"stricter"') + "\n[purchase]\nscope = 'product'\n"


class Story(NamedTuple):
    """What befell a worker, next to one that nothing befell."""

    records: list[RecordedRecord]
    expected: Expected
    disturbed: Deployment
    undisturbed: Deployment
    consumed: list[float]
    """How far the group was when the worker was killed, and when the next had stopped."""
    stopped: WorkerProcess
    exit_code: int
    """Of the worker that was told to stop in the middle of its work."""


@pytest.fixture(scope="module")
def story(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A worker is killed in mid-work, the next is told to stop, the third finds no state."""
    program = slowly(tmp_path_factory.mktemp("gate"), FETCH_RECORDS)
    records = list(simulate(persons=1_000, partitions=PARTITIONS))
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    undisturbed, disturbed = (deploy(PARTITIONS, DEMO_POLICY) for _ in range(2))
    undisturbed.load(records)
    disturbed.load(records)
    with undisturbed.worker() as other:
        with disturbed.worker("a", program) as worker:
            disturbed.wait_until(lambda: disturbed.consumed() > 0, "a checkpoint", worker)
            worker.process.kill()
            worker.process.wait()
        consumed = [disturbed.consumed()]
        with disturbed.worker("a", program) as stopped:
            disturbed.wait_until(lambda: disturbed.consumed() > consumed[0], "more", stopped)
            exit_code = stopped.stop()
        consumed.append(disturbed.consumed())
        shutil.rmtree(disturbed.state())
        with disturbed.worker() as worker:
            for deployment, process in ((disturbed, worker), (undisturbed, other)):
                deployment.wait_until_consumed(process)
                deployment.wait_until_lists_are(outcome.lists, process)
                process.stop()
    return Story(records, outcome, disturbed, undisturbed, consumed, stopped, exit_code)


def test_it_was_in_the_middle_of_its_work_that_the_worker_was_disturbed(story: Story) -> None:
    killed, stopped = story.consumed
    assert 0 < killed < stopped < 1


def test_a_worker_that_is_told_to_stop_in_mid_work_stops_in_order(story: Story) -> None:
    assert story.exit_code == 0
    counts = counts_of(story.stopped)
    loaded = sum(record.topic in PERSON_TOPICS for record in story.records)
    assert counts["consumed"].total() == round((story.consumed[1] - story.consumed[0]) * loaded)


def test_each_request_has_exactly_one_committed_decision(story: Story) -> None:
    decisions = list(chain.from_iterable(story.disturbed.decisions().values()))
    requests = {decision["request_id"] for decision in decisions}
    assert len(decisions) == len(requests) == story.expected.counts.decided


def test_the_decisions_are_those_that_would_have_been_had_nothing_happened(story: Story) -> None:
    decisions = story.disturbed.decisions()
    assert without_as_of(decisions) == story.expected.decisions
    assert as_of_of(decisions) == story.expected.as_of


def test_the_lists_are_as_if_nothing_had_happened(story: Story) -> None:
    assert story.disturbed.lists() == story.expected.lists


def test_the_state_is_to_the_byte_as_if_nothing_had_happened(story: Story) -> None:
    assert sum(map(len, story.expected.persons.values())) > 500
    assert story.undisturbed.persons() == story.expected.persons
    assert story.disturbed.persons() == story.expected.persons


def test_a_restore_from_the_beginning_gives_the_state_to_the_byte(
    story: Story, tmp_path: Path
) -> None:
    memory = Memory(1 << 20, 1 << 20)
    stores = {number: Store(tmp_path / str(number), memory) for number in range(PARTITIONS)}
    assert Restore(story.disturbed.settings, due_of).run(stores) > 0
    restored = {number: dict(store.persons()) for number, store in stores.items()}
    for store in stores.values():
        store.close()
    assert restored == story.disturbed.persons()


@pytest.fixture(scope="module")
def after_another_policy(story: Story) -> Iterator[Deployment]:
    """The deployment after a worker with another policy, to which nobody said anything."""
    deployment = story.undisturbed
    deployment.use_policy(STRICTER_POLICY)
    outcome = expected(story.records, STRICTER_POLICY, PARTITIONS)
    with deployment.worker() as worker:
        deployment.wait_until_lists_are(outcome.lists, worker)
        worker.stop()
    return deployment


def test_another_policy_reads_the_evidence_of_everybody_anew(
    story: Story, after_another_policy: Deployment
) -> None:
    lists = after_another_policy.lists()
    assert lists == expected(story.records, STRICTER_POLICY, PARTITIONS).lists
    assert {each["policy"] for each in lists.values()} == {"stricter"}
    assert lists.keys() == story.expected.lists.keys()


def test_another_policy_decides_nothing_anew(
    story: Story, after_another_policy: Deployment
) -> None:
    assert without_as_of(after_another_policy.decisions()) == story.expected.decisions
