"""What people did is written for the user who runs Unhaunt, and for nobody else."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.app import create_app
from streams.engine.state.store import Memory, Store
from streams.errors import SourceError
from streams.owner_only import make_folder_for_owner, open_for_owner
from streams.recording.files import Writer, json_record
from streams.recording.live.progress import Progress
from streams.recording.live.resumable import ResumableFile
from streams.recording.live.wanted import Wanted
from streams.settings import Settings
from streams.view.copies import Copies
from tests.command_line import run, write_recording

OWNER = 0o700


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """Everybody may do everything, unless it is said otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def shared(folder: Path) -> dict[str, str]:
    """The files and folders of which others than the owner may do anything, and what."""
    return {
        str(path.relative_to(folder)): oct(path.stat().st_mode & 0o777)
        for path in folder.rglob("*")
        if path.stat().st_mode & 0o777 & ~OWNER and not is_below_a_closed_folder(path, folder)
    }


def is_below_a_closed_folder(path: Path, folder: Path) -> bool:
    between = path.parents[: path.parents.index(folder)]
    return any(parent.stat().st_mode & 0o077 == 0 for parent in between)


def write_with_writer(folder: Path) -> None:
    with Writer(folder / "recording.jsonl.zst") as writer:
        writer.write(json_record("purchases", "ann", {}, 1, 1))


def record(folder: Path) -> None:
    with ResumableFile(folder / "recording.jsonl") as recording:
        recording.write(json_record("purchases", "ann", {}, 1, 1))
        recording.save(Progress(wanted=Wanted(), topic_ids={}, positions=[]))


def store(folder: Path) -> None:
    Store(folder / "state" / "3", Memory(1 << 20, 1 << 20)).close()


def copy(folder: Path) -> None:
    copies = Copies(folder / "copies")
    copies[3].clear()
    copies.close()


def begin_worker(folder: Path) -> None:
    settings = Settings(state_folder=str(folder / "state"), instance="one")

    async def begin() -> None:  # without a loop at work, Faust makes one that nobody closes
        create_app(settings, ["purchases"])

    asyncio.run(begin())


def run_commands(folder: Path) -> None:
    given = write_recording(folder / "given.jsonl", ("purchases", "ann", {"event": "x"}))
    given.chmod(0o600)
    (folder / "key").write_text("k" * 64)
    (folder / "key").chmod(0o600)
    outputs = [folder / name for name in ("decisions.jsonl", "lists.jsonl")]
    run("backtest", given, "--decisions", outputs[0], "--lists", outputs[1])
    run("anonymise", given, "--key-file", folder / "key", "-o", folder / "made.jsonl")
    run("simulate", "-o", folder / "simulated.jsonl", "--persons", "2")
    run("report", given, "--json", folder / "report.json")
    assert len([*folder.iterdir()]) == 7


WRITERS: list[Callable[[Path], None]] = [
    write_with_writer,
    record,
    store,
    copy,
    begin_worker,
    run_commands,
]


@pytest.mark.parametrize("write", WRITERS)
def test_others_may_do_nothing_with_what_is_written(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path)
    made_on_the_way = {"state", "state/unhaunt", "copies"}
    assert shared(tmp_path).keys() <= made_on_the_way
    assert any(tmp_path.iterdir())


def test_what_was_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "kept").write_text("kept")
    with open_for_owner(tmp_path / "file"), open_for_owner(tmp_path / "kept", keep=True) as kept:
        assert kept.read() == b"kept"
    make_folder_for_owner(tmp_path / "folder")
    assert shared(tmp_path) == {}


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    for name in ("made.jsonl.part", "recorded.jsonl.part"):
        (tmp_path / name).symlink_to(tmp_path / "precious")
    with Writer(tmp_path / "made.jsonl"):
        pass
    with (
        pytest.raises(SourceError, match="cannot be written"),
        ResumableFile(tmp_path / "recorded.jsonl"),
    ):
        pass
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_key_that_others_may_read_is_pointed_out(tmp_path: Path) -> None:
    key, given = tmp_path / "key", write_recording(tmp_path / "given.jsonl")
    key.write_text("k" * 64)
    result = run("anonymise", given, "--key-file", key, "-o", tmp_path / "made.jsonl")
    assert f"`chmod 600 {key}` keeps it to you" in " ".join(result.stderr.split())
    key.chmod(0o600)
    result = run("anonymise", given, "--key-file", key, "-o", tmp_path / "made.jsonl")
    assert "chmod" not in result.stderr
