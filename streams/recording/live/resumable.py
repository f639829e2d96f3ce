"""A recording that grows on disk frame by frame, so that it can be gone on with at any time.

Beside the unfinished file lies its progress, with the lines of the frame that has not ended yet.
Whoever was interrupted, though it be by SIGKILL or a power cut, goes on from what was last saved:
what stands in the file beyond that is cut off, and comes again from the cluster.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from streams.errors import SourceError
from streams.owner_only import open_for_owner
from streams.recording.files import RecordedRecord, line_of, refuse_other_endings, unfinished
from streams.recording.frames import Frames
from streams.recording.live.progress import Progress, decode, encode
from streams.recording.sources import AnyPath


class ResumableFile:
    """Writes a recording; what was saved of it outlasts whoever writes it.

    A context manager. All methods raise `SourceError` when the disk does not take it.
    """

    def __init__(self, path: AnyPath) -> None:
        """Raises `SourceError` for a name by which a recording could not be read again."""
        self.path = Path(path)
        refuse_other_endings(self.path)
        self.part = unfinished(self.path)
        self.progress_file = self.path.with_name(self.path.name + ".progress")
        self.progress: Progress | None = None
        """What was last saved, be it by an earlier run; None for a recording that begins anew."""
        self._file: BinaryIO
        self._frames: Frames

    def __enter__(self) -> Self:
        """Open it where it was last saved.

        Raises `SourceError` when there is a finished recording of this name, when another process
        writes it, and when its progress does not fit it.
        """
        with self._explained():
            self._file = self._open()
            try:
                self._go_back_to_what_is_safe()
            except BaseException:
                self._file.close()
                raise
        lines = self.progress.lines if self.progress else b""
        is_begun = self._file.tell() > 0
        self._frames = Frames(self._file, self.path, is_begun=is_begun, lines=lines)
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # of what is cut off the next time
            self._file.close()
        if self.progress is None:
            self.part.unlink(missing_ok=True)

    def write(self, record: RecordedRecord) -> bool:
        """Add a record; returns whether it ended a frame, so that now is the time to save."""
        with self._explained():
            return self._frames.add(line_of(record))

    def save(self, progress: Progress) -> None:
        """Have all that was written on disk, and that this is how far it has come."""
        with self._explained():
            self._file.flush()
            os.fsync(self._file.fileno())
            progress.size = self._file.tell()
            progress.lines = self._frames.lines
            renewed = self.progress_file.with_name(self.progress_file.name + ".new")
            with open_for_owner(renewed) as file:
                file.write(encode(progress))
                file.flush()
                os.fsync(file.fileno())
            os.replace(renewed, self.progress_file)
        self.progress = progress

    def finish(self, progress: Progress) -> None:
        """End the recording and give it its name; one that is continuous can be gone on with."""
        with self._explained():
            self._frames.end()
        self.save(progress)
        with self._explained():
            os.replace(self.part, self.path)
            self._sync_folder()
            if not progress.wanted.is_continuous:
                self.progress_file.unlink()

    def _open(self) -> BinaryIO:
        if self.path.exists():
            if not self.progress_file.exists():
                raise SourceError(
                    f"{self.path}: is there already; remove it first, or choose another name."
                )
            # Continuous, and stopped in order; or it was about to be done with.
            os.replace(self.path, self.part)
        file = open_for_owner(self.part, keep=True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise SourceError(f"{self.path}: another process is recording to it.") from error
        return file

    def _go_back_to_what_is_safe(self) -> None:
        if self.progress_file.exists():
            self.progress = decode(self.progress_file.read_bytes())
            if self.progress is None or self.progress.size > os.path.getsize(self.part):
                raise SourceError(
                    f"{self.progress_file}: does not fit {self.part}, so the recording cannot be "
                    "gone on with; remove both to begin anew."
                )
        self._file.truncate(self.progress.size if self.progress else 0)
        self._file.seek(0, os.SEEK_END)

    def _sync_folder(self) -> None:
        """Have names on disk: the recording's must be there before its progress is gone."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be written: {error.strerror}") from error
