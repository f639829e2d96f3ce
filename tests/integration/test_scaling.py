"""Workers that share the partitions say together what one would say alone."""

import signal
from typing import NamedTuple

import pytest

from schemas.topics import PERSON_TOPICS
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.worker_process import WorkerProcess
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, counts_of
from tests.integration.recordings import Expected, as_of_of, expected, without_as_of
from tests.integration.slow_worker import slowly

pytestmark = pytest.mark.kafka

PARTITIONS = 4
FETCH_RECORDS = 4
"""So few at once that the first worker is at work for many seconds."""

# The first worker stands still for as long as the second takes to start. It shall hand over what
# it has, not lose it, however slow the machine is: what is lost is taken twice.
PATIENCE = {"session_seconds": 60, "transaction_seconds": 60}


class Shared(NamedTuple):
    """A recording that two workers have worked off, the second of which came later."""

    records: list[RecordedRecord]
    expected: Expected
    deployment: Deployment
    first: WorkerProcess
    second: WorkerProcess
    consumed: float
    """How far the group was when the second worker joined."""


@pytest.fixture(scope="module")
def shared(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """One worker begins, and in the middle of its work another joins."""
    program = slowly(tmp_path_factory.mktemp("gate"), FETCH_RECORDS)
    records = list(simulate(persons=1_000, partitions=PARTITIONS))
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    deployment = deploy(PARTITIONS, DEMO_POLICY)
    deployment.load(records)
    with deployment.worker("a", program, **PATIENCE) as first:
        deployment.wait_until(lambda: deployment.consumed() > 0, "a checkpoint", first)
        # Asked now: while a transaction with offsets is open, nobody is told of any.
        consumed = deployment.consumed()
        # Starting takes the second longer than the first would need for all the rest.
        first.process.send_signal(signal.SIGSTOP)
        with deployment.worker("b", log_level="debug", **PATIENCE) as second:
            deployment.wait_until(
                lambda: "Sending JoinGroup" in second.log.read_text(), "a second member", second
            )
            first.process.send_signal(signal.SIGCONT)
            deployment.wait_until_consumed(first, second)
            deployment.wait_until_lists_are(outcome.lists, first, second)
            second.stop()
        first.stop()
    return Shared(records, outcome, deployment, first, second, consumed)


def test_both_workers_work(shared: Shared) -> None:
    assert 0 < shared.consumed < 1
    for worker in (shared.first, shared.second):
        assert counts_of(worker)["decided"] > 0


def test_two_workers_decide_as_one_would(shared: Shared) -> None:
    decisions = shared.deployment.decisions()
    assert without_as_of(decisions) == shared.expected.decisions
    assert as_of_of(decisions) == shared.expected.as_of


def test_two_workers_keep_the_lists_that_one_would(shared: Shared) -> None:
    assert shared.deployment.lists() == shared.expected.lists


def test_the_state_that_was_handed_over_is_to_the_byte_as_if_it_had_not_been(
    shared: Shared,
) -> None:
    assert shared.deployment.persons("a", "b") == shared.expected.persons


def test_every_input_is_taken_by_one_of_the_workers(shared: Shared) -> None:
    first, second = (counts_of(worker)["consumed"] for worker in (shared.first, shared.second))
    loaded = sum(record.topic in PERSON_TOPICS for record in shared.records)
    assert first.total() + second.total() == loaded
