"""A rolling restart: workers of two versions side by side in one group, and nothing is amiss."""

import shutil
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import schemas
import streams
from streams import __version__
from streams.recording.files import record_of
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.worker_process import PROGRAM, WorkerProcess
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.probes import by, free_port, is_ready, samples, value
from tests.integration.recordings import Expected, expected, without_as_of

pytestmark = pytest.mark.kafka

PARTITIONS = 4
WORKERS = ("a", "b")
HALVES = dict.fromkeys(WORKERS, PARTITIONS / len(WORKERS))
NEXT = "0.99.0"


class Group:
    """Two static members, each of which can be replaced by one of another version."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._stack = ExitStack()
        self._ports = {name: free_port() for name in WORKERS}
        self.workers: dict[str, WorkerProcess] = {}

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, name: str, program: tuple[str, ...]) -> None:
        """Start one of them; where it was started before, in its place."""
        port = self._ports[name]
        # On a busy machine, too, a restart is to take less than the session.
        worker = self._deployment.worker(name, program, http_port=port, session_seconds=60)
        self.workers[name] = self._stack.enter_context(worker)

    def replace(self, name: str, program: tuple[str, ...]) -> int:
        """Stop one in order and start another version; returns the exit code of the old one."""
        code = self.workers[name].stop()
        self.start(name, program)
        self.wait_until_ready(name)
        return code

    def wait_until_ready(self, name: str) -> None:
        self._deployment.wait_until(
            lambda: is_ready(self._ports[name]), f"{name} ready", *self.workers.values()
        )

    def wait_until_halved(self) -> None:
        """Wait until each works on its half of the partitions."""
        for name in WORKERS:
            self.wait_until_ready(name)
        self._deployment.wait_until(
            lambda: self.metric_by_worker("partitions") == HALVES, "halves", *self.workers.values()
        )

    def load(self, records: list[Any]) -> None:
        """Put records onto the topics of which the workers see all at once, as a backtest does."""
        for worker in self.workers.values():
            worker.process.send_signal(signal.SIGSTOP)
        for number in range(PARTITIONS):  # answers the fetch that a broker holds for a worker
            self._deployment.load([record_of("preferences", None, b"no JSON", 0, partition=number)])
        self._deployment.load(records)
        for worker in self.workers.values():
            worker.process.send_signal(signal.SIGCONT)

    def wait_until_consumed(self) -> None:
        self._deployment.wait_until_consumed(*self.workers.values())

    def versions(self) -> dict[str, set[str]]:
        """The version that each says it has."""
        return {
            name: {*by(samples(port), "build_info", "version")}
            for name, port in self._ports.items()
        }

    def metric_by_worker(self, metric: str) -> dict[str, float]:
        """What each says of itself."""
        return {name: value(samples(port), metric) for name, port in self._ports.items()}


class Upgrade(NamedTuple):
    """A recording that came in three parts, with a worker replaced before the second and third."""

    expected: Expected
    deployment: Deployment
    versions: list[dict[str, set[str]]]
    """What ran when each of the parts was worked off."""
    partitions: list[dict[str, float]]
    restored: dict[str, float]
    """Records that the new ones had to restore."""
    exit_codes: list[int]


@pytest.fixture(scope="module")
def upgrade(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Upgrade:
    records = list(simulate(persons=300, partitions=PARTITIONS))
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    third = len(records) // 3
    parts = [records[:third], records[third : 2 * third], records[2 * third :]]
    deployment = deploy(PARTITIONS, DEMO_POLICY)
    new = program_of(copy_of_the_code(tmp_path_factory.mktemp("next"), NEXT))
    versions, partitions, codes = [], [], []
    deployment.load(parts[0])
    with Group(deployment) as group:
        for name in WORKERS:
            group.start(name, PROGRAM)
        group.wait_until_consumed()
        group.wait_until_halved()
        versions.append(group.versions())
        partitions.append(group.metric_by_worker("partitions"))
        for name, part in zip(WORKERS, parts[1:], strict=True):
            codes.append(group.replace(name, new))
            group.load(part)
            group.wait_until_consumed()
            versions.append(group.versions())
            partitions.append(group.metric_by_worker("partitions"))
        deployment.wait_until_lists_are(outcome.lists, *group.workers.values())
        restored = group.metric_by_worker("restored_records_total")
    return Upgrade(outcome, deployment, versions, partitions, restored, codes)


def copy_of_the_code(folder: Path, version: str) -> Path:
    """The packages under another version number."""
    for package in (streams, schemas):
        [source] = package.__path__
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / package.__name__, ignore=without)
    named = folder / "streams" / "__init__.py"
    named.write_text(named.read_text().replace(f'"{__version__}"', f'"{version}"'))
    return folder


def program_of(folder: Path) -> tuple[str, ...]:
    """What Python is given to run a worker from a copy of the code."""
    return (
        "-c",
        f"import sys; sys.path.insert(0, {str(folder)!r}); sys.argv = ['unhaunt', 'worker']; "
        "from streams.cli import main; main()",
    )


def test_old_and_new_version_work_side_by_side(upgrade: Upgrade) -> None:
    old, new = {__version__}, {NEXT}
    assert upgrade.versions == [{"a": old, "b": old}, {"a": new, "b": old}, {"a": new, "b": new}]


def test_a_rolling_restart_moves_no_partitions(upgrade: Upgrade) -> None:
    assert upgrade.partitions == [HALVES] * 3


def test_a_worker_that_is_replaced_stops_in_order(upgrade: Upgrade) -> None:
    assert upgrade.exit_codes == [0, 0]


def test_a_new_version_goes_on_from_the_state_that_the_old_one_left(upgrade: Upgrade) -> None:
    assert upgrade.restored == dict.fromkeys(WORKERS, 0)


def test_everything_is_decided_once_as_one_version_would(upgrade: Upgrade) -> None:
    assert without_as_of(upgrade.deployment.decisions()) == upgrade.expected.decisions


def test_the_lists_are_those_that_one_version_would_keep(upgrade: Upgrade) -> None:
    assert upgrade.deployment.lists() == upgrade.expected.lists


def test_the_state_is_to_the_byte_that_of_one_version(upgrade: Upgrade) -> None:
    assert upgrade.deployment.persons(*WORKERS) == upgrade.expected.persons
