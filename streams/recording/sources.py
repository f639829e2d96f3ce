"""Opening the files that recordings and importers read, plain or compressed by their names."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, AnyStr, BinaryIO, Final

from streams.errors import SourceError
from streams.recording.compression import CHUNK_BYTES, DECODERS, decompressed
from streams.recording.standard_input import StandardInput

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LONGEST_LINE: Final = 64 << 20
"""Bytes, or characters of text. Kafka's records, of which a line has one, have 1 MiB at most unless
brokers are told otherwise, and a third more as base64."""

AnyPath = str | PathLike[str]
Progress = Callable[[int], object]
"""Called while a file is read, with the bytes on disk that were read since the last call."""


def total_size(paths: Iterable[AnyPath]) -> int:
    """Bytes on disk of all files: what the calls of a ``Progress`` add up to."""
    return sum(Path(path).stat().st_size for path in paths if Path(path).exists())


def compression_in(path: AnyPath) -> str:
    """The end of a file's name that says how it is compressed; empty for a plain one."""
    return next(filter(_name(path).endswith, DECODERS), "")


def kind_in(path: AnyPath, kinds: Sequence[str]) -> str:
    """Which of these the name ends in, or has before the end that says how it is compressed.

    Raises ``SourceError`` for none of them.
    """
    name = _name(path).removesuffix(compression_in(path))
    kind = next(filter(name.endswith, kinds), None)
    if kind is None:
        raise SourceError(
            f"{path}: expected a file whose name ends in {_listed(kinds)}, and after it in "
            f"{_listed((*DECODERS,))} where it is compressed"
        )
    return kind


@contextmanager
def open_source(
    path: AnyPath, kinds: Sequence[str], progress: Progress | None = None
) -> Iterator[BinaryIO]:
    """Open a file for reading, decompressed.

    Raises ``SourceError`` when its name is that of none of the ``kinds``, such as ``.csv``, when
    the file cannot be opened, and, while it is read, when its compressed data is damaged or
    incomplete.
    """
    kind_in(path, kinds)
    try:
        file = io.BufferedReader(_CountedFile(path, progress), CHUNK_BYTES)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
    with file, decompressed(file, str(path), compression_in(path)) as plain:
        yield plain


def lines_of(file: IO[AnyStr], path: AnyPath) -> Iterator[AnyStr]:
    """The lines of an open file. Raises ``SourceError`` at one longer than ``LONGEST_LINE``."""
    number = 1
    read_line = file.readline
    while line := read_line(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            refuse_longer_lines(line, f"{path}, line {number}")
        yield line
        number += 1


def refuse_longer_lines(line: AnyStr, where: str) -> None:
    """Raises ``SourceError`` for a line that ``lines_of`` would not read."""
    if len(line) > LONGEST_LINE:
        raise SourceError(f"{where}: expected at most {LONGEST_LINE:,} bytes in a line, got more")


def _name(path: AnyPath) -> str:
    return path.ending if isinstance(path, StandardInput) else os.fspath(path)


def _listed(words: Sequence[str]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


class _CountedFile(io.FileIO):
    def __init__(self, path: AnyPath, progress: Progress | None) -> None:
        super().__init__(path, "rb")
        self._progress = progress

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        count = super().readinto(buffer) or 0
        if self._progress is not None and count:
            self._progress(count)
        return count
