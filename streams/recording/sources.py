"""Opening the files that recordings and importers read: plain, ``.zst`` or ``.xz`` by their names.

A compressed file that ends in the middle is an error here, not a short file: a recording that lost
its tail must not pass for a whole one. However much a few bytes stand for, little of it is in
memory at a time.
"""

from __future__ import annotations

import io
import lzma
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, AnyStr, BinaryIO, Final, Protocol, cast

import zstandard

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES = 1 << 17

PIECE_BYTES: Final = 512
"""So much is decompressed at a time. 4 bytes of zstd may stand for 128 KiB, so these for 16 MiB."""

DICTIONARY_BYTES: Final = 256 << 20
"""What a decompressor of ``.xz`` may take; ``xz -9`` needs a quarter of it."""

LONGEST_LINE: Final = 64 << 20
"""Bytes, or characters of text. Kafka's records, of which a line has one, have 1 MiB at most unless
brokers are told otherwise, and a third more as base64."""

AnyPath = str | PathLike[str]
Progress = Callable[[int], object]
"""Called while a file is read, with the bytes on disk that were read since the last call."""


class SourceError(ValueError):
    """A file that cannot be used; the message names it and says what was expected of it."""


def total_size(paths: Iterable[AnyPath]) -> int:
    """Bytes on disk of all files: what the calls of a ``Progress`` add up to."""
    return sum(Path(path).stat().st_size for path in paths if Path(path).exists())


@contextmanager
def open_source(
    path: AnyPath, endings: tuple[str, ...], progress: Progress | None = None
) -> Iterator[BinaryIO]:
    """Open a file for reading, decompressed.

    Raises ``SourceError`` when the name has none of the ``endings``, when the file cannot be
    opened, and, while it is read, when its compressed data is damaged or incomplete.
    """
    name = str(path)
    if not name.endswith(endings):
        raise SourceError(f"{name}: expected a file whose name ends in {_listed(endings)}")
    try:
        file = io.BufferedReader(_CountedFile(path, progress), CHUNK_BYTES)
    except OSError as error:
        raise SourceError(f"{name}: cannot be read: {error.strerror or error}") from error
    with file:
        new_decoder = _DECODERS.get(Path(path).suffix)
        if new_decoder is None:
            yield file
        else:
            with io.BufferedReader(_Decompressed(file, name, new_decoder), CHUNK_BYTES) as plain:
                yield plain


def lines_of(file: IO[AnyStr], path: AnyPath) -> Iterator[AnyStr]:
    """The lines of an open file. Raises ``SourceError`` at one longer than ``LONGEST_LINE``."""
    number = 1
    while line := file.readline(LONGEST_LINE + 1):
        refuse_longer_lines(line, f"{path}, line {number}")
        yield line
        number += 1


def refuse_longer_lines(line: AnyStr, where: str) -> None:
    """Raises ``SourceError`` for a line that ``lines_of`` would not read."""
    if len(line) > LONGEST_LINE:
        raise SourceError(f"{where}: expected at most {LONGEST_LINE:,} bytes in a line, got more")


def _listed(words: tuple[str, ...]) -> str:
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


class _Decoder(Protocol):
    """What the decompressors of lzma and zstandard have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


_NewDecoder = Callable[[], _Decoder]

_DECODERS: dict[str, _NewDecoder] = {
    ".zst": lambda: cast(_Decoder, zstandard.ZstdDecompressor().decompressobj()),
    ".xz": lambda: lzma.LZMADecompressor(memlimit=DICTIONARY_BYTES),
}


class _Decompressed(io.RawIOBase):
    """The plain bytes of a compressed file, which may be several frames one after another."""

    def __init__(self, file: BinaryIO, name: str, new_decoder: _NewDecoder) -> None:
        self._file = file
        self._name = name
        self._new_decoder = new_decoder
        self._decoder = new_decoder()
        self._plain = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer).cast("B")
        while not self._plain:
            compressed = self._next_compressed()
            if not compressed:
                return 0
            try:
                self._plain = memoryview(self._decoder.decompress(compressed))
            except (lzma.LZMAError, zstandard.ZstdError) as error:
                message = (
                    f"{self._name}: the compressed data is damaged, or takes too much memory "
                    f"({error})"
                )
                raise SourceError(message) from error
        count = min(len(target), len(self._plain))
        target[:count] = self._plain[:count]
        self._plain = self._plain[count:]
        return count

    def _next_compressed(self) -> bytes:
        """More of the file; empty when it ended, as it may only between two frames."""
        if self._decoder.eof:
            compressed = self._decoder.unused_data or self._file.read(PIECE_BYTES)
            if compressed:
                self._decoder = self._new_decoder()
            return compressed
        compressed = self._file.read(PIECE_BYTES)
        if not compressed:
            raise SourceError(
                f"{self._name}: ends in the middle of its compressed data; the copy is incomplete"
            )
        return compressed
