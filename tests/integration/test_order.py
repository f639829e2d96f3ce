"""One recording says one thing, however it is fetched, in what batches, by how many (SPEC 6)."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from types import MappingProxyType
from typing import NamedTuple

import pytest

from streams.recording.files import RecordedRecord
from streams.supervision.worker_process import WorkerProcess
from tests.integration import slow_worker
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, counts_of
from tests.integration.recordings import (
    Expected,
    as_of_of,
    expected,
    random_policy,
    random_records,
    without_as_of,
)

pytestmark = pytest.mark.kafka

PARTITIONS = 6
NAMES = ("a", "b", "c")
"""Of the workers."""


class Way(NamedTuple):
    """A way to work a recording off."""

    workers: int
    fetch_records: int = 10_000
    fetch_bytes: int = 1 << 20
    settings: Mapping[str, int] = MappingProxyType({})


WAYS = {
    "all at once, by one": Way(1),
    "record by record, by one": Way(1, fetch_records=1, settings={"batch_records": 1}),
    "few bytes at a time, by two": Way(2, fetch_bytes=1_000, settings={"waiting_records": 5}),
    "few records at a time, by two": Way(2, fetch_records=7, settings={"batch_records": 3}),
    "with checkpoints all the time and hardly any person in memory, by three": Way(
        3, fetch_records=50, settings={"checkpoint_records": 10, "cached_persons": 1}
    ),
}


class Run(NamedTuple):
    """A recording that was worked off in one way."""

    deployment: Deployment
    workers: list[WorkerProcess]

    @property
    def persons(self) -> dict[int, dict[bytes, bytes]]:
        return self.deployment.persons(*NAMES[: len(self.workers)])


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[RecordedRecord]:
    """Of many people in all partitions, in disorder, with repeats, and not all of it right."""
    return random_records(range(40, 46), PARTITIONS, tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def policy() -> str:
    return random_policy(9)


@pytest.fixture(scope="module")
def backtest(records: list[RecordedRecord], policy: str) -> Expected:
    return expected(records, policy, PARTITIONS)


@pytest.fixture(scope="module")
def runs(
    deploy: Deploy,
    records: list[RecordedRecord],
    policy: str,
    backtest: Expected,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Run]]:
    """The recording, worked off in each way, all of them at the same time."""
    gates = tmp_path_factory.mktemp("gates")
    with ExitStack() as stack:
        runs = {}
        for number, (name, way) in enumerate(WAYS.items()):
            deployment = deploy(PARTITIONS, policy)
            deployment.load(records)
            arguments = (number, way.fetch_records, way.fetch_bytes, gates / str(number))
            program = (slow_worker.__file__, *map(str, arguments))
            workers = [
                stack.enter_context(deployment.worker(instance, program, **way.settings))
                for instance in NAMES[: way.workers]
            ]
            runs[name] = Run(deployment, workers)
        for number, (deployment, workers) in enumerate(runs.values()):
            deployment.wait_until_shared_by(NAMES[: len(workers)], *workers)
            (gates / str(number)).touch()
        for deployment, workers in runs.values():
            deployment.wait_until_consumed(*workers)
            # What is still missing comes at once; if it does not, the tests show it.
            deployment.wait_until_lists_are(backtest.lists, *workers, seconds=10)
            for worker in workers:
                assert worker.stop() == 0
        yield runs


@pytest.fixture(params=WAYS)
def run(runs: dict[str, Run], request: pytest.FixtureRequest) -> Run:
    return runs[request.param]


def test_each_worker_has_a_share_of_the_work(run: Run) -> None:
    assert all(counts_of(worker)["decided"] for worker in run.workers)


def test_the_decisions_are_the_backtests_in_the_same_order(run: Run, backtest: Expected) -> None:
    decisions = run.deployment.decisions()
    assert without_as_of(decisions) == backtest.decisions
    assert as_of_of(decisions) == backtest.as_of


def test_the_last_lists_are_the_backtests(run: Run, backtest: Expected) -> None:
    assert run.deployment.lists() == backtest.lists


def test_the_state_is_the_backtests_to_the_byte(run: Run, backtest: Expected) -> None:
    assert len(backtest.persons) == PARTITIONS
    assert all(backtest.persons.values())
    assert run.persons == backtest.persons
