"""Standard input as a file that can be read as often as a command, or its processes, need.

A pipe can be read once only, but a backtest on several cores reads its recording once for each of
them, and others twice. So what comes is kept, compressed if it came so, in a file without a name:
no other user can open it, and it is gone with the process, however that ends.
"""

import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from streams.errors import SourceError
from streams.recording.compression import LONGEST_SIGNATURE, compression_of, decompressed

NAME: Final = "standard input"
CHUNK_BYTES: Final = 1 << 20

PEEKED_BYTES: Final = 64
"""So much of it tells what it is."""


class StandardInput(os.PathLike[str]):
    """All that came on standard input: the path of an open file, which other processes may open.

    Copies of it, such as those of other processes, are of use as long as the first one is there.
    """

    def __init__(self, path: str, ending: str) -> None:
        self._path = path
        self.ending = ending
        """What the name of the file would end in."""

    def __fspath__(self) -> str:
        return self._path

    def __str__(self) -> str:
        return NAME


def keep_standard_input(kind_of: Callable[[bytes], str]) -> StandardInput:
    """Read standard input to its end.

    `kind_of` is given the first plain bytes of it, and says what the name of such a file ends in
    where it is not compressed. Raises `SourceError`, also where there is no room for the file.
    """
    if sys.stdin is None:
        raise SourceError(f"{NAME}: is closed; expected something to read")
    with _no_room_told():
        file = tempfile.TemporaryFile(prefix="unhaunt-")  # noqa: SIM115 -- as long as its path
        shutil.copyfileobj(sys.stdin.buffer, file, CHUNK_BYTES)
        file.flush()
    file.seek(0)
    compression = compression_of(file.read(LONGEST_SIGNATURE))
    file.seek(0)
    plain = decompressed(file, NAME, compression)
    kept = StandardInput(
        f"/proc/{os.getpid()}/fd/{file.fileno()}", kind_of(plain.read(PEEKED_BYTES)) + compression
    )
    weakref.finalize(kept, file.close)
    return kept


@contextmanager
def _no_room_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"{NAME}: cannot be kept in {tempfile.gettempdir()}: {error.strerror}. TMPDIR names "
            "another folder."
        ) from error
