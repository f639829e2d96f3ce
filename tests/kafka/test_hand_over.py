"""Partitions change hands without anything being lost, and without a restore where it can be."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import NamedTuple

import pytest
from confluent_kafka.admin import AdminClient

from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.worker_process import WorkerProcess
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment, read_topic
from tests.integration.recordings import Expected, expected
from tests.kafka.cluster import KafkaCluster

pytestmark = pytest.mark.kafka

PARTITIONS = 4
SLOWLY = {"batch_records": 1, "checkpoint_records": 10}
"""So many transactions take a while."""


class Story(NamedTuple):
    """Of two workers one is killed twice: the first time it comes back at once."""

    expected: Expected
    deployment: Deployment
    survivor: WorkerProcess
    joins: list[int]
    """How often the survivor had joined the group: before the first kill, and after it."""
    consumed: float
    """How far the group was at the second kill, 1 being all."""


@pytest.fixture(scope="module")
def story(kafka: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    records = list(simulate(persons=500, partitions=PARTITIONS))
    third = len(records) // 3
    folder = tmp_path_factory.mktemp("deployment")
    deployment = Deployment(settings_of(kafka.address, folder), PARTITIONS, DEMO_POLICY)
    deployment.load(records[:third])
    with ExitStack() as stack:
        survivor = stack.enter_context(deployment.worker("b", log_level="debug"))
        killed = stack.enter_context(deployment.worker("a", **SLOWLY))
        deployment.wait_until(lambda: workers_at_work(deployment) == 2, "two at work", survivor)
        deployment.wait_until_consumed(survivor, killed)
        joins = [joins_of(survivor)]
        killed.process.kill()
        killed.process.wait()
        killed = stack.enter_context(deployment.worker("a", **SLOWLY))
        deployment.load(records[third : 2 * third])
        deployment.wait_until_consumed(survivor, killed)
        joins.append(joins_of(survivor))
        before = deployment.consumed() * 2 / 3
        deployment.load(records[2 * third :])
        deployment.wait_until(lambda: deployment.consumed() > before, "more work", killed)
        killed.process.kill()
        killed.process.wait()
        consumed = deployment.consumed()
        deployment.wait_until_consumed(survivor)
        outcome = expected(records, DEMO_POLICY, PARTITIONS)
        deployment.wait_until_lists_are(outcome.lists, survivor)
        survivor.stop()
        yield Story(outcome, deployment, survivor, joins, consumed)
    deployment.close()


def workers_at_work(deployment: Deployment) -> int:
    """How many members of the group have been assigned partitions."""
    admin = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
    [answer] = admin.describe_consumer_groups([deployment.settings.application]).values()
    return sum(bool(member.assignment.topic_partitions) for member in answer.result(10).members)


def joins_of(worker: WorkerProcess) -> int:
    return worker.log.read_text().count("Sending JoinGroup")


def test_a_static_member_that_is_back_within_its_session_takes_nothing_from_the_others(
    story: Story,
) -> None:
    before, after = story.joins
    assert before == after > 0


def test_the_second_kill_was_in_the_middle_of_work(story: Story) -> None:
    assert story.consumed < 1


def test_each_request_is_decided_exactly_once(story: Story) -> None:
    decided = [
        decision["request_id"]
        for decision in chain.from_iterable(story.deployment.decisions().values())
    ]
    assert len(decided) == len(set(decided)) == story.expected.counts.decided


def test_the_lists_are_the_backtests(story: Story) -> None:
    assert story.deployment.lists() == story.expected.lists


def test_whoever_takes_over_has_the_state_already(story: Story) -> None:
    settings = story.deployment.settings
    changelog = len(read_topic(settings, settings.changelog, PARTITIONS))
    restored = sum(map(int, re.findall(r"restored (\d+) records", story.survivor.log.read_text())))
    assert restored < changelog / 10


def test_whoever_takes_over_ends_the_transaction_of_the_dead(story: Story) -> None:
    name = f"{story.deployment.settings.application}-a"
    assert f"the last transaction of {name}" in story.survivor.log.read_text()
