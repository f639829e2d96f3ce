"""The broker that the demo brings along: enough for one worker, and gone with who started it."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streams.demo.embedded_broker import EmbeddedBroker
from streams.errors import UserError
from streams.recording.simulated import DEMO_POLICY, simulate
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.integration.recorded import numbered, numbers, record, until_recorded
from tests.integration.recordings import expected, without_as_of

pytestmark = pytest.mark.kafka


def test_a_worker_says_on_the_embedded_broker_what_the_backtest_says(tmp_path: Path) -> None:
    records = list(simulate(persons=100, partitions=2))
    outcome = expected(records, DEMO_POLICY, 2)
    with EmbeddedBroker(tmp_path) as embedded:
        deployment = Deployment(settings_of(embedded.address, tmp_path), 2, DEMO_POLICY)
        deployment.load(records)
        with deployment.worker() as worker:
            deployment.wait_until_consumed(worker)
            deployment.wait_until_lists_are(outcome.lists, worker)
            assert worker.stop() == 0
        assert without_as_of(deployment.decisions()) == outcome.decisions
        assert deployment.lists() == outcome.lists
        deployment.close()


def test_the_embedded_broker_can_be_recorded_from_continuously_alone(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as embedded:
        deployment = Deployment(settings_of(embedded.address, tmp_path), 2)
        deployment.load(numbered(100))
        path = tmp_path / "recording.jsonl"
        result = record(deployment.settings, path)
        assert result.exit_code == 2
        assert "Record from it with --continuous" in result.stderr
        until_recorded(deployment.settings, path, 100, signal.SIGINT)
        assert numbers(path.read_bytes().splitlines()) == list(range(100))
        deployment.close()


def test_a_broker_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", "/bin/false")
    with pytest.raises(UserError, match="did not start"):
        EmbeddedBroker(tmp_path).__enter__()


def test_a_broker_is_gone_when_its_block_ends(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as embedded:
        process_id = embedded.process_id
        os.kill(process_id, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_broker_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from streams.demo.embedded_broker import EmbeddedBroker\n"
        "with EmbeddedBroker(Path(sys.argv[1])) as broker:\n"
        "    print(broker.process_id, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        broker = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    # A process descriptor can be read when its process has ended.
    assert select.select([broker], [], [], 30)[0] == [broker]
    os.close(broker)
