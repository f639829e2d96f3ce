"""What brokers may gather before they answer a fetch.

A fetch costs worker and broker about as much for one record as for a hundred. So a broker lets
records gather for a moment; but where nothing has come for a while, it waits long, and for one.
"""

from typing import Final, NamedTuple


class Gathering(NamedTuple):
    """When a broker answers a fetch: with so many bytes, or after so long with what it has."""

    least_bytes: int
    milliseconds: int


BUSY: Final = Gathering(least_bytes=32_768, milliseconds=10)
"""No longer: meanwhile it sends nothing of partitions that the fetch was not for."""
IDLE: Final = Gathering(least_bytes=1, milliseconds=500)
"""Then a fetch is for all partitions, and any record ends it at once."""
IDLE_SECONDS: Final = 1.0
"""After so long without records."""


class FetchPace:
    """Says what brokers may gather for a consumer; times are in seconds."""

    def __init__(self, now: float) -> None:
        self._heard = now

    def hear(self, now: float) -> None:
        """Records have come."""
        self._heard = now

    def gathering(self, now: float) -> Gathering:
        """When brokers are to answer the next fetch."""
        return IDLE if now > self._heard + IDLE_SECONDS else BUSY
