"""What a worker tells of itself by HTTP is what it did, and its health goes through its states."""

import os
import re
import shutil
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from schemas.decoding import InvalidRecord, decode
from schemas.topics import PERSON_TOPICS
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.worker_process import WorkerProcess
from streams.suppression.policy import Policy
from tests.integration.conftest import Deploy, settings_of
from tests.integration.deployment import Deployment, read_topic
from tests.integration.probes import (
    Samples,
    by,
    free_port,
    get,
    health,
    is_ready,
    samples,
    value,
)
from tests.kafka.cluster import KafkaCluster
from tests.waiting import SECONDS

pytestmark = pytest.mark.kafka

PARTITIONS = 3


class Story(NamedTuple):
    """A recording that one worker has worked off, and what it told then."""

    records: list[RecordedRecord]
    deployment: Deployment
    worker: WorkerProcess
    port: int
    scraped: Samples
    startup: tuple[int, Any]
    ready: tuple[int, Any]
    live: tuple[int, Any]


@pytest.fixture(scope="module")
def story(deploy: Deploy) -> Iterator[Story]:
    records = list(simulate(persons=300, partitions=PARTITIONS))
    deployment = deploy(PARTITIONS, DEMO_POLICY)
    deployment.load(records)
    port = free_port()
    with deployment.worker(http_port=port) as worker:
        deployment.wait_until_consumed(worker)
        deployment.wait_until(lambda: is_ready(port), "readiness", worker)
        # The group may know of the last checkpoint a moment before the worker does.
        deployment.wait_until(lambda: is_accounted_for(samples(port)), "the last account", worker)
        yield Story(
            records,
            deployment,
            worker,
            port,
            samples(port),
            *(health(port, check) for check in ("startup", "ready", "live")),
        )


def is_accounted_for(scraped: Samples) -> bool:
    """Whether all that was decided and joined has been committed."""
    requests, events = (
        value(scraped, f"{name}_seconds_count") for name in ("request_to_decision", "event_to_list")
    )
    decided = value(scraped, "output_records_total", topic="decisions")
    return (requests, events) == (decided, value(scraped, "joined_events_total"))


# --- what it counts ------------------------------------------------------------------------------


def test_the_records_that_were_sent_are_those_that_it_counts(story: Story) -> None:
    sent = Counter(record.topic for record in story.records if record.topic in PERSON_TOPICS)
    assert by(story.scraped, "input_records_total", "topic") == sent


def test_the_output_that_it_counts_lies_on_the_topics(story: Story) -> None:
    def is_counted(topic: str) -> bool:
        counted = value(samples(story.port), "output_records_total", topic=topic)
        return counted == len(story.deployment.read(topic))

    for topic in ("decisions", "suppressions", "dead-letters"):
        # Lists may still come a little after everything was consumed.
        story.deployment.wait_until(lambda topic=topic: is_counted(topic), topic, story.worker)


def test_candidates_are_counted_as_they_were_decided(story: Story) -> None:
    decisions = [decision for of in story.deployment.decisions().values() for decision in of]
    suppressed = Counter(
        answer["reason"] for decision in decisions for answer in decision["suppressed"]
    )
    ghosted = Counter(answer["reason"] for decision in decisions for answer in decision["ghosted"])
    assert suppressed
    assert by(story.scraped, "suppressed_candidates_total", "reason") == suppressed
    assert by(story.scraped, "ghosted_candidates_total", "reason") == ghosted
    assert value(story.scraped, "allowed_candidates_total") == sum(
        len(decision["allowed"]) for decision in decisions
    )


def test_some_ids_of_products_are_counted_by_whether_the_catalog_knows_them(story: Story) -> None:
    counted = by(story.scraped, "product_ids_total", "catalog")
    assert counted["product"] > 0
    assert counted.get("alias", 0) == 0  # the catalog has none
    topics = by(story.scraped, "product_ids_total", "topic")
    assert max(topics, key=lambda topic: topics[topic]) == "impression-requests"


