"""`unhaunt anonymise`."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.command_line import json_lines, run, run_process, words, write_recording

KEY = "0123456789abcdef"
ORDER = {"event_id": "e1", "event": "order_completed", "order_id": "o1", "email": "ann@example.com",
         "products": [{"product_id": "tv", "categories": ["electronics"]}]}  # fmt: skip
REQUEST = {"request_id": "r1", "candidates": [{"product_id": "tv"}, {"product_id": "mug"}]}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(
        tmp_path / "recording.jsonl",
        ("purchases", "ann", ORDER),
        ("purchases", "ann", {"event_id": "e2"}),
        ("decisions", "ann", {}),
        ("impression-requests", "ann", REQUEST),
    )


def anonymise(*arguments: object, **environment: str) -> Any:
    return run("anonymise", *arguments, **{"UNHAUNT_ANONYMISE_KEY": KEY, **environment})


def test_a_backtest_of_the_result_decides_the_same_under_other_names(
    recording: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "shared.jsonl"
    assert anonymise(recording, "-o", shared).exit_code == 0
    for name in (b"ann", b"tv", b"mug", b"o1", b"e1", b"r1", b"example.com"):
        assert name not in shared.read_bytes()
    [before] = json_lines(run("backtest", recording, "--decisions", "-").stdout)
    [after] = json_lines(run("backtest", shared, "--decisions", "-").stdout)
    assert after["request_id"] != before["request_id"]
    assert (len(after["suppressed"]), len(after["allowed"])) == (1, 1)
    for unchanged in ("reason", "scope", "since", "until"):
        assert after["suppressed"][0][unchanged] == before["suppressed"][0][unchanged]


def test_the_summary_accounts_for_every_record_and_for_what_was_left_out(
    recording: Path, tmp_path: Path
) -> None:
    summary = words(anonymise(recording, "-o", tmp_path / "shared.jsonl").stderr)
    for count in (
        "Records written 3",
        "purchases 2",
        "impression-requests 1",
        "dead: missing_field 1",
        "records of the topic decisions 1",
        "fields that the contract does not name 1",
    ):
        assert count in summary


def test_what_is_nobodys_by_the_policy_in_force_stays(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('[identity]\nblocked = ["ann"]\n')
    shared = tmp_path / "shared.jsonl"
    anonymise(recording, "-o", shared, UNHAUNT_POLICY=str(tmp_path / "policy.toml"))
    [decision] = json_lines(run("backtest", shared, "--decisions", "-").stdout)
    assert decision["user_id"] == "ann"


def test_several_recordings_become_one(recording: Path, tmp_path: Path) -> None:
    more = write_recording(tmp_path / "more.jsonl", ("impression-requests", "ann", REQUEST))
    shared = tmp_path / "shared.jsonl.zst"
    assert anonymise(recording, more, "-o", shared).exit_code == 0
    decisions = json_lines(run("backtest", shared, "--decisions", "-").stdout)
    assert len({decision["user_id"] for decision in decisions}) == 1
    assert len(decisions) == 2


def test_the_key_is_that_of_the_file_or_else_that_of_the_environment(
    recording: Path, tmp_path: Path
) -> None:
    key_file = tmp_path / "anonymise.key"
    key_file.write_text(f"{KEY}\n")
    by_file, by_variable, by_both = (tmp_path / f"{name}.jsonl" for name in "abc")
    assert run("anonymise", recording, "-o", by_file, "--key-file", key_file).exit_code == 0
    assert anonymise(recording, "-o", by_variable).exit_code == 0
    other = KEY[::-1]
    result = anonymise(
        recording, "-o", by_both, "--key-file", key_file, UNHAUNT_ANONYMISE_KEY=other
    )
    assert result.exit_code == 0
    assert by_file.read_bytes() == by_variable.read_bytes() == by_both.read_bytes()


def test_a_key_in_the_environment_is_no_unknown_setting(recording: Path) -> None:
    assert run("backtest", recording, UNHAUNT_ANONYMISE_KEY=KEY).exit_code == 0


@pytest.mark.parametrize("key", ["", "short", "x" * 65])
def test_a_key_that_is_too_short_or_too_long_is_refused_without_being_shown(
    recording: Path, tmp_path: Path, key: str
) -> None:
    key_file = tmp_path / "anonymise.key"
    key_file.write_text(key)
    shared = tmp_path / "shared.jsonl"
    for result, source in (
        (anonymise(recording, "-o", shared, "--key-file", key_file), str(key_file)),
        (anonymise(recording, "-o", shared, UNHAUNT_ANONYMISE_KEY=key), "UNHAUNT_ANONYMISE_KEY"),
    ):
        assert result.exit_code == 2
        assert result.stderr == (
            f"{source}: expected a key of 16 to 64 bytes, got {len(key)}; "
            "`openssl rand -hex 32` makes one.\n"
        )
    assert not shared.exists()


def test_no_key_is_a_mistake_that_says_where_one_comes_from(
    recording: Path, tmp_path: Path
) -> None:
    result = run_process("anonymise", recording, "-o", tmp_path / "shared.jsonl")
    assert (result.returncode, result.stdout) == (2, "")
    [error] = result.stderr.splitlines()
    assert "--key-file" in error
    assert "UNHAUNT_ANONYMISE_KEY" in error


def test_a_key_file_that_cannot_be_read_is_named(recording: Path, tmp_path: Path) -> None:
    absent = tmp_path / "absent.key"
    result = run("anonymise", recording, "-o", tmp_path / "a.jsonl", "--key-file", absent)
    assert result.exit_code == 2
    assert result.stderr == f"{absent}: cannot be read: No such file or directory\n"


def test_a_recording_is_not_written_over(recording: Path) -> None:
    before = recording.read_bytes()
    result = anonymise(recording, "-o", recording)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{recording}: named more than once")
    assert recording.read_bytes() == before


def test_a_line_that_is_no_record_is_named_and_nothing_is_left_behind(
    recording: Path, tmp_path: Path
) -> None:
    with recording.open("ab") as file:
        file.write(orjson.dumps({"topic": "purchases"}) + b"\n")
    result = anonymise(recording, "-o", tmp_path / "shared.jsonl")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{recording}, line 5: ")
    assert list(tmp_path.iterdir()) == [recording]
