"""When a worker that died is started again, and when it has died too often for that."""

from collections import deque
from typing import Final

PAUSES: Final = (0.5, 3.0)
"""Seconds before it is started again, after the first and the second death within `WITHIN_SECONDS`.
The first is short: back within its session, a static member gets its partitions again.
"""
MOST_DEATHS: Final = len(PAUSES) + 1
WITHIN_SECONDS: Final = 60.0


class Restarts:
    """The deaths of one worker."""

    def __init__(self) -> None:
        self.count = 0
        """How often it was started again."""
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)

    def pause_after_death(self, now: float) -> float | None:
        """Note a death at this time, in seconds of a clock that only goes forward.

        Returns the seconds to wait before the worker is started again; None if it is not to be,
        since it has now died `MOST_DEATHS` times within `WITHIN_SECONDS`.
        """
        self._deaths.append(now)
        recent = sum(now - death < WITHIN_SECONDS for death in self._deaths)
        if recent == MOST_DEATHS:
            return None
        self.count += 1
        return PAUSES[recent - 1]
