"""A running worker says what a backtest says (SPEC 5 to 7)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from schemas.topics import PERSON_TOPICS
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.worker_process import WorkerProcess
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

PARTITIONS = 4


class Run(NamedTuple):
    """A recording that a worker has worked off."""

    records: list[RecordedRecord]
    expected: Expected
    deployment: Deployment
    worker: WorkerProcess


@pytest.fixture(scope="module")
def runs(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """One run of each recording, at the same time, since joining a group takes long."""
    recordings = {
        "simulated": (list(simulate(persons=300, partitions=PARTITIONS)), DEMO_POLICY),
        **{
            f"random, policy {seed}": (
                random_records(seeds, PARTITIONS, tmp_path_factory.mktemp("recording")),
                random_policy(seed),
            )
            for seed, seeds in ((9, range(20)), (27, range(20, 40)))
        },
    }
    with ExitStack() as stack:
        runs = {}
        for name, (records, policy) in recordings.items():
            deployment = deploy(PARTITIONS, policy)
            deployment.load(records)
            worker = stack.enter_context(deployment.worker())
            runs[name] = Run(records, expected(records, policy, PARTITIONS), deployment, worker)
        for run in runs.values():
            run.deployment.wait_until_consumed(run.worker)
            run.deployment.wait_until_lists_are(run.expected.lists, run.worker)
            assert run.worker.stop() == 0
        yield runs


@pytest.fixture(params=["simulated", "random, policy 9", "random, policy 27"])
def run(runs: dict[str, Run], request: pytest.FixtureRequest) -> Run:
    return runs[request.param]


def test_each_partitions_decisions_are_the_backtests_in_the_same_order(run: Run) -> None:
    assert without_as_of(run.deployment.decisions()) == run.expected.decisions


def test_the_last_list_of_every_person_is_the_backtests(run: Run) -> None:
    assert run.deployment.lists() == run.expected.lists


def test_the_state_is_to_the_byte_what_the_backtest_would_store(run: Run) -> None:
    assert run.deployment.persons() == run.expected.persons


def test_decisions_and_lists_are_in_the_partition_of_their_person(run: Run) -> None:
    home = {record.key: record.partition for record in run.records if record.topic in PERSON_TOPICS}
    for message in run.deployment.read("decisions") + run.deployment.read("suppressions"):
        assert message.partition() == home[message.key()]


def test_every_input_is_decided_joined_or_dead(run: Run) -> None:
    counts = counts_of(run.worker)
    person_records = Counter(r.topic for r in run.records if r.topic in PERSON_TOPICS)
    products = sum(record.topic == "catalog" for record in run.records)
    dead_products = products - run.expected.counts.products
    assert counts["consumed"] == person_records
    assert counts["dead"] == run.expected.counts.dead
    assert (
        counts["decided"] + counts["joined"] + counts["dead"].total()
        == person_records.total() + dead_products
    )
    assert counts["rerouted"] == 0


def test_what_is_not_right_is_in_the_dead_letters_as_it_was_received(run: Run) -> None:
    settings = run.deployment.settings
    received = {
        (settings.topic(record.topic), str(record.partition), str(record.offset)): record
        for record in run.records
    }
    codes: Counter[str] = Counter()
    for message in run.deployment.read("dead-letters"):
        headers = dict(message.headers())
        source = tuple(
            headers[f"unhaunt.{name}"].decode() for name in ("topic", "partition", "offset")
        )
        record = received.pop(source)
        assert (message.key(), message.value()) == (record.key, record.value)
        assert headers["unhaunt.timestamp"] == str(record.timestamp).encode()
        assert headers["unhaunt.detail"]
        assert message.headers()[: len(record.headers)] == list(record.headers)
        codes[headers["unhaunt.error"].decode()] += 1
    assert codes == run.expected.counts.dead


def test_as_of_is_the_newest_event_time_that_was_seen_of_purchases_and_dismissals(run: Run) -> None:
    assert as_of_of(run.deployment.decisions()) == run.expected.as_of


def test_the_catalog_is_known_before_the_first_decision(runs: dict[str, Run]) -> None:
    run = runs["simulated"]
    without = [record for record in run.records if record.topic != "catalog"]
    ignorant = expected(without, DEMO_POLICY, PARTITIONS).decisions
    for number, decisions in without_as_of(run.deployment.decisions()).items():
        first = next(n for n, other in enumerate(ignorant[number]) if decisions[n] != other)
        assert decisions[first] == run.expected.decisions[number][first]
