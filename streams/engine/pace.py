"""When a checkpoint is due."""

from typing import Final

from streams.settings import Settings

CHECKPOINT_BYTES: Final = 128 << 20
"""A checkpoint is taken after so much input, however few records that is."""

WORK_FOR_SETTLING: Final = 4
"""So much longer than settling takes there is work between two checkpoints. Somebody of whom
thousands of facts are known costs little for each event, but a lot each time that they are
written: this way they cannot take most of the time from everybody else."""


class Pace:
    """Paces the checkpoints by time, records and bytes; times are in seconds."""

    def __init__(self, settings: Settings, now: float) -> None:
        self._settings = settings
        self._last = now
        self._pause = settings.checkpoint_milliseconds / 1000
        self._records = 0
        self._bytes = 0

    def add(self, records: int, size: int) -> None:
        """So many more records, and bytes of them, have been taken."""
        self._records += records
        self._bytes += size

    def seconds_left(self, now: float) -> float:
        """How long until it is time; 0 when it is."""
        is_full = (
            self._records >= self._settings.checkpoint_records or self._bytes >= CHECKPOINT_BYTES
        )
        return 0.0 if is_full else max(0.0, self._last + self._pause - now)

    def taken(self, now: float, settling: float) -> None:
        """A checkpoint has been taken, for which settling took so long."""
        self._last = now
        self._pause = max(
            self._settings.checkpoint_milliseconds / 1000, WORK_FOR_SETTLING * settling
        )
        self._records = self._bytes = 0
