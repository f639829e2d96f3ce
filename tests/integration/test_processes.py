"""`unhaunt worker --processes` runs workers that start, live and end as one."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from confluent_kafka.admin import AdminClient

from streams.engine.state.store import Memory, Store
from streams.kafka.topics import create, plan
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings
from streams.supervision.worker_process import WorkerProcess
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.recordings import Expected, expected, without_as_of
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.kafka

PARTITIONS = 4
MEMBERS = ("u-1", "u-2")
TWO = ("-m", "streams", "worker", "--processes", "2")


def processes(unit: WorkerProcess) -> dict[str, list[int]]:
    """The processes that a unit has said that it started, by member."""
    started: dict[str, list[int]] = {name: [] for name in MEMBERS}
    for name, process in re.findall(r"(\S+) runs as process (\d+)$", log_of(unit), re.MULTILINE):
        started[name].append(int(process))
    return started


def log_of(unit: WorkerProcess) -> str:
    return unit.log.read_text(errors="replace")


def is_running(process: int) -> bool:
    """Whether a process is there, and not merely waits for somebody to ask how it ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return not state.startswith("Z")


@contextmanager
def two_processes(deployment: Deployment, **settings: object) -> Iterator[WorkerProcess]:
    """A unit of two, both of which have their share."""
    with deployment.worker("u", TWO, **settings) as unit:
        deployment.wait_until_shared_by(MEMBERS, unit)
        yield unit


# --- at work, killed, stopped --------------------------------------------------------------------


class Story(NamedTuple):
    """A recording that a unit has worked off, one of whose workers was killed in between."""

    expected: Expected
    deployment: Deployment
    started: dict[str, list[int]]
    consumed: float
    """How far the group was when one worker had been killed."""
    shares: list[dict[str, set[Any]]]
    """What each member had before one was killed, and in the end."""
    exit_code: int
    are_running: bool
    """Whether any of its processes was there when it had ended."""
    log: str


def shares(deployment: Deployment) -> dict[str, set[Any]]:
    """The partitions that the group has given to each member."""
    name = deployment.settings.application
    client = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
    group = client.describe_consumer_groups([name])[name].result(SECONDS)
    return {
        member.group_instance_id: {
            (partition.topic, partition.partition)
            for partition in member.assignment.topic_partitions
        }
        for member in group.members
    }


@pytest.fixture(scope="module")
def story(deploy: Deploy) -> Story:
    """In the middle of the work of a unit one of its workers is killed."""
    records = list(simulate(persons=1_000, partitions=PARTITIONS))
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    deployment = deploy(PARTITIONS, DEMO_POLICY)
    deployment.load(records)
    # It commits so often that it is not done before it is caught. On a busy machine, too, a restart
    # is to take less than the session.
    often = {"batch_records": 1, "checkpoint_records": 200}
    with two_processes(deployment, session_seconds=60, **often) as unit:
        deployment.wait_until(lambda: deployment.consumed() > 0, "a checkpoint", unit)
        first = shares(deployment)
        os.kill(processes(unit)["u-1"][0], signal.SIGKILL)
        consumed = deployment.consumed()
        deployment.wait_until(lambda: len(processes(unit)["u-1"]) == 2, "a restart", unit)
        deployment.wait_until_consumed(unit)
        deployment.wait_until_lists_are(outcome.lists, unit)
        second = shares(deployment)
        started = processes(unit)
        code = unit.stop()
        are_running = any(is_running(process) for lives in started.values() for process in lives)
    return Story(
        outcome, deployment, started, consumed, [first, second], code, are_running, log_of(unit)
    )


def test_it_was_in_the_middle_of_the_work_that_a_process_was_killed(story: Story) -> None:
    assert 0 < story.consumed < 1


def test_each_process_has_a_share_of_the_partitions(story: Story) -> None:
    assert story.shares[0].keys() == set(MEMBERS)
    assert all(story.shares[0].values())
    assert not set.intersection(*story.shares[0].values())


