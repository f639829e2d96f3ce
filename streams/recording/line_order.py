"""The order of a recording's lines: that in which `unhaunt record` writes them.

Whoever makes a recording writes it in this order, so that a replay of it, recorded, is the same.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Final

from schemas.topics import RECORDABLE
from streams.recording.files import RecordedRecord

LINE_ORDER: Final = ("catalog", *(name for name in RECORDABLE if name != "catalog"))
"""Topics in the order in which their records of one time stand: products before what people did."""

_RANKS: Final = {topic: rank for rank, topic in enumerate(LINE_ORDER)}


def in_line_order(records: Iterable[RecordedRecord]) -> Iterator[RecordedRecord]:
    """Records that come in the order of time, with those of one time by topic and partition."""
    for _, of_one_time in groupby(records, attrgetter("timestamp")):
        yield from sorted(of_one_time, key=_place)


def _place(record: RecordedRecord) -> tuple[int, int]:
    return _RANKS[record.topic], record.partition