def test_dead_letters_are_counted_by_what_is_wrong(story: Story) -> None:
    wrong: Counter[str] = Counter()
    for record in story.records:
        if record.topic in PERSON_TOPICS:
            try:
                decode(record.topic, record.key, record.value, record.timestamp)
            except InvalidRecord as problem:
                wrong[problem.code] += 1
    assert wrong
    assert by(story.scraped, "dead_letters_total", "code") == wrong


def test_each_request_is_timed_until_its_decision_and_each_event_until_its_list(
    story: Story,
) -> None:
    assert value(story.scraped, "request_to_decision_seconds_count") > 0
    assert value(story.scraped, "event_to_list_seconds_count") > 0
    assert is_accounted_for(story.scraped)


def test_who_has_taken_everything_has_no_lag(story: Story) -> None:
    assert by(story.scraped, "lag_records", "topic") == {}
    assert by(story.scraped, "lag_seconds", "topic") == {}


def test_it_tells_the_state_that_it_has(story: Story) -> None:
    assert value(story.scraped, "partitions") == PARTITIONS
    assert by(story.scraped, "stage", "stage") == {"working": 1}
    assert value(story.scraped, "rebalances_total") >= 1
    assert value(story.scraped, "cached_persons") > 0
    found = by(story.scraped, "person_lookups_total", "found")
    assert found["memory"] > 0
    assert value(story.scraped, "checkpoint_seconds_count") > 0
    assert value(story.scraped, "batch_records_sum") == sum(
        by(story.scraped, "input_records_total", "topic").values()
    )
    assert by(story.scraped, "policy_info", "version") == {Policy.from_toml(DEMO_POLICY).version: 1}


def test_its_memory_is_told_as_that_of_any_process(story: Story) -> None:
    assert story.scraped["process_resident_memory_bytes", frozenset()] > 10_000_000


# --- health --------------------------------------------------------------------------------------


def test_a_worker_at_work_has_started_is_ready_and_alive(story: Story) -> None:
    assert (story.startup[0], story.ready[0], story.live[0]) == (200, 200, 200)
    assert story.ready[1] == {"ok": True, "why": f"it works on {PARTITIONS} partitions"}


@pytest.mark.parametrize("path", ["/", "/health", "/health/other", "/tables", "/persons/ann"])
def test_nothing_else_is_to_be_had(story: Story, path: str) -> None:
    assert get(story.port, path)[0] == 404


def test_it_listens_on_the_loopback_alone(story: Story) -> None:
    assert get(story.port, "/health/live", host="127.0.0.2") == (0, b"")


def test_until_the_group_has_shared_out_a_worker_is_alive_but_neither_started_nor_ready(
    deploy: Deploy,
) -> None:
    deployment = deploy(1)
    port, second_port = free_port(), free_port()
    with deployment.worker("a", http_port=port, session_seconds=60) as first:
        deployment.wait_until(lambda: is_ready(port), "readiness", first)
        first.process.kill()
        first.process.wait()
    # The group waits for the first one, which it does not know to be dead.
    with deployment.worker("b", http_port=second_port) as second:
        deployment.wait_until(lambda: health(second_port, "live")[0] == 200, "life", second)
        for check in ("startup", "ready"):
            status, answer = health(second_port, check)
            assert (status, answer) == (
                503,
                {"ok": False, "why": "it waits for the group to assign partitions"},
            )


def test_a_worker_that_was_assigned_nothing_is_ready_to_take_over(deploy: Deploy) -> None:
    deployment = deploy(1)
    ports = {name: free_port() for name in ("a", "b")}
    with (
        deployment.worker("a", http_port=ports["a"]) as first,
        deployment.worker("b", http_port=ports["b"]) as second,
    ):

        def shares() -> list[float]:
            return sorted(value(samples(port), "partitions") for port in ports.values())

        deployment.wait_until(lambda: all(map(is_ready, ports.values())), "both", first, second)
        deployment.wait_until(lambda: shares() == [0, 1], "shares", first, second)
        assert all(map(is_ready, ports.values()))


