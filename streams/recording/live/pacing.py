"""When each record of a recording is due, if time is to go on as it did."""

from collections.abc import Iterable, Iterator

from streams.recording.files import RecordedRecord


def due(records: Iterable[RecordedRecord], speed: float) -> Iterator[tuple[float, RecordedRecord]]:
    """The records, each with the seconds after the first at which it is due.

    Time runs `speed` times as fast as in the recording, and never back: a record that is older
    than those before it is due at once.
    """
    first = newest = None
    for record in records:
        if first is None or newest is None:
            first = newest = record.timestamp
        newest = max(newest, record.timestamp)
        yield (newest - first) / 1_000 / speed, record
