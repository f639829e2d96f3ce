"""A worker that was stopped past its session and then goes on takes nothing with it (KIP-447).

It has a transaction open all the while: either the broker has ended that by the time the worker
goes on, or the worker wants to commit what it did as a member that the group no longer has.
"""

import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.worker_process import WorkerProcess
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.recordings import Expected, as_of_of, expected, without_as_of
from tests.integration.slow_worker import slowly

pytestmark = pytest.mark.kafka

PARTITIONS = 4
SESSION = {"session_seconds": 6}
SLOWLY = {"checkpoint_milliseconds": 1_000}
"""A transaction is open nearly all the time, and holds a good deal."""
FETCH_RECORDS = 2
"""So few at once that a worker is at work for many seconds, to be caught at it."""


class Story(NamedTuple):
    """Of a worker that was stopped, and of the one that took over."""

    deployment: Deployment
    stopped: WorkerProcess
    other: WorkerProcess
    expected: Expected


@pytest.fixture(scope="module")
def stories(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Story]]:
    """Both at the same time, since a session takes long to run out."""
    records = list(simulate(persons=500, partitions=PARTITIONS))
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    with ExitStack() as stack:
        stories = {}
        program = slowly(tmp_path_factory.mktemp("gate"), FETCH_RECORDS)
        for name, seconds in (("transaction is open", 60), ("transaction has timed out", 2)):
            deployment = deploy(PARTITIONS, DEMO_POLICY)
            deployment.load(records)
            settings = {**SESSION, "transaction_seconds": seconds}
            first = stack.enter_context(deployment.worker("a", program, **settings, **SLOWLY))
            stop_in_a_transaction(deployment, first)
            second = stack.enter_context(deployment.worker("b", **settings))
            stories[name] = Story(deployment, first, second, outcome)
        for deployment, first, second, _ in stories.values():
            deployment.wait_until_shared_by(["b"], second)
            first.process.send_signal(signal.SIGCONT)
        for deployment, _, second, _ in stories.values():
            deployment.wait_until_consumed(second)
            deployment.wait_until_lists_are(outcome.lists, second)
        yield stories


@pytest.fixture(params=["transaction is open", "transaction has timed out"])
def story(stories: dict[str, Story], request: pytest.FixtureRequest) -> Story:
    return stories[request.param]


def stop_in_a_transaction(deployment: Deployment, worker: WorkerProcess) -> None:
    """Stop a worker when it has committed something and decided more than that."""

    def is_in_a_transaction() -> bool:
        return 0 < len(deployment.read("decisions")) < len(deployment.uncommitted("decisions"))

    def is_stopped() -> bool:
        # A worker that is stopped for each look would get nowhere on a busy machine.
        if not is_in_a_transaction():
            return False
        worker.process.send_signal(signal.SIGSTOP)
        if is_in_a_transaction():
            return True
        worker.process.send_signal(signal.SIGCONT)
        return False

    deployment.wait_until(is_stopped, "a transaction in mid-work", worker)


def test_what_it_had_done_is_void_and_was_done_again_by_the_other(story: Story) -> None:
    shown = Counter(message.value() for message in story.deployment.uncommitted("decisions"))
    committed = Counter(message.value() for message in story.deployment.read("decisions"))
    void = shown - committed
    assert void
    assert void.keys() <= committed.keys()


def test_each_request_is_decided_once_and_as_the_backtest_has_it(story: Story) -> None:
    decisions = story.deployment.decisions()
    assert without_as_of(decisions) == story.expected.decisions
    assert as_of_of(decisions) == story.expected.as_of


def test_the_lists_are_the_backtests(story: Story) -> None:
    assert story.deployment.lists() == story.expected.lists


def test_a_worker_that_was_stopped_for_so_long_says_what_has_become_of_it(story: Story) -> None:
    def is_logged() -> bool:
        log = story.stopped.log.read_text()
        return bool(re.search("the group has given this worker up|^Kafka: ", log, re.MULTILINE))

    story.deployment.wait_until(is_logged, "a word of it", story.other)
    assert "Traceback" not in story.stopped.log.read_text()


def test_a_worker_that_the_group_has_given_up_joins_it_again(stories: dict[str, Story]) -> None:
    deployment, stopped, other, _ = stories["transaction is open"]
    deployment.wait_until_shared_by(["a", "b"], stopped, other)


def test_what_was_aborted_leaves_no_trace_in_the_state(story: Story) -> None:
    deployment, expected = story.deployment, story.expected.persons
    # Whoever is due without a change of the list is looked at a moment after that list is there.
    deployment.wait_until(
        lambda: deployment.persons_in_changelog() == expected, "a look at all who are due"
    )
    for worker in (story.stopped, story.other):
        worker.stop()
    assert deployment.persons("a", "b") == expected
