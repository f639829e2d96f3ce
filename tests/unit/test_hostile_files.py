"""Of a file that stands for much more than it is, little is in memory at a time."""

import gzip
import lzma
import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from streams.errors import SourceError
from streams.recording import golden, sources
from streams.recording.files import Writer, read, record_of
from streams.recording.importing.datacratic import import_datacratic
from streams.recording.importing.jdata import import_jdata
from streams.recording.importing.online_retail import import_online_retail
from streams.recording.sources import LONGEST_LINE, lines_of, open_source

MEBIBYTE = 1 << 20
MUCH = 256 * MEBIBYTE
LITTLE = 48 * MEBIBYTE

COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda content: gzip.compress(content, 1),
    ".zst": zstandard.ZstdCompressor(level=1).compress,
    ".xz": lambda content: lzma.compress(content, preset=0),
}


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """The most bytes that were in memory at a time until it is asked."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_few_bytes_that_stand_for_many_are_decompressed_by_and_by(
    tmp_path: Path, ending: str, peak: Callable[[], int]
) -> None:
    path = tmp_path / f"bomb.jsonl{ending}"
    path.write_bytes(COMPRESSED[ending](bytes(MUCH)))
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    with open_source(path, (".jsonl",)) as file:
        size = sum(len(chunk) for chunk in iter(lambda: file.read(MEBIBYTE), b""))
    assert size == MUCH
    assert peak() - before < LITTLE


def test_a_dictionary_that_takes_more_than_it_may_is_refused(tmp_path: Path) -> None:
    content = bytearray(lzma.compress(b"x", format=lzma.FORMAT_ALONE))
    content[1:5] = (1 << 30).to_bytes(4, "little")
    path = tmp_path / "large.jsonl.xz"
    path.write_bytes(content)
    with (
        pytest.raises(SourceError, match="takes too much memory"),
        open_source(path, (".jsonl",)) as f,
    ):
        f.read()


def test_a_line_without_an_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "endless"
    path.write_bytes(b"short\n")
    os.truncate(path, 4 * LONGEST_LINE)  # takes no room on the disk
    with path.open("rb") as file:
        lines = lines_of(file, path)
        assert next(lines) == b"short\n"
        with pytest.raises(SourceError, match=f"{path}, line 2: expected at most 67,108,864 bytes"):
            next(lines)


@pytest.fixture
def short_lines(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sources, "LONGEST_LINE", 4_000)
    return 4_000


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "recording": ("endless.jsonl", lambda path: list(read([path]))),
    "compressed recording": ("endless.jsonl.zst", lambda path: list(read([path]))),
    "decisions of a case": (
        "decisions.jsonl",
        lambda path: golden.expected(golden.Case("endless", path.parent, path)),
    ),
    "datacratic": (
        "endless.jsonl",
        lambda path: import_datacratic(path, path.with_name("made.jsonl")),
    ),
    "online retail": (
        "endless.csv",
        lambda path: import_online_retail(path, path.with_name("made.jsonl")),
    ),
    "jdata": (
        "endless.csv",
        lambda path: import_jdata([path], path, path.with_name("made.jsonl")),
    ),
}


@pytest.mark.parametrize(("name", "reader"), READERS.values(), ids=READERS)
def test_no_reader_takes_a_line_without_an_end(
    tmp_path: Path, short_lines: int, name: str, reader: Callable[[Path], object]
) -> None:
    content = b"a" * (short_lines + 1)
    path = tmp_path / name
    path.write_bytes(zstandard.compress(content) if path.suffix == ".zst" else content)
    with pytest.raises(SourceError, match=r"line 1: expected at most 4,000 bytes in a line"):
        reader(path)


def test_a_record_that_could_not_be_read_again_is_not_written(
    tmp_path: Path, short_lines: int
) -> None:
    path = tmp_path / "made.jsonl"
    with (
        pytest.raises(SourceError, match=r"a record to be written: expected at most 4,000 bytes"),
        Writer(path) as writer,
    ):
        writer.write(record_of("purchases", b"u1", b'"' + b"a" * short_lines + b'"', 1))
    assert not path.exists()
