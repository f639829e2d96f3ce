"""A recording that was interrupted, or is continuous, has every record once."""

import signal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.errors import UserError
from streams.recording import frames
from streams.recording.live.recorder import Recorder
from streams.recording.live.resumable import ResumableFile
from streams.recording.live.wanted import Wanted
from streams.settings import Settings
from tests.integration.conftest import Deploy
from tests.integration.deployment import SECONDS, Deployment
from tests.integration.recorded import (
    contents,
    done,
    numbered,
    numbers,
    record,
    recorded,
    start_recording,
    until_recorded,
)
from tests.kafka.clients import create_new
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def large(deploy: Deploy) -> Deployment:
    """Enough for ten frames."""
    deployment = deploy(2)
    deployment.load(numbered(40_000, size=1_000))
    return deployment


@pytest.fixture(scope="module")
def whole(large: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings of it that were not interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    for name in ("recording.jsonl", "recording.jsonl.zst"):
        recorded(large.settings, folder / name)
    return folder


def interrupt(settings: Settings, path: Path) -> None:
    """A run of which some frames are safe when it is stopped."""
    with ResumableFile(path) as file:
        recorder = Recorder(settings, Wanted(), file)
        assert not recorder.run(lambda _: None, lambda: file.progress is not None)


# --- interrupted ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "number", "exit_code"),
    [
        ("recording.jsonl", signal.SIGKILL, -signal.SIGKILL),
        ("recording.jsonl.zst", signal.SIGKILL, -signal.SIGKILL),
        ("recording.jsonl.zst", signal.SIGINT, 130),
        ("recording.jsonl", signal.SIGTERM, 130),
    ],
)
def test_an_interrupted_recording_goes_on_to_be_what_it_would_have_been(
    large: Deployment, whole: Path, tmp_path: Path, name: str, number: int, exit_code: int
) -> None:
    path = tmp_path / name
    for _ in range(2):
        before = done(path)
        with start_recording(large.settings, path) as process:
            wait_until(partial(_is_beyond, path, before), "a frame")
            process.send_signal(number)
            process.communicate(timeout=SECONDS)
        assert process.returncode == exit_code
        assert not path.exists()
    result = record(large.settings, path)
    assert result.exit_code == 0
    assert result.stderr.startswith("Going on behind ")
    assert path.read_bytes() == (whole / name).read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == [name]


def _is_beyond(path: Path, records: int) -> bool:
    return done(path) > records


@pytest.fixture
def small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FRAME_BYTES", 1_000)


@pytest.fixture
def interrupted(
    deploy: Deploy, tmp_path: Path, small_frames: None, monkeypatch: pytest.MonkeyPatch
) -> tuple[Deployment, Path]:
    """A recording of which a part is safe."""
    monkeypatch.setattr("streams.recording.live.merged_reading.READ_AT_ONCE", 10)
    deployment = deploy(2)
    deployment.load(numbered(100))
    path = tmp_path / "recording.jsonl"
    interrupt(deployment.settings, path)
    assert 0 < done(path) < 100
    return deployment, path


def test_what_comes_while_it_is_interrupted_is_behind_its_end(
    interrupted: tuple[Deployment, Path],
) -> None:
    deployment, path = interrupted
    deployment.load(numbered(50))
    assert numbers(recorded(deployment.settings, path)) == list(range(100))


def test_other_options_do_not_go_on_with_it(interrupted: tuple[Deployment, Path]) -> None:
    deployment, path = interrupted
    result = record(deployment.settings, path, "--user", "ann")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{path}: was begun with other options.")


def test_records_that_were_deleted_meanwhile_are_not_passed_over_silently(
    interrupted: tuple[Deployment, Path],
) -> None:
    deployment, path = interrupted
    topic = deployment.settings.topic("impression-requests")
    client = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
    [cut] = client.delete_records([TopicPartition(topic, 1, 49)]).values()
    cut.result(SECONDS)
    result = record(deployment.settings, path)
    assert result.exit_code == 2
    assert f"{topic}, partition 1: offsets " in result.stderr
    assert "to 48 were deleted before they were recorded" in result.stderr


def test_records_that_were_deleted_when_they_had_been_recorded_do_no_harm(
    deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.recording.live.merged_reading.READ_AT_ONCE", 10)
    deployment = deploy(2)
    deployment.load(
        msgspec.structs.replace(each, partition=int(number >= 10))
        for number, each in enumerate(numbered(1_000))
    )
    path = tmp_path / "recording.jsonl"
    with ResumableFile(path) as file:
        recorder = Recorder(deployment.settings, Wanted(), file)
        assert not recorder.run(lambda _: None, lambda: recorder.written.total() >= 10)
    deployment.load(numbered(1))
    topic = deployment.settings.topic("impression-requests")
    client = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
    [cut] = client.delete_records([TopicPartition(topic, 0, 11)]).values()
    cut.result(SECONDS)
    assert numbers(recorded(deployment.settings, path)) == list(range(1_000))


def test_a_topic_that_was_made_anew_meanwhile_is_another(
    interrupted: tuple[Deployment, Path],
) -> None:
    deployment, path = interrupted
    topic = deployment.settings.topic("impression-requests")
    client: Any = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
    client.delete_topics([topic])[topic].result(SECONDS)
    wait_until(lambda: topic not in client.list_topics(timeout=SECONDS).topics, "its end")
    assert "not the topic any more" in record(deployment.settings, path).stderr
    create_new(client, NewTopic(topic, 2, 1))
    assert "not the topic any more" in record(deployment.settings, path).stderr


def test_records_that_are_deleted_while_they_are_read_are_not_passed_over_silently(
    interrupted: tuple[Deployment, Path], tmp_path: Path
) -> None:
    deployment, _ = interrupted
    with ResumableFile(tmp_path / "other.jsonl") as file:
        recorder = Recorder(deployment.settings, Wanted(), file)
        topic = deployment.settings.topic("impression-requests")
        client = AdminClient({"bootstrap.servers": deployment.settings.kafka.brokers})
        [cut] = client.delete_records([TopicPartition(topic, 1, 49)]).values()
        cut.result(SECONDS)
        with pytest.raises(UserError, match="deleted before they could be recorded"):
            recorder.run(lambda _: None, lambda: False)


# --- continuous ----------------------------------------------------------------------------------


def test_a_continuous_recording_has_each_record_once_however_it_is_stopped_and_gone_on_with(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy(2)
    path = tmp_path / "live.jsonl.zst"
    stops = (signal.SIGINT, signal.SIGKILL, signal.SIGTERM)
    for life, number in enumerate(stops, start=1):
        deployment.load(numbered(100))
        until_recorded(deployment.settings, path, 100 * life, number)
        assert path.exists() == (number != signal.SIGKILL)
    once = tmp_path / "once.jsonl"
    assert len(recorded(deployment.settings, once)) == len(stops) * 100
    assert sorted(contents(path)) == sorted(contents(once))
