"""A worker that cannot work says why in one line, with an exit code that says it too."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from streams.engine.state.store import Memory, Store
from streams.kafka.topics import create, plan
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings
from streams.supervision.worker_process import WorkerProcess
from tests.integration.conftest import Deploy, settings_of
from tests.integration.deployment import Deployment
from tests.kafka.clients import create_new
from tests.kafka.cluster import KafkaCluster
from tests.waiting import SECONDS

pytestmark = pytest.mark.kafka


def last_words(worker: WorkerProcess) -> tuple[int, str]:
    """Exit code and last line of a worker that ends by itself, and not with a traceback."""
    code = worker.process.wait(SECONDS)
    log = worker.log.read_text()
    assert "Traceback" not in log
    return code, log.splitlines()[-1]


def test_without_topics_it_says_which_command_creates_them(
    settings: Settings, tmp_path: Path
) -> None:
    with WorkerProcess(settings, tmp_path / "log") as worker:
        code, line = last_words(worker)
    assert code == 2
    assert settings.topic("purchases") in line
    assert "unhaunt topics apply" in line
    assert worker.log.read_text().count("\n") == 1


def test_with_unequal_numbers_of_partitions_it_says_which(
    settings: Settings, tmp_path: Path
) -> None:
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    create_new(client, NewTopic(settings.topic("dismissals"), 2, 1))
    create(settings, plan(settings, 3))
    with WorkerProcess(settings, tmp_path / "log") as worker:
        code, line = last_words(worker)
    assert code == 2
    assert f"{settings.topic('dismissals')} 2" in line
    assert f"{settings.topic('purchases')} 3" in line
    assert worker.log.read_text().count("\n") == 1


def test_where_its_folder_should_be_but_is_a_file_it_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    create(settings, plan(settings, 1))
    Path(settings.state_folder).write_text("not a folder")
    with WorkerProcess(settings, tmp_path / "log") as worker:
        code, line = last_words(worker)
    assert code == 2
    assert settings.state_folder in line


@pytest.fixture(scope="module")
def hindered(
    deploy: Deploy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[WorkerProcess, Deployment]]]:
    """Workers that something happens to once they have joined their group, which takes long."""
    with ExitStack() as stack:
        shared = deploy(1)
        folder = shared.state() / "persons" / "0"
        stack.enter_context(Store(folder, Memory(1 << 20, 1 << 20)))
        second = stack.enter_context(shared.worker())

        own_broker = tmp_path_factory.mktemp("own-broker")
        broker = stack.enter_context(KafkaCluster(own_broker))
        left = Deployment(settings_of(broker.address, own_broker), 2, DEMO_POLICY)
        left.load(simulate(persons=1_000, partitions=2))
        lonely = stack.enter_context(left.worker(batch_records=1, transaction_seconds=2))
        left.wait_until(lambda: left.consumed() > 0, "a checkpoint", lonely)
        broker.kill(1)
        left.close()
        yield {"second": (second, shared), "lonely": (lonely, left)}


def test_where_its_folder_is_another_workers_it_says_so(
    hindered: dict[str, tuple[WorkerProcess, Deployment]],
) -> None:
    worker, deployment = hindered["second"]
    code, line = last_words(worker)
    assert code == 2
    assert str(deployment.state()) in line
    assert "UNHAUNT_INSTANCE" in line


def test_when_its_broker_goes_away_in_mid_work_it_ends_and_says_so(
    hindered: dict[str, tuple[WorkerProcess, Deployment]],
) -> None:
    worker, _ = hindered["lonely"]
    code, line = last_words(worker)
    assert code == 2
    assert line.startswith("Kafka: ")
    # Which of the two it is depends on whether it was waiting for a checkpoint.
    assert re.search(r"Timed out|a checkpoint was not answered within \d+ seconds", line)
