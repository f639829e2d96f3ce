"""Aliases in the catalog of a deployment: what is missing is seen, proposed, sent, and counts."""

from pathlib import Path

import pytest

from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, record_of
from streams.settings import variables_of
from tests.builders import NOW, line, purchase, recorded
from tests.command_line import run, words, write_recording
from tests.integration.conftest import Deploy
from tests.integration.recordings import expected

pytestmark = pytest.mark.kafka

PARTITIONS = 2
PEOPLE = [f"person-{number}" for number in range(20)]
ORDER = {
    "event_id": "e1",
    "event": "order_completed",
    "order_id": "o1",
    "products": [{"product_id": "wc_post_id_1953"}],
}


def test_what_is_proposed_by_a_deployments_catalog_can_be_sent_to_it(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(1)
    deployment.load(
        [
            record_of("catalog", b"1953", b'{"brand":"acme"}', 1_700_000_000_000),
            record_of("catalog", b"1954", b"{}", 1_700_000_000_000),
            record_of("catalog", b"1954", None, 1_700_000_000_000),
        ]
    )
    environment = variables_of(deployment.settings)
    bought = write_recording(tmp_path / "bought.jsonl", ("purchases", "ann", ORDER))
    proposals = tmp_path / "aliases.jsonl"

    def check() -> tuple[int, str]:
        options = ("--live", "--proposals", proposals, "--force")
        result = run("catalog", "check", bought, *options, **environment)
        return result.exit_code, words(result.stdout)

    exit_code, shown = check()
    assert exit_code == 1, shown
    assert "1 wc_post_id_1953 1953 without the prefix wc_post_id_" in shown
    sent = run("replay", proposals, "--append", "--by-key", **environment)
    assert sent.exit_code == 0, sent.stderr
    assert check() == (0, "purchases: 1 id, 0 not in the catalog (0.0 %), 1 by an alias")


def test_where_there_is_no_catalog_it_says_so(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(1)
    bought = write_recording(tmp_path / "bought.jsonl", ("purchases", "ann", ORDER))
    result = run("catalog", "check", bought, "--live", **variables_of(deployment.settings))
    assert result.exit_code == 2
    assert "There is no product in the catalog" in result.stderr


def test_aliases_that_come_while_a_worker_runs_have_its_lists_made_anew(deploy: Deploy) -> None:
    events = [purchase("wc_post_id_1953", user_id=user, event_id=f"e-{user}") for user in PEOPLE]
    records = placed([record_of("catalog", b"1953", b"{}", NOW), *recorded(map(line, events))])
    aliases = record_of("catalog", b"1953", b'{"aliases":["wc_post_id_1953"]}', NOW)
    before = expected(records, "", PARTITIONS)
    after = expected([*records, aliases], "", PARTITIONS)
    assert before.lists != after.lists
    deployment = deploy(PARTITIONS)
    deployment.load(records)
    with deployment.worker() as worker:
        deployment.wait_until_lists_are(before.lists, worker)
        deployment.load([aliases])
        deployment.wait_until_lists_are(after.lists, worker)
        assert worker.stop() == 0


def placed(records: list[RecordedRecord]) -> list[RecordedRecord]:
    """The records, those of people in the partitions of their keys."""
    for record in records:
        if record.topic != "catalog":
            record.partition = partition_of(record.key or b"", PARTITIONS)
    return records