def test_two_processes_decide_everything_once_as_one_worker_would(story: Story) -> None:
    assert without_as_of(story.deployment.decisions()) == story.expected.decisions


def test_two_processes_keep_the_lists_that_one_worker_would(story: Story) -> None:
    assert story.deployment.lists() == story.expected.lists


def test_each_process_keeps_its_state_in_a_folder_of_its_own(story: Story) -> None:
    assert story.deployment.persons(*MEMBERS) == story.expected.persons


def test_a_killed_process_is_replaced_and_the_other_goes_on(story: Story) -> None:
    assert [len(story.started[name]) for name in MEMBERS] == [2, 1]
    assert "u-1 died with SIGKILL" in story.log


def test_who_replaces_a_killed_process_is_the_same_member_with_the_same_share(
    story: Story,
) -> None:
    before, after = story.shares
    assert after == before


def test_told_to_stop_it_stops_its_processes_in_order_and_ends_with_0(story: Story) -> None:
    assert story.exit_code == 0
    assert not story.are_running
    assert "Traceback" not in story.log
    for name in MEMBERS:
        assert len(re.findall(rf"\[{name}\] .*worker stopped: ", story.log)) == 1


def test_every_line_of_a_process_says_whose_it_is(story: Story) -> None:
    of_the_unit = re.compile(r"\S+ \S+ [A-Z]+ streams\.supervision\.worker_unit: ")
    of_a_member = re.compile(r"\S+ \S+ [A-Z]+ \[u-[12]\] [\w.]+: ")
    for line in story.log.splitlines():
        assert of_the_unit.match(line) or of_a_member.match(line), line


# --- the terminal, and the end of the parent -----------------------------------------------------


def test_ctrl_c_in_a_terminal_stops_all_in_order(deploy: Deploy) -> None:
    deployment = deploy(2)
    with two_processes(deployment) as unit:
        os.killpg(unit.process.pid, signal.SIGINT)
        assert unit.process.wait(SECONDS) == 0
    assert "Traceback" not in log_of(unit)
    assert log_of(unit).count("worker stopped: ") == 2


def test_a_parent_that_is_killed_leaves_no_process(deploy: Deploy) -> None:
    deployment = deploy(2)
    with two_processes(deployment) as unit:
        started = [process for lives in processes(unit).values() for process in lives]
        assert all(map(is_running, started))
        unit.process.kill()
        unit.process.wait()
        wait_until(lambda: not any(map(is_running, started)), "the end of all processes")
    assert log_of(unit).count("worker stopped: ") == 2


# --- mistakes ------------------------------------------------------------------------------------


def test_what_is_wrong_for_all_is_said_once(settings: Settings, tmp_path: Path) -> None:
    with WorkerProcess(settings, tmp_path / "log", TWO) as unit:
        assert unit.process.wait(SECONDS) == 2
    [line] = log_of(unit).splitlines()
    assert "unhaunt topics apply" in line


def test_more_processes_than_partitions_are_a_mistake(settings: Settings, tmp_path: Path) -> None:
    create(settings, plan(settings, 1))
    with WorkerProcess(settings, tmp_path / "log", TWO) as unit:
        assert unit.process.wait(SECONDS) == 2
    [line] = log_of(unit).splitlines()
    assert line.startswith("--processes 2: expected at most 1")


def test_a_process_that_cannot_work_says_why_and_ends_all(deploy: Deploy) -> None:
    deployment = deploy(2)
    with ExitStack() as stack:
        for number in ("0", "1"):
            folder = deployment.state("u-2") / "persons" / number
            stack.enter_context(Store(folder, Memory(1 << 20, 1 << 20)))
        unit = stack.enter_context(deployment.worker("u", TWO))
        assert unit.process.wait(SECONDS) == 2
    reasons = [line for line in log_of(unit).splitlines() if "cannot be opened" in line]
    assert len(reasons) == 1
    assert "[u-2]" in reasons[0]
    assert all(len(lives) == 1 for lives in processes(unit).values())
    assert not any(is_running(process) for [process] in processes(unit).values())
    assert "Traceback" not in log_of(unit)
