"""What `unhaunt record` and `unhaunt replay` make of their arguments, before they ask a broker."""

import os
import signal
from pathlib import Path

import pytest

from streams.commands.signals import stop_asked_for
from tests.command_line import run, words


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--topic", "clicks"), "--topic: expected one of identities, shares, preferences"),
        (("--from", "yesterday"), "--from: expected an ISO time"),
        (("--to", "2026-13-01"), "--to: expected an ISO time"),
        (("--from", "2026-11-02", "--to", "2026-11-01"), "a time before that of --to"),
        (("--offsets", "purchases/3"), "expected TOPIC/PARTITION/FIRST-LAST"),
        (("--offsets", "clicks/3/1-2"), "expected TOPIC/PARTITION/FIRST-LAST"),
        (
            ("--offsets", "purchases/3/1-2", "--offsets", "purchases/3/5-"),
            "purchases/3/1-2 and purchases/3/5- are of one partition",
        ),
        (("--offsets", "purchases/3/-", "--topic", "purchases"), "leave --topic, --from and --to"),
        (("--offsets", "purchases/3/-", "--continuous"), "--continuous has no end"),
        (("--to", "2026-11-01", "--continuous"), "--continuous has no end"),
        (("--users", "absent.txt"), "absent.txt: No such file"),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], problem: str
) -> None:
    result = run("record", "-o", tmp_path / "recording.jsonl", *arguments)
    assert result.exit_code == 2
    assert problem in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xff\n"])
def test_a_file_of_ids_must_have_some(tmp_path: Path, content: bytes) -> None:
    users = tmp_path / "users.txt"
    users.write_bytes(content)
    result = run("record", "-o", tmp_path / "recording.jsonl", "--users", users)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{users}: expected ids")


def test_a_recording_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    path.write_text("")
    result = run("record", "-o", path)
    assert result.exit_code == 2
    assert result.stderr == f"{path}: is there already; remove it first, or choose another name.\n"


@pytest.mark.parametrize("speed", ["0", "-1", "nan"])
def test_time_cannot_stand_still_or_run_back(speed: str) -> None:
    result = run("replay", "recording.jsonl", f"--speed={speed}")
    assert result.exit_code == 2
    assert "--speed: expected a number above 0" in result.stderr


def test_a_replay_refuses_topics_that_are_not_of_the_contract() -> None:
    result = run("replay", "recording.jsonl", "--topic", "clicks")
    assert result.exit_code == 2
    assert "--topic: expected one of" in words(result.stderr)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_asks_to_stop_is_heeded_in_order_and_who_asks_again_at_once(number: int) -> None:
    before = signal.getsignal(number)
    with stop_asked_for() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        assert signal.getsignal(number) == before
    assert signal.getsignal(number) == before
