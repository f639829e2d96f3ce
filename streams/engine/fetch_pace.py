"""How often a worker fetches. It costs worker and broker about as much for one record as for many.

So who has read everything fetches a little later what comes meanwhile, and who has heard nothing
for a while lets brokers wait for records.
"""

from typing import Final

EVERY_SECONDS: Final = 0.01
"""Who has read everything fetches no more often than this."""
WAIT_MILLISECONDS: Final = 10
"""How long a broker may hold back an answer without records: while it does, it sends nothing of
partitions that this fetch was not for."""
IDLE_SECONDS: Final = 1.0
"""Where nothing has come for so long every fetch is for all partitions."""
IDLE_WAIT_MILLISECONDS: Final = 500
"""So then a broker may wait longer: any record ends it at once."""


class FetchPace:
    """Spaces the fetches of a consumer; times are in seconds."""

    def __init__(self, now: float) -> None:
        self._heard = self._next = now

    def fetched(self, now: float, has_records: bool, has_all: bool) -> None:
        """A fetch has brought records or not, and after it there are more or not."""
        if has_records:
            self._heard = now
        self._next = now + EVERY_SECONDS if has_all else now

    def seconds_left(self, now: float) -> float:
        """How long not to fetch yet."""
        return max(0.0, self._next - now)

    def wait_milliseconds(self, now: float) -> int:
        """How long a broker may wait for records."""
        is_idle = now > self._heard + IDLE_SECONDS
        return IDLE_WAIT_MILLISECONDS if is_idle else WAIT_MILLISECONDS