def test_who_begins_without_a_state_tells_what_was_restored(deploy: Deploy) -> None:
    deployment = deploy(1)
    deployment.load(simulate(persons=50, partitions=1))
    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
    shutil.rmtree(deployment.state())
    port = free_port()
    with deployment.worker(http_port=port) as worker:
        deployment.wait_until(lambda: is_ready(port), "readiness", worker)
        scraped = samples(port)
    changelog = read_topic(deployment.settings, deployment.settings.changelog, 1)
    assert 0 < value(scraped, "restored_records_total") <= len(changelog)
    assert value(scraped, "restore_left_offsets") == 0


def test_a_worker_whose_brokers_are_gone_is_alive_but_not_ready(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("own-broker")
    port = free_port()
    with KafkaCluster(folder) as own:
        deployment = Deployment(settings_of(own.address, folder), 1)
        with deployment.worker(http_port=port) as worker:
            deployment.wait_until(lambda: is_ready(port), "readiness", worker)
            own.kill(1)
            deployment.wait_until(lambda: not is_ready(port), "that it is noticed", worker)
            assert health(port, "ready")[1]["why"] == "the group's coordinator does not answer"
            assert health(port, "live")[0] == 200
            assert health(port, "startup")[0] == 200
            worker.process.kill()  # without a broker it would take long to stop
        deployment.close()


# --- where it answers ----------------------------------------------------------------------------


def test_where_its_port_is_taken_it_ends_and_says_so(deploy: Deploy) -> None:
    deployment = deploy(1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with deployment.worker(http_port=port) as worker:
            assert worker.process.wait(SECONDS) == 2
    [line] = worker.log.read_text().splitlines()
    assert line.startswith(f"UNHAUNT_HTTP_HOST=127.0.0.1, UNHAUNT_HTTP_PORT={port}: ")
    assert "cannot listen there" in line


def test_asked_to_it_answers_at_every_address_of_the_machine(deploy: Deploy) -> None:
    deployment = deploy(1)
    port = free_port()
    with deployment.worker(http_port=port, http_host="0.0.0.0") as worker:
        deployment.wait_until(
            lambda: get(port, "/health/live", host="127.0.0.2")[0] == 200, "an answer", worker
        )


# --- several processes ---------------------------------------------------------------------------


def test_a_unit_of_processes_answers_for_all_of_them_at_one_port(deploy: Deploy) -> None:
    deployment = deploy(4)
    deployment.load(simulate(persons=50, partitions=4))
    port = free_port()
    two = ("-m", "streams", "worker", "--processes", "2")
    with deployment.worker("u", two, http_port=port, session_seconds=60) as unit:
        deployment.wait_until_shared_by(("u-1", "u-2"), unit)
        deployment.wait_until_consumed(unit)
        deployment.wait_until(lambda: is_ready(port), "readiness", unit)
        scraped = samples(port)
        assert by(scraped, "partitions", "worker") == {"u-1": 2, "u-2": 2}
        assert sum(by(scraped, "input_records_total", "worker").values()) == deployment.loaded
        assert by(scraped, "worker_up", "worker") == {"u-1": 1, "u-2": 1}
        assert health(port, "ready")[1]["workers"].keys() == {"u-1", "u-2"}

        [killed] = re.findall(r"u-1 runs as process (\d+)$", unit.log.read_text(), re.MULTILINE)
        os.kill(int(killed), signal.SIGKILL)
        deployment.wait_until(lambda: not is_ready(port), "that it is noticed", unit)
        assert health(port, "live")[0] == 200
        deployment.wait_until(lambda: is_ready(port), "readiness once more", unit)
        assert by(samples(port), "worker_restarts_total", "worker") == {"u-1": 1}
        assert unit.stop() == 0
