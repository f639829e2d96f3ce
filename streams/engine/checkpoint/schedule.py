"""When a checkpoint is due: by the clock, by how much there is, and by how long they take."""

from collections import deque
from statistics import median
from typing import Final

from streams.settings import Settings

CHECKPOINT_BYTES: Final = 128 << 20
"""A checkpoint is taken after so much input, however few records that is."""

CAUGHT_UP: Final = 0.2
"""A worker that has caught up waits only for this share of the usual time: to let readers wait
longer would gain nothing, and there is time to spare."""

WORK_FOR_COMMITTING: Final = 2
"""But the time between two is at least this many times what brokers take to commit one, up to the
usual time: the slower they are, the fewer and larger are the transactions, which is quicker for
everybody."""
COMMITS: Final = 9
"""By the median of so many that is judged, since a single one may have been held up by anything."""

WORK_FOR_PREPARING: Final = 4
"""The time between two checkpoints is at least this many times what preparing the last one took. A
person of whom thousands of facts are known costs little for each event, but much at each write:
this bounds their share of a worker's time. Only while there is other work: who has caught up, and
then heard of nothing for as long as preparing took, has the time to spare."""


class CheckpointSchedule:
    """Spaces the checkpoints by time, records and bytes; times are in seconds."""

    def __init__(self, settings: Settings, now: float) -> None:
        self._settings = settings
        self._last = now
        """When the last checkpoint was prepared."""
        self._heard = now
        """When records were last processed."""
        self._preparing = 0.0
        self._committing = 0.0
        self._commits: deque[float] = deque(maxlen=COMMITS)
        self.records = 0
        """How many were processed since the last checkpoint."""
        self._bytes = 0

    def add(self, now: float, records: int, size: int) -> None:
        """So many more records, and bytes of them, have been processed."""
        self._heard = now
        self.records += records
        self._bytes += size

    def seconds_left(self, now: float, is_caught_up: bool) -> float:
        """How long until a checkpoint is due; 0 when it is."""
        if self.records >= self._settings.checkpoint_records or self._bytes >= CHECKPOINT_BYTES:
            return 0.0
        pause = self._settings.checkpoint_milliseconds / 1000
        affordable = self._last + WORK_FOR_PREPARING * self._preparing
        if is_caught_up:
            least = CAUGHT_UP * pause
            pause = min(pause, max(least, WORK_FOR_COMMITTING * self._committing))
            # Not for less: brokers that let records gather are not idle between two fetches.
            idle = max(self._last, self._heard) + max(least, self._preparing)
            affordable = min(affordable, idle)
        return max(0.0, self._last + pause - now, affordable - now)

    def prepared(self, now: float, preparing: float) -> None:
        """A checkpoint has been prepared, which took so long."""
        self._last, self._preparing = now, preparing
        self.records = self._bytes = 0

    def committed(self, committing: float) -> None:
        """A checkpoint has been committed, for which the brokers took so long."""
        self._commits.append(committing)
        self._committing = median(self._commits)
