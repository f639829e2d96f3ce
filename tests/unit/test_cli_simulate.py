"""`unhaunt simulate`."""

from pathlib import Path

from streams.recording.files import read
from streams.recording.line_order import in_line_order
from streams.recording.simulated import simulate
from tests.command_line import run


def test_it_writes_the_recording_of_the_demo_with_as_many_people_as_were_asked_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shop.jsonl.zst"
    options = ("--persons", 5, "--partitions", 2, "--seed", 3)
    result = run("simulate", "-o", path, *options)
    expected = list(in_line_order(simulate(persons=5, partitions=2, seed=3)))
    assert list(read([path])) == expected
    assert result.stdout == f"{path}: {len(expected):,} records\n"


def test_what_it_writes_is_read_by_a_backtest(tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl"
    run("simulate", "-o", path, "--persons", 5)
    assert run("backtest", path).exit_code == 0
