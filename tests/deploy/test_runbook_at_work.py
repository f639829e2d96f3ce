"""What the runbook tells people to do, done on a real Kafka: its own lines, with other names."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from streams.kafka.partitioner import partition_of
from streams.kafka.topics import existing
from streams.recording.files import RecordedRecord, read
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings
from tests.deploy import followed
from tests.deploy.paths import DEPLOY
from tests.documents.pages import section, shell_lines
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.integration.recorded import contents
from tests.integration.recordings import expected
from tests.kafka.cluster import KafkaCluster

pytestmark = [pytest.mark.deploy, pytest.mark.kafka]

RUNBOOK = (DEPLOY / "runbook.md").read_text()
PARTITIONS = 2
RECORDS = list(simulate(persons=300, partitions=PARTITIONS))


@pytest.fixture
def deployment(
    is_asked_for: bool, kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    """One with a recording on its topics; commands are run in a folder of its own."""
    if not is_asked_for:
        pytest.skip("`pytest -m deploy` does what the runbook says")
    monkeypatch.chdir(tmp_path)
    settings = settings_of(kafka.address, tmp_path)
    made = Deployment(msgspec.structs.replace(settings, session_seconds=6), PARTITIONS, DEMO_POLICY)
    yield made
    made.close()


def follow(heading: str, deployment: Deployment, *changes: tuple[str, str]) -> None:
    """Do what stands under a heading."""
    lines = shell_lines(section(RUNBOOK, heading))
    followed.follow(lines, deployment.settings, *changes)


def work_off(deployment: Deployment, records: Sequence[RecordedRecord] = ()) -> None:
    """Have a worker take these records, and all that are there, and stop it."""
    deployment.load(records)
    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
        worker.stop()


def in_partitions(records: list[RecordedRecord], partitions: int) -> list[RecordedRecord]:
    """Records where a replay by key puts them."""
    return [
        msgspec.structs.replace(
            record,
            partition=record.partition % partitions
            if record.key is None
            else partition_of(record.key, partitions),
        )
        for record in records
    ]


def test_with_more_partitions_everybody_has_the_list_that_they_would_have_there(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.load(RECORDS)
    follow("Change the number of partitions", deployment)
    known = list(read([tmp_path / "known.jsonl.zst"]))
    assert len(known) == sum(record.topic != "impression-requests" for record in RECORDS)
    outcome = expected(in_partitions(known, 16), DEMO_POLICY, 16)
    wide = msgspec.structs.replace(
        deployment.settings, topic_prefix="wide.", application="unhaunt-wide"
    )
    assert set(existing(wide).values()) == {16}
    there = Deployment(wide, 16, DEMO_POLICY)
    with there.worker() as worker:
        there.wait_until_lists_are(outcome.lists, worker)
        assert there.lists() == outcome.lists
    there.close()


def test_a_record_is_stepped_over_and_nothing_else_is_missing(deployment: Deployment) -> None:
    half = len(RECORDS) // 2
    work_off(deployment, RECORDS[:half])
    deployment.load(RECORDS[half:])
    offset = requests_in(RECORDS[:half], partition=1)
    follow(
        "A poison record",
        deployment,
        ("impression-requests:3", "impression-requests:1"),
        ("impression-requests/3/1041-1041", f"impression-requests/1/{offset}-{offset}"),
        ("1042", str(offset + 1)),
    )
    assert len(contents(Path("poison.jsonl"))) == 1
    work_off(deployment)
    assert len(deployment.read("decisions")) == expected_decisions() - 1


def requests_in(records: list[RecordedRecord], partition: int) -> int:
    """How many requests a partition has, which is the offset of the next one."""
    return sum(r.topic == "impression-requests" and r.partition == partition for r in records)


def expected_decisions() -> int:
    return expected(RECORDS, DEMO_POLICY, PARTITIONS).counts.decided


def test_a_changelog_that_is_gone_is_rebuilt_from_the_inputs(deployment: Deployment) -> None:
    outcome = expected(RECORDS, DEMO_POLICY, PARTITIONS)
    work_off(deployment, RECORDS)
    settings: Settings = deployment.settings
    follow(
        "Restore from nothing",
        deployment,
        ("/var/lib/unhaunt/unhaunt", f"{settings.state_folder}/{settings.application}"),
    )
    with deployment.worker() as worker:
        deployment.wait_until(
            lambda: len(deployment.read("decisions")) == 2 * expected_decisions(),
            "everything decided once more",
            worker,
        )
        deployment.wait_until_lists_are(outcome.lists, worker)
    assert deployment.lists() == outcome.lists
    assert deployment.persons() == outcome.persons


def test_quotas_are_set_for_whom_the_page_says(deployment: Deployment) -> None:
    follow("Quotas", deployment)
    *setting, asking = shell_lines(section(RUNBOOK, "Quotas"))
    brokers = deployment.settings.kafka.brokers
    described = followed.run_tool(*asking.replace("$UNHAUNT_BROKERS", brokers).split())
    for line in setting:
        words = line.split()
        user, quotas = words[words.index("--entity-name") + 1], words[-1].split(",")
        [shown] = [line for line in described.splitlines() if f"'{user}'" in line]
        assert [quota for quota in quotas if quota.partition("=")[0] not in shown] == []
