"""A recording that was interrupted goes on exactly where it was safe on disk."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from streams.errors import SourceError
from streams.recording import frames
from streams.recording.files import RecordedRecord, Writer, read, record_of
from streams.recording.live.progress import Progress, Reached, encode
from streams.recording.live.resumable import ResumableFile
from streams.recording.live.wanted import Wanted

RECORDS = [
    record_of("purchases", b"ann", f'{{"number": {number}}}'.encode(), number)
    for number in range(100)
]
NAMES = ("recording.jsonl", "recording.jsonl.zst")


@pytest.fixture(autouse=True)
def small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some nine lines each."""
    monkeypatch.setattr(frames, "FRAME_BYTES", 800)


def progress(done: int, *, is_continuous: bool = False) -> Progress:
    """After so many records of the only partition."""
    return Progress(
        wanted=Wanted(is_continuous=is_continuous),
        topic_ids={"purchases": "1"},
        positions=[Reached("purchases", 0, done, len(RECORDS))],
        written={"purchases": done},
    )


def position(file: ResumableFile) -> int:
    return file.progress.positions[0].position if file.progress else 0


def write(file: ResumableFile, records: Iterable[RecordedRecord]) -> None:
    """What a recorder does with what it reads, from where it stands."""
    done = position(file)
    for record in records:
        done += 1
        if file.write(record):
            file.save(progress(done))


def interrupted_after(path: Path, records: int, *, is_saved: bool = False) -> None:
    """A run that ends after so many records, either without notice or in order."""
    with ResumableFile(path) as file:
        done = position(file)
        write(file, RECORDS[done : done + records])
        if is_saved:
            file.save(progress(min(done + records, len(RECORDS))))


def finished(path: Path) -> bytes:
    with ResumableFile(path) as file:
        write(file, RECORDS[position(file) :])
        file.finish(progress(len(RECORDS)))
    return path.read_bytes()


def in_one_go(path: Path) -> bytes:
    with Writer(path) as writer:
        for record in RECORDS:
            writer.write(record)
    return path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
@given(
    lives=st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.binary(max_size=50)), max_size=5)
)
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_however_often_it_is_interrupted_it_becomes_the_file_of_one_that_never_was(
    tmp_path_factory: pytest.TempPathFactory, name: str, lives: list[tuple[int, bool, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("recording")
    path = folder / name
    for records, is_saved, torn in lives:
        interrupted_after(path, records, is_saved=is_saved)
        part = folder / f"{name}.part"
        if part.exists():
            with part.open("ab") as file:
                file.write(torn)
    expected = in_one_go(folder / f"whole-{name}")
    assert finished(path) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_recording_leaves_nothing_beside_it(tmp_path: Path, name: str) -> None:
    interrupted_after(tmp_path / name, 50)
    finished(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_of_nothing_can_be_read(tmp_path: Path, name: str) -> None:
    with ResumableFile(tmp_path / name) as file:
        file.finish(progress(0))
    assert list(read([tmp_path / name])) == []


def test_until_it_is_finished_there_is_no_file_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / NAMES[0]
    interrupted_after(path, 50)
    assert not path.exists()
    assert {each.name for each in tmp_path.iterdir()} == {
        "recording.jsonl.part",
        "recording.jsonl.progress",
    }


def test_what_ends_before_anything_was_safe_leaves_nothing(tmp_path: Path) -> None:
    interrupted_after(tmp_path / NAMES[0], 3)
    assert list(tmp_path.iterdir()) == []


def test_what_was_saved_is_kept_though_its_frame_has_not_ended(tmp_path: Path) -> None:
    path = tmp_path / NAMES[1]
    interrupted_after(path, 3, is_saved=True)
    with ResumableFile(path) as file:
        assert position(file) == 3
        file.finish(progress(3))
    assert len(list(read([path]))) == 3


def test_a_continuous_recording_that_was_stopped_can_be_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / NAMES[1]
    for first in (0, 50):
        with ResumableFile(path) as file:
            assert position(file) == first
            for record in RECORDS[first : first + 50]:
                file.write(record)
            file.finish(progress(first + 50, is_continuous=True))
        assert [record.offset for record in read([path])] == list(range(first + 50))


def test_progress_has_the_form_that_earlier_releases_read_and_wrote() -> None:
    written = msgspec.json.decode(encode(progress(3)))
    assert (written["version"], written["places"]) == (1, [["purchases", 0, 3, len(RECORDS), None]])


def test_a_run_that_died_when_it_had_just_given_the_file_its_name_is_made_good(
    tmp_path: Path,
) -> None:
    path = tmp_path / NAMES[0]
    with ResumableFile(path) as file:
        write(file, RECORDS)
        file.finish(progress(len(RECORDS), is_continuous=True))
    assert finished(path) == in_one_go(tmp_path / "whole.jsonl")
    assert not file.progress_file.exists()


def test_a_recording_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / NAMES[0]
    in_one_go(path)
    with pytest.raises(SourceError, match="is there already"), ResumableFile(path):
        pass
    assert len(list(read([path]))) == len(RECORDS)


def test_two_do_not_write_one_recording(tmp_path: Path) -> None:
    path = tmp_path / NAMES[0]
    with (
        ResumableFile(path),
        pytest.raises(SourceError, match="another process is recording to it"),
        ResumableFile(path),
    ):
        pass


@pytest.mark.parametrize(
    ("damaged", "damage"),
    [
        ("progress", lambda content: content[:-10]),
        ("progress", lambda _: b"[" * 100_000),
        ("part", lambda content: content[:-10]),
    ],
    ids=["progress cut off", "progress nested deeply", "file cut off"],
)
def test_a_progress_that_does_not_fit_is_said_and_nothing_is_touched(
    tmp_path: Path, damaged: str, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / NAMES[0]
    interrupted_after(path, 50)
    file = tmp_path / f"{path.name}.{damaged}"
    file.write_bytes(damage(file.read_bytes()))
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with pytest.raises(SourceError, match="remove both to begin anew"), ResumableFile(path):
        pass
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(SourceError, match="cannot be written"),
        ResumableFile(tmp_path / "no/r.jsonl"),
    ):
        pass


def test_a_name_that_could_not_be_read_again_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"\.jsonl or \.jsonl\.zst"):
        ResumableFile(tmp_path / "recording.json")
