"""When a checkpoint is due."""

from typing import Final

from streams.settings import Settings

CHECKPOINT_BYTES: Final = 128 << 20
"""A checkpoint is taken after so much input, however few records that is."""

CAUGHT_UP: Final = 0.2
"""Who has taken all that there is waits only so much of the usual time: there is nothing to gain by
letting readers wait, and there is time to spare."""

WORK_FOR_PREPARING: Final = 4
"""So much longer than preparing takes there is work between two checkpoints. Somebody of whom
thousands of facts are known costs little for each event, but a lot each time that they are
written: this way they cannot take most of the time from everybody else."""


class CheckpointSchedule:
    """Spaces the checkpoints by time, records and bytes; times are in seconds."""

    def __init__(self, settings: Settings, now: float) -> None:
        self._settings = settings
        self._last = now
        self._preparing = 0.0
        self.records = 0
        """How many were processed since the last checkpoint."""
        self._bytes = 0

    def add(self, records: int, size: int) -> None:
        """So many more records, and bytes of them, have been processed."""
        self.records += records
        self._bytes += size

    def seconds_left(self, now: float, is_caught_up: bool) -> float:
        """How long until it is time; 0 when it is."""
        if self.records >= self._settings.checkpoint_records or self._bytes >= CHECKPOINT_BYTES:
            return 0.0
        pause = self._settings.checkpoint_milliseconds / 1000
        if is_caught_up:
            pause *= CAUGHT_UP
        pause = max(pause, WORK_FOR_PREPARING * self._preparing)
        return max(0.0, self._last + pause - now)

    def checkpointed(self, now: float, preparing: float) -> None:
        """A checkpoint has been taken, and preparing it took so long."""
        self._last, self._preparing = now, preparing
        self.records = self._bytes = 0
