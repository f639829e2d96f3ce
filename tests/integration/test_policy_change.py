"""A policy that changes while workers run counts from one place in the order on."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from schemas.records import Event, Request
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord
from streams.supervision.worker_process import WorkerProcess
from tests.builders import DAY, HOUR, NOW, dismissal, line, purchase, recorded, request
from tests.command_line import json_lines
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, counts_of
from tests.integration.recordings import Expected, expected, without_as_of
from tests.integration.slow_worker import slowly

pytestmark = pytest.mark.kafka

PARTITIONS = 2
FETCH_RECORDS = 40
"""So few at once that a worker is at work for some seconds."""
BEFORE = 'version = "before"'
AFTER = """
version = "after"
[purchase]
scope = "product"
window_days = 400
[dismissal.not_interested]
days = 1
"""
PEOPLE = [f"person-{number}" for number in range(100)]


class Changed(NamedTuple):
    """Requests of which some came while one policy was in force, and the others after that."""

    before: Expected
    """What a backtest says up to the first requests, by the first policy."""
    after: Expected
    """What a backtest says of all, by the second one."""
    deployment: Deployment
    lists_between: dict[str, dict[str, Any]]
    """The lists after the change, before anything more was said."""
    worker: WorkerProcess
    log: str


@pytest.fixture(scope="module")
def changed(deploy: Deploy) -> Changed:
    begun = [*_evidence(), *_requests(NOW + HOUR)]
    later = _requests(NOW + 2 * DAY)
    first, rest = placed(begun), placed(later)
    before = expected(first, BEFORE, PARTITIONS)
    between = expected(first, AFTER, PARTITIONS)
    after = expected(placed([*begun, *later]), AFTER, PARTITIONS)
    deployment = deploy(PARTITIONS, BEFORE)
    deployment.load(first)
    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
        deployment.wait_until_lists_are(before.lists, worker)
        deployment.use_policy('[consent]\nmode = "optin"')
        deployment.wait_until(
            lambda: "its file is wrong" in worker.log.read_text(), "a refusal", worker
        )
        deployment.use_policy(AFTER)
        deployment.wait_until_lists_are(between.lists, worker)
        lists = deployment.lists()
        deployment.load(rest)
        deployment.wait_until_consumed(worker)
        worker.stop()
    return Changed(before, after, deployment, lists, worker, worker.log.read_text())


def _evidence() -> list[Event]:
    bought = [
        purchase("tv", order_id=f"o-{user}", event_id=f"b-{user}", user_id=user) for user in PEOPLE
    ]
    rejected = [
        dismissal("not_interested", event_id=f"d-{user}", user_id=user, product_id="mug")
        for user in PEOPLE
    ]
    return [*bought, *rejected]


def _requests(ts: int) -> list[Event]:
    return [
        request("tv", "mug", request_id=f"r-{ts}-{user}", user_id=user, ts=ts) for user in PEOPLE
    ]


def placed(events: Sequence[Event]) -> list[RecordedRecord]:
    """The events as they were recorded, each where its person's records belong."""
    return recorded(
        line(event, partition=partition_of(event.user_id.encode(), PARTITIONS)) for event in events
    )


def test_what_was_decided_before_and_after_is_what_either_policy_says(changed: Changed) -> None:
    for number, decisions in without_as_of(changed.deployment.decisions()).items():
        before = changed.before.decisions[number]
        assert decisions == before + changed.after.decisions[number][len(before) :]


def test_each_decision_says_by_which_policy_it_was_made(changed: Changed) -> None:
    for number, decisions in changed.deployment.decisions().items():
        half = len(changed.before.decisions[number])
        versions = [decision["policy"] for decision in decisions]
        assert versions == ["before"] * half + ["after"] * (len(versions) - half)


def test_every_list_follows_though_nothing_new_was_said(changed: Changed) -> None:
    assert {each["policy"] for each in changed.lists_between.values()} == {"after"}


def test_a_wrong_file_is_refused_logged_and_counted(changed: Changed) -> None:
    [line] = [line for line in changed.log.splitlines() if "its file is wrong" in line]
    assert "the policy stays before" in line
    assert "consent.mode" in line
    assert counts_of(changed.worker)["policies_refused"] == 1


def test_the_log_says_when_the_policy_changed(changed: Changed) -> None:
    assert changed.log.count("the policy is after from here on, and was before") == 1


def test_a_change_in_mid_work_repeats_nothing_loses_nothing_and_comes_once(
    deploy: Deploy, tmp_path: Path
) -> None:
    events = [*_evidence(), *(r for hour in range(60) for r in _requests(NOW + hour * HOUR))]
    deployment = deploy(PARTITIONS, BEFORE)
    deployment.load(placed(events))
    program = slowly(tmp_path, FETCH_RECORDS)
    with deployment.worker("a", program, checkpoint_records=100) as worker:
        deployment.wait_until(
            lambda: len(deployment.decisions()) == PARTITIONS, "decisions of all partitions", worker
        )
        deployment.use_policy(AFTER)
        worker.process.send_signal(signal.SIGHUP)
        deployment.wait_until_consumed(worker)
        worker.stop()
    asked = sorted(event.request_id for event in events if isinstance(event, Request))
    decisions = deployment.decisions()
    assert sorted(d["request_id"] for made in decisions.values() for d in made) == asked
    for made in decisions.values():
        versions = [decision["policy"] for decision in made]
        assert versions == sorted(versions, reverse=True), "before, and from one place on after"
        assert set(versions) == {"before", "after"}, "it was in mid-work"


def test_a_unit_hands_sighup_on_to_all_of_its_workers(deploy: Deploy) -> None:
    deployment = deploy(PARTITIONS, BEFORE)
    two = ("-m", "streams", "worker", "--processes", "2")
    with deployment.worker("u", two, log_format="json") as unit:
        deployment.wait_until_shared_by(("u-1", "u-2"), unit)
        unit.process.send_signal(signal.SIGHUP)
        deployment.wait_until(
            lambda: unit.log.read_text().count("its file says nothing else") == 2, "looks", unit
        )
        assert unit.stop() == 0
    lines = json_lines(unit.log.read_text())
    assert {line.get("worker") for line in lines} == {None, "u-1", "u-2"}
