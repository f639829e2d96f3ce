"""Recording a replay gives the same recording, to the byte, on a real Kafka."""

import re
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from tests.command_line import run
from tests.documents.pages import Page
from tests.integration.conftest import Deploy
from tests.integration.deployment import SECONDS, Deployment
from tests.integration.recorded import (
    AWKWARD,
    NOW,
    contents,
    environment_of,
    leave_holes,
    numbered,
    recorded,
    replay,
)
from tests.integration.recordings import random_records

pytestmark = pytest.mark.kafka

PARTITIONS = 2


@pytest.fixture(scope="module")
def awkward(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """All that a topic may hold: awkward bytes, nulls, disorder, holes, and the usual as well."""
    deployment = deploy(PARTITIONS)
    deployment.load(AWKWARD)
    leave_holes(deployment.settings, "purchases")
    deployment.load(random_records([1, 2, 3], PARTITIONS, tmp_path_factory.mktemp("random")))
    deployment.load(AWKWARD)
    leave_holes(deployment.settings, "decisions")
    _delete_the_first(deployment, "dismissals", 3)
    return deployment


def _delete_the_first(deployment: Deployment, topic: str, records: int) -> None:
    client = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
    partition = TopicPartition(deployment.settings.topic(topic), 0, records)
    client.delete_records([partition])[partition].result(SECONDS)


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.zst"])
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--topic", "purchases", "--topic", "decisions"),
        ("--user", "ann"),
        ("--from", NOW + 1, "--to", NOW + 5),
    ],
    ids=str,
)
def test_a_recording_of_a_replay_is_the_recording(
    awkward: Deployment, deploy: Deploy, tmp_path: Path, ending: str, options: tuple[object, ...]
) -> None:
    first, second = tmp_path / f"first{ending}", tmp_path / f"second{ending}"
    recorded(awkward.settings, first, *options)
    assert len(contents(first)) > 1
    empty = deploy(PARTITIONS)
    topics = options if options[:1] == ("--topic",) else ()
    result = replay(empty.settings, first, *topics)
    assert (result.exit_code, result.stdout) == (0, f"Replayed: {len(contents(first)):,}\n")
    recorded(empty.settings, second, *topics)
    assert second.read_bytes() == first.read_bytes()


def test_the_example_on_the_page_about_recording_is_true(
    deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = Page("README.md").blocks("jsonl")
    [example] = Page("streams/recording/live/README.md").blocks("console")
    (tmp_path / "first.jsonl").write_text(first)
    monkeypatch.chdir(tmp_path)
    environment = environment_of(deploy(8).settings)
    _, _, *steps = re.split(r"^\$ unhaunt (.*)\n", example, flags=re.MULTILINE)[1:]
    for command, shown in zip(steps[::2], steps[1::2], strict=True):
        result = run(*command.split(), **environment)
        lines = [line.rstrip() for line in (result.stdout + result.stderr).splitlines()]
        assert (result.exit_code, lines) == (0, shown.splitlines())
    came_back, sent = ([(each.topic, each.key) for each in contents(tmp_path / name)]
                       for name in ("again.jsonl.zst", "first.jsonl"))  # fmt: skip
    assert came_back == sent


def test_so_is_that_of_a_replay_in_scaled_time(deploy: Deploy, tmp_path: Path) -> None:
    deployment, empty = deploy(PARTITIONS), deploy(PARTITIONS)
    deployment.load(numbered(20))
    first = recorded(deployment.settings, tmp_path / "first.jsonl")
    assert replay(empty.settings, tmp_path / "first.jsonl", "--speed", 1_000).exit_code == 0
    assert recorded(empty.settings, tmp_path / "second.jsonl") == first


def test_a_recording_of_some_offsets_is_replayed_from_the_first_offset_on(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment, empty = deploy(PARTITIONS), deploy(PARTITIONS)
    deployment.load(numbered(20))
    some = ("--offsets", "impression-requests/1/3-7", "--keep-offsets")
    first = recorded(deployment.settings, tmp_path / "first.jsonl", *some)
    assert replay(empty.settings, tmp_path / "first.jsonl").exit_code == 0
    recorded(empty.settings, tmp_path / "second.jsonl", "--keep-offsets")
    assert contents(tmp_path / "second.jsonl") == contents(tmp_path / "first.jsonl")
    assert [b'"offset":%d,' % number in line for number, line in enumerate(first, 3)] == [True] * 5
