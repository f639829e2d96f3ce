"""Compressed files as the plain bytes that they stand for, a little at a time.

A compressed file that ends in the middle is an error here, not a short file: a recording that lost
its tail must not pass for a whole one. However much a few bytes stand for, little of it is in
memory at a time.
"""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

import zstandard

from streams.errors import SourceError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES: Final = 1 << 17

PIECE_BYTES: Final = 512
"""So much is decompressed at a time. 4 bytes of zstd may stand for 128 KiB, so these for 16 MiB."""

DICTIONARY_BYTES: Final = 256 << 20
"""What a decompressor of ``.xz`` may take; ``xz -9`` needs a quarter of it."""

WITH_GZIP_HEADER: Final = 31
"""What zlib calls the largest window, and a header and checksum of gzip around the data."""


class _Decoder(Protocol):
    """What the decompressors of lzma, zlib and zstandard have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


NewDecoder = Callable[[], _Decoder]

DECODERS: Final[Mapping[str, NewDecoder]] = {
    ".gz": lambda: zlib.decompressobj(WITH_GZIP_HEADER),
    ".xz": lambda: lzma.LZMADecompressor(memlimit=DICTIONARY_BYTES),
    ".zst": lambda: cast(_Decoder, zstandard.ZstdDecompressor().decompressobj()),
}
"""By the end of the file's name."""

SIGNATURES: Final[Mapping[str, bytes]] = {
    ".gz": b"\x1f\x8b",
    ".xz": b"\xfd7zXZ\x00",
    ".zst": b"\x28\xb5\x2f\xfd",
}
"""What such files begin with, and neither JSON nor a table of text does."""

LONGEST_SIGNATURE: Final = max(map(len, SIGNATURES.values()))


def compression_of(beginning: bytes) -> str:
    """The end that the name of a file with this beginning would have; empty for a plain one."""
    return next((name for name, sign in SIGNATURES.items() if beginning.startswith(sign)), "")


def decompressed(file: BinaryIO, name: str, compression: str) -> BinaryIO:
    """The plain bytes of an open file; the file itself where it is not compressed.

    While it is read it raises ``SourceError`` for data that is damaged or incomplete.
    """
    if not compression:
        return file
    return io.BufferedReader(_Decompressed(file, name, DECODERS[compression]), CHUNK_BYTES)


class _Decompressed(io.RawIOBase):
    """The plain bytes of a compressed file, which may be several frames one after another."""

    def __init__(self, file: BinaryIO, name: str, new_decoder: NewDecoder) -> None:
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
            except (lzma.LZMAError, zlib.error, zstandard.ZstdError) as error:
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
