"""What a recording holds, in figures: to know before a replay begins whether it can go well."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord


@dataclass(slots=True)
class Contents:
    """What was counted."""

    records: Counter[str] = field(default_factory=Counter)
    """Records by topic."""
    partitions: dict[str, int] = field(default_factory=dict)
    """For each topic the least number of partitions that it must have been recorded from."""
    strays: Counter[str] = field(default_factory=Counter)
    """Records that would not lie where their key belongs, by topic."""
    oldest: int = 2**63 - 1
    """The least timestamp, in epoch milliseconds."""

    @classmethod
    def of(cls, records: Iterable[RecordedRecord], partitions: Mapping[str, int]) -> Self:
        """Count; `partitions` is how many partitions each topic has where the records are to go."""
        contents = cls()
        for record in records:
            topic, number, key = record.topic, record.partition, record.key
            contents.records[topic] += 1
            contents.partitions[topic] = max(number + 1, contents.partitions.get(topic, 0))
            contents.oldest = min(contents.oldest, record.timestamp)
            if key is not None and topic in partitions:
                contents.strays[topic] += partition_of(key, partitions[topic]) != number
        return contents
