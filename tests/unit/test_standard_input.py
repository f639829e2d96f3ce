"""Recordings on standard input: read as often as a command needs, by as many processes."""

import gzip
import io
import lzma
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from streams.errors import SourceError
from streams.recording import standard_input
from streams.recording.files import read
from streams.recording.standard_input import StandardInput, keep_standard_input
from tests.command_line import json_lines, run, run_on, start_process, write_recording

COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}
ORDER = {"event_id": "e1", "event": "order_completed", "order_id": "o1",
         "products": [{"product_id": "p1"}]}  # fmt: skip
REQUEST = {"request_id": "r1", "candidates": [{"product_id": "p1"}, {"product_id": "p2"}]}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(
        tmp_path / "recording.jsonl",
        ("catalog", "p1", {}),
        *(("purchases", f"u{number}", ORDER) for number in range(20)),
        *(("impression-requests", f"u{number}", REQUEST) for number in range(20)),
    )


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], StandardInput]:
    """Gives a command's standard input this content, and has it kept."""

    def give(content: bytes) -> StandardInput:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return keep_standard_input(lambda _: ".jsonl")

    return give


@pytest.mark.parametrize("compression", COMPRESSED)
def test_what_comes_is_read_as_often_as_one_likes_however_it_is_compressed(
    recording: Path, given: Callable[[bytes], StandardInput], compression: str
) -> None:
    kept = given(COMPRESSED[compression](recording.read_bytes()))
    expected = [record.value for record in read([recording])]
    for _ in range(2):
        assert [record.value for record in read([kept])] == expected


def test_what_comes_has_no_name_by_which_others_could_open_it(
    given: Callable[[bytes], StandardInput],
) -> None:
    kept = given(b"{}")
    assert os.stat(kept).st_nlink == 0


def test_what_comes_is_gone_once_nobody_reads_it(given: Callable[[bytes], StandardInput]) -> None:
    kept = given(b"{}")
    path = os.fspath(kept)
    assert os.path.exists(path)
    del kept
    assert not os.path.exists(path)


def test_a_line_that_is_no_record_is_named_as_one_of_standard_input(
    recording: Path, given: Callable[[bytes], StandardInput]
) -> None:
    kept = given(recording.read_bytes() + b"no record\n")
    with pytest.raises(SourceError, match=r"^standard input, line 42: "):
        list(read([kept]))


def test_compressed_data_that_lost_its_end_is_an_error(
    given: Callable[[bytes], StandardInput],
) -> None:
    with pytest.raises(SourceError, match=r"^standard input: ends in the middle"):
        given(gzip.compress(b"{}")[:-1])


def test_no_room_is_told(
    monkeypatch: pytest.MonkeyPatch, given: Callable[[bytes], StandardInput]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(standard_input.shutil, "copyfileobj", full)
    with pytest.raises(SourceError, match=r"No space left on device. TMPDIR names another folder"):
        given(b"{}")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_backtest_of_it_decides_as_one_of_the_file(
    recording: Path, tmp_path: Path, processes: int
) -> None:
    expected = run("backtest", recording, "--decisions", "-").stdout
    content = zstandard.compress(recording.read_bytes())
    result = run_on(content, "backtest", "-", "--processes", processes, "--decisions", "-")
    assert result.stdout.decode() == expected
    assert len(json_lines(expected)) == 20


@pytest.mark.parametrize(
    "arguments",
    [
        "report RECORDING --json -",
        "explain RECORDING --user u1 --product p1",
        "catalog check RECORDING --allow 100",
        "formats check RECORDING",
        "anonymise RECORDING --key-file key -o made.jsonl --force",
        "backtest RECORDING --policy policy.toml --policy policy.toml",
    ],
)
def test_every_command_reads_it(
    recording: Path, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    monkeypatch.chdir(recording.parent)
    Path("policy.toml").write_text("")
    Path("key").write_text("k" * 64)
    Path("key").chmod(0o600)
    expected = run(*arguments.replace("RECORDING", recording.name).split())
    result = run_on(recording.read_bytes(), *arguments.replace("RECORDING", "-").split())
    assert (result.returncode, expected.exit_code) == (0, 0)
    assert result.stdout.decode() == expected.stdout.replace(recording.name, "standard input")


def test_it_can_be_named_once(recording: Path) -> None:
    result = run_on(recording.read_bytes(), "backtest", "-", "-")
    assert result.returncode == 2
    assert result.stderr == b"-: named more than once; there is one standard input.\n"


def test_what_stands_in_the_way_is_told_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_text("old")
    reading, writing = os.pipe()  # nothing comes, and it stays open
    try:
        process = start_process(
            "backtest", "-", "--decisions", tmp_path / "old.jsonl", stdin=reading
        )
        assert "is there already" in process.communicate(timeout=60)[1]
    finally:
        os.close(reading)
        os.close(writing)
