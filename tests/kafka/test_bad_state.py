"""Topics cut off, deleted or made anew, and disks that fail: a right state or a clear error."""

import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams import __version__
from streams.engine.state.store import PROGRESS
from streams.kafka.offsets import committed
from streams.kafka.topics import create, plan
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings
from streams.supervision.worker_process import WorkerProcess
from streams.suppression.stored import FORMAT, READABLE
from tests.integration.conftest import settings_of
from tests.integration.deployment import (
    SECONDS,
    Deployment,
    counts_of,
    read_topic,
    wait_until,
)
from tests.integration.recordings import expected
from tests.kafka.cluster import KafkaCluster

pytestmark = pytest.mark.kafka


class Interrupted:
    """A deployment of one partition: half of a recording is worked off, and the worker stopped."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.admin: Any = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
        self.records = list(simulate(persons=300, partitions=1))
        self.deployment.load(self.first)
        with deployment.worker() as worker:
            deployment.wait_until_consumed(worker)
            worker.stop()

    @property
    def first(self) -> list[RecordedRecord]:
        return self.records[: len(self.records) // 2]

    @property
    def rest(self) -> list[RecordedRecord]:
        return self.records[len(self.records) // 2 :]

    def make_anew(self, topic: str) -> None:
        settings = self.deployment.settings
        self.admin.delete_topics([topic])[topic].result(SECONDS)
        wait_until(lambda: topic not in self.admin.list_topics().topics, "the topic to be gone")
        create(settings, plan(settings, 1, 1))

    def set_offset(self, topic: str, offset: int) -> None:
        """Set the group's offset, when the group is empty: a stopped static member stays in it
        until its session is over."""
        group = self.deployment.settings.application
        wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, offset)])

        def is_done() -> bool:
            [answer] = self.admin.alter_consumer_group_offsets([wanted]).values()
            [partition] = answer.result(SECONDS).topic_partitions
            return partition.error is None

        wait_until(is_done, "the group to be empty")


def last_words(worker: WorkerProcess) -> tuple[int, str]:
    """Exit code and last line of a worker that ends by itself, and not with a traceback."""
    code = worker.process.wait(SECONDS)
    log = worker.log.read_text()
    assert "Traceback" not in log
    return code, log.splitlines()[-1]


def read_up_to(settings: Settings, topic: str) -> int | None:
    """The offset that the group has committed, None before it did."""
    offset = committed(settings, [(topic, 0)], SECONDS).get((topic, 0))
    return offset and offset.offset


@pytest.fixture
def interrupted(kafka: KafkaCluster, tmp_path: Path) -> Iterator[Interrupted]:
    deployment = Deployment(settings_of(kafka.address, tmp_path), 1, DEMO_POLICY)
    yield Interrupted(deployment)
    deployment.close()


def test_without_state_and_changelog_it_does_not_answer_as_if_nobody_had_bought(
    interrupted: Interrupted,
) -> None:
    deployment = interrupted.deployment
    shutil.rmtree(deployment.state())
    interrupted.make_anew(deployment.settings.changelog)
    with deployment.worker() as worker:
        code, line = last_words(worker)
    assert code == 2
    assert deployment.settings.changelog in line
    assert "records of the changelog are lost" in line
    assert "--to-earliest" in line


@pytest.mark.parametrize(
    ("version", "written"), [("a newer", FORMAT + 1), ("an older", READABLE[0] - 1)]
)
def test_a_state_of_another_version_is_refused(
    interrupted: Interrupted, version: str, written: int
) -> None:
    deployment = interrupted.deployment
    [*_, last] = [
        orjson.loads(message.value())
        for message in read_topic(deployment.settings, deployment.settings.changelog, 1)
        if message.key() == PROGRESS
    ]
    assert last["format"] == FORMAT
    producer = Producer({"bootstrap.servers": deployment.settings.kafka.brokers})
    other = orjson.dumps({**last, "format": written})
    producer.produce(deployment.settings.changelog, other, PROGRESS, 0)
    assert producer.flush(SECONDS) == 0
    with deployment.worker() as worker:
        code, line = last_words(worker)
    assert code == 2
    assert str(deployment.state()) in line
    assert f"was written by {version} version of Unhaunt" in line
    assert f"this version ({__version__}) reads no other than 3 and 4" in line


def test_an_input_that_is_not_the_one_that_was_read_is_refused_until_its_offsets_are_reset(
    interrupted: Interrupted,
) -> None:
    deployment = interrupted.deployment
    topic = deployment.settings.topic("purchases")
    interrupted.make_anew(topic)
    purchases = [record for record in interrupted.records if record.topic == "purchases"]
    deployment.load(purchases)  # more than had been read of the topic that was there before
    with deployment.worker() as worker:
        code, line = last_words(worker)
    assert code == 2
    assert line.startswith(f"{topic}: it is not the topic that was read")
    assert "--to-earliest" in line
    interrupted.set_offset(topic, 0)
    with deployment.worker() as worker:
        deployment.wait_until(
            lambda: read_up_to(deployment.settings, topic) == len(purchases),
            "the new topic read",
            worker,
        )


def test_an_input_that_ends_before_what_was_read_is_refused(interrupted: Interrupted) -> None:
    topic = interrupted.deployment.settings.topic("purchases")
    interrupted.set_offset(topic, 10_000)
    with interrupted.deployment.worker() as worker:
        code, line = last_words(worker)
    assert code == 2
    assert line.startswith(f"{topic}, partition 0: ")
    assert "has read up to offset 10000, but the topic ends before that" in line


def test_input_that_was_deleted_before_it_was_read_is_counted_and_told(
    interrupted: Interrupted,
) -> None:
    deployment = interrupted.deployment
    deployment.load(interrupted.rest)
    topic = deployment.settings.topic("purchases")
    purchases = sum(record.topic == "purchases" for record in interrupted.records)
    lost = sum(record.topic == "purchases" for record in interrupted.rest)
    cut = interrupted.admin.delete_records([TopicPartition(topic, 0, purchases)])
    for answer in cut.values():
        answer.result(SECONDS)
    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
        assert worker.stop() == 0
    assert counts_of(worker)["lost"] == {"purchases": lost}
    assert f"{topic}, partition 0: {lost} records were deleted" in worker.log.read_text()


def test_a_full_disk_ends_the_worker_and_with_room_again_nothing_is_missing(
    interrupted: Interrupted,
) -> None:
    deployment = interrupted.deployment
    with deployment.worker(batch_records=1) as worker:
        deployment.wait_until(lambda: "worker starts" in worker.log.read_text(), "start", worker)
        limit = 100_000  # bytes of any one file: as if the disk were full, but for the log
        resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
        deployment.load(interrupted.rest)
        code, line = last_words(worker)
    assert code == 2
    assert str(deployment.state()) in line
    assert "make some" in line
    outcome = expected(interrupted.records, DEMO_POLICY, 1)
    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
        deployment.wait_until_lists_are(outcome.lists, worker)
    assert deployment.lists() == outcome.lists
    assert len(deployment.read("decisions")) == outcome.counts.decided


def test_a_damaged_state_ends_the_worker_and_without_it_nothing_is_missing(
    interrupted: Interrupted,
) -> None:
    deployment = interrupted.deployment
    folder = deployment.state() / "persons" / "0"
    for file in folder.glob("*.sst"):
        file.write_bytes(b"not what it was")
    with deployment.worker() as worker:
        code, line = last_words(worker)
    assert code == 2
    assert str(folder) in line
    shutil.rmtree(folder)
    deployment.load(interrupted.rest)
    outcome = expected(interrupted.records, DEMO_POLICY, 1)
    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
        deployment.wait_until_lists_are(outcome.lists, worker)
    assert deployment.lists() == outcome.lists
