"""One thing that happens in the simulation, and when."""

from typing import Any, NamedTuple

from streams.recording.files import RecordedRecord, json_record

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

START = 1_736_121_600_000
"""2025-01-06 00:00:00 UTC."""
END = START + 40 * DAY


class Happening(NamedTuple):
    """A record to be; ``arrival`` is its Kafka timestamp, ``value["ts"]`` the time it speaks of."""

    topic: str
    key: str
    arrival: int
    value: dict[str, Any] | None

    def record(self, partitions: int) -> RecordedRecord:
        """The record, in the partition of its key."""
        return json_record(self.topic, self.key, self.value, self.arrival, partitions)
