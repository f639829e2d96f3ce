"""Lines on their way into a recording, a frame at a time.

A frame of a compressed recording can be read without the others, so the file may be cut off behind
any of them and be written on. Where a frame ends depends on nothing but its lines: the same lines
make the same file, however often whoever wrote it was interrupted.
"""

from pathlib import Path
from typing import BinaryIO, Final

import zstandard

from streams.recording.sources import refuse_longer_lines

FRAME_BYTES: Final = 4 << 20
"""A frame ends with the line that makes it as long as this, before compression."""

COMPRESSION_LEVEL: Final = 6


class Frames:
    """Gathers lines and writes them to a file, compressed if its name ends in ``.zst``."""

    def __init__(
        self, file: BinaryIO, path: Path, *, is_begun: bool = False, lines: bytes = b""
    ) -> None:
        """``is_begun`` says that the file has frames, ``lines`` what the next one begins with."""
        self._file = file
        self._path = path
        self._lines = bytearray(lines)
        self._is_begun = is_begun
        self._compressor: zstandard.ZstdCompressor | None = None
        if path.suffix == ".zst":
            self._compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)

    def add(self, line: bytes) -> bool:
        """Add a line; returns whether it ended a frame, which was written.

        Raises ``SourceError`` for a line so long that it could not be read again.
        """
        refuse_longer_lines(line, f"{self._path}, a record to be written")
        self._lines += line
        if len(self._lines) < FRAME_BYTES:
            return False
        self._write()
        return True

    def end(self) -> None:
        """Write what there is as the last frame: a file without any is no compressed file."""
        if self._lines or not self._is_begun:
            self._write()

    @property
    def lines(self) -> bytes:
        """Those of the frame that has not ended yet."""
        return bytes(self._lines)

    def _write(self) -> None:
        lines = self.lines
        self._lines.clear()
        self._file.write(lines if self._compressor is None else self._compressor.compress(lines))
        self._is_begun = True
