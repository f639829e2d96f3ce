"""`unhaunt simulate`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.recording.files import RecordedRecord, read
from streams.recording.simulated import simulate
from tests.command_line import run


def test_it_writes_the_recording_of_the_demo_with_as_many_people_as_were_asked_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shop.jsonl.zst"
    options = ("--persons", 5, "--partitions", 2, "--seed", 3)
    result = run("simulate", "-o", path, *options)
    expected = list(simulate(persons=5, partitions=2, seed=3))
    assert list(read([path])) == expected
    assert result.stdout == f"{path}: {len(expected):,} records\n"


def test_what_it_writes_is_read_by_a_backtest(tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl"
    run("simulate", "-o", path, "--persons", 5)
    assert run("backtest", path).exit_code == 0


def test_who_watches_is_told_that_people_are_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written, and no bar for that shown, until all of them have lived."""
    shown: list[str] = []

    @contextmanager
    def bar(what: str, total: int, then: str = "") -> Iterator[Callable[[int], object]]:
        shown.append(then or what)
        yield lambda _: None

    def simulated(*_: object) -> Iterator[RecordedRecord]:
        assert shown == ["Simulating"]
        return iter(())

    monkeypatch.setattr("streams.commands.simulate.progress_bar", bar)
    monkeypatch.setattr("streams.commands.simulate.simulated", simulated)
    assert run("simulate", "-o", tmp_path / "made.jsonl").exit_code == 0
