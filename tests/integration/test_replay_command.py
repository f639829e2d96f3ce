"""`unhaunt replay` on a real Kafka: where records go, what is refused, how it is stopped."""

import signal
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from streams.kafka.partitioner import partition_of
from streams.recording.files import json_record, record_of
from streams.settings import Settings
from tests.command_line import start_process
from tests.integration.conftest import Deploy
from tests.integration.deployment import SECONDS, Deployment
from tests.integration.recorded import AWKWARD, NOW, environment_of, numbered, replay, written
from tests.kafka.clients import topic_config

pytestmark = pytest.mark.kafka

DAY = 86_400_000


def configure(deployment: Deployment, topic: str, name: str, value: str) -> None:
    """Change one thing about a topic, and wait until the broker has heard of it."""
    broker, topic = deployment.settings.kafka.brokers, deployment.settings.topic(topic)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    resource.add_incremental_config(
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    )
    client = AdminClient({"bootstrap.servers": broker})
    client.incremental_alter_configs([resource])[resource].result(SECONDS)
    deployment.wait_until(lambda: topic_config(broker, topic, [name]) == {name: value}, name)


# --- where records go ----------------------------------------------------------------------------


def test_records_go_to_the_partitions_that_they_were_in(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(3)
    recording = written(tmp_path / "recording.jsonl", *AWKWARD)
    assert replay(deployment.settings, recording).exit_code == 0
    sent = [record.partition for record in AWKWARD if record.topic == "purchases"]
    assert [each.partition() for each in deployment.read("purchases")] == sorted(sent)


def test_a_recording_on_standard_input_is_replayed_too(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(3)
    recording = written(tmp_path / "recording.jsonl.zst", *AWKWARD)
    environment = environment_of(deployment.settings)
    with (
        recording.open("rb") as file,
        start_process("replay", "-", stdin=file.fileno(), **environment) as process,
    ):
        assert process.wait(SECONDS) == 0
    sent = sorted(record.partition for record in AWKWARD if record.topic == "purchases")
    assert [each.partition() for each in deployment.read("purchases")] == sent


def test_by_key_they_go_where_kafkas_own_clients_put_them(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(3)
    users = [f"u{number}" for number in range(50)]
    recording = written(
        tmp_path / "recording.jsonl",
        *(json_record("purchases", user, {}, NOW, 8) for user in users),
        record_of("purchases", None, b"{}", NOW, partition=7),
    )
    result = replay(deployment.settings, recording)
    assert result.exit_code == 2
    assert "has 3 partitions, and the recording is of 8 at least" in result.stderr
    assert replay(deployment.settings, recording, "--by-key").exit_code == 0
    partitions = {message.key(): message.partition() for message in deployment.read("purchases")}
    assert partitions.pop(None) == 7 % 3
    assert partitions == {user.encode(): partition_of(user.encode(), 3) for user in users}


def test_records_whose_keys_belong_elsewhere_are_told_of(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(7)
    recording = written(
        tmp_path / "recording.jsonl",
        *(json_record("purchases", f"u{number}", {}, NOW, 3) for number in range(50)),
    )
    result = replay(deployment.settings, recording)
    assert result.exit_code == 0
    assert "--by-key places them anew" in " ".join(result.stderr.split())


def test_outputs_stay_where_they_are_unless_they_are_named(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(1)
    recording = written(
        tmp_path / "recording.jsonl",
        *(record_of(topic, b"k", b"{}", NOW) for topic in ("purchases", "decisions", "clicks")),
    )
    result = replay(deployment.settings, recording)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Replayed: 1",
        "Left where they are, clicks, no topic of Unhaunt's: 1",
        "Left where they are, decisions, with --topic only: 1",
    ]
    assert deployment.read("decisions") == []
    assert replay(deployment.settings, recording, "--topic", "decisions").exit_code == 0
    assert len(deployment.read("decisions")) == 1


# --- what is refused -----------------------------------------------------------------------------


def test_topics_that_are_not_there_are_named_with_how_to_create_them(
    settings: Settings, tmp_path: Path
) -> None:
    result = replay(settings, written(tmp_path / "recording.jsonl", *numbered(2)))
    assert result.exit_code == 2
    assert result.stderr == (
        f"These topics are missing at {settings.kafka.brokers}: "
        f"{settings.topic('impression-requests')}. "
        "Create them with: unhaunt topics apply --partitions 2\n"
    )


def test_topics_with_records_are_refused_unless_they_are_to_be_appended_to(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(2)
    recording = written(tmp_path / "recording.jsonl", *numbered(10))
    assert replay(deployment.settings, recording).exit_code == 0
    result = replay(deployment.settings, recording)
    assert result.exit_code == 2
    topic = deployment.settings.topic("impression-requests")
    assert result.stderr.startswith(f"There are records already on {topic}.")
    assert replay(deployment.settings, recording, "--append").exit_code == 0
    assert len(deployment.read("impression-requests")) == 20


def test_a_topic_that_would_give_records_other_times_is_refused(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(2)
    configure(deployment, "impression-requests", "message.timestamp.type", "LogAppendTime")
    result = replay(deployment.settings, written(tmp_path / "recording.jsonl", *numbered(2)))
    assert result.exit_code == 2
    assert "Set its message.timestamp.type to CreateTime." in result.stderr


def test_a_topic_that_will_not_keep_them_is_told_of(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(2)
    configure(deployment, "impression-requests", "retention.ms", str(7 * DAY))
    result = replay(deployment.settings, written(tmp_path / "recording.jsonl", *numbered(2)))
    assert result.exit_code == 0
    topic = deployment.settings.topic("impression-requests")
    assert f"Note: {topic} keeps records for 7 days" in result.stderr


def test_a_recording_without_anything_to_replay_is_refused(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(1)
    recording = written(tmp_path / "recording.jsonl", record_of("clicks", b"k", b"{}", NOW))
    result = replay(deployment.settings, recording)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{recording}: no records of catalog, dismissals")


def test_a_damaged_recording_is_refused_before_anything_is_sent(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(2)
    recording = written(tmp_path / "recording.jsonl", *numbered(3))
    with recording.open("ab") as file:
        file.write(b"{oops\n")
    result = replay(deployment.settings, recording)
    assert result.exit_code == 2
    assert f"{recording}, line 4: " in result.stderr
    assert deployment.read("impression-requests") == []


def test_a_record_that_the_brokers_do_not_take_ends_it_and_says_how_far_it_came(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(2)
    configure(deployment, "impression-requests", "max.message.bytes", "1000")
    records = [*numbered(1), *numbered(1, size=20_000)]
    result = replay(deployment.settings, written(tmp_path / "recording.jsonl", *records))
    assert result.exit_code == 2
    topic = deployment.settings.topic("impression-requests")
    assert f"{topic}, partition 0: Broker: Message size too large" in result.stderr
    assert len(result.stderr.splitlines()) == 1


# --- original time -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_replay_that_is_stopped_says_how_far_it_came(
    deploy: Deploy, tmp_path: Path, number: int
) -> None:
    deployment = deploy(1)
    recording = written(
        tmp_path / "recording.jsonl",
        record_of("purchases", b"ann", b"1", NOW),
        record_of("purchases", b"ann", b"2", NOW + DAY),
        record_of("catalog", b"mug-7", b"{}", NOW + 2 * DAY),
    )
    arguments = ("replay", recording, "--speed", 1)
    with start_process(*arguments, **environment_of(deployment.settings)) as process:
        deployment.wait_until(lambda: len(deployment.read("purchases")) == 1, "the first purchase")
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stdout) == (130, "")
    assert stderr.startswith("Interrupted: 2 of 3 records are on the topics")
    assert [message.value() for message in deployment.read("purchases")] == [b"1"]
    assert len(deployment.read("catalog")) == 1


def test_a_time_before_1970_is_replayed_as_the_first_that_kafkas_client_can_send(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(1)
    records = [record_of("purchases", b"ann", b"{}", timestamp) for timestamp in (0, -5)]
    assert replay(deployment.settings, written(tmp_path / "r.jsonl", *records)).exit_code == 0
    assert [message.timestamp()[1] for message in deployment.read("purchases")] == [1, 1]
