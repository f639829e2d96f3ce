"""The simulated shop's people, cut into what they say before and after each request for an ad."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from typing import Any

import orjson

from schemas.decoding import InvalidRecord, decode
from schemas.topics import PERSON_TOPICS
from streams.recording.files import RecordedRecord, record_of

REQUESTS = "impression-requests"


class Life:
    """What one person says, stage by stage: evidence, or requests, but not both in one."""

    def __init__(self, records: Iterable[RecordedRecord]) -> None:
        grouped = groupby(records, key=lambda record: record.topic == REQUESTS)
        self.stages = [list(stage) for _, stage in grouped]
        self._moved_records: dict[bytes, RecordedRecord] = {}

    def at(self, record: RecordedRecord, now: int) -> RecordedRecord:
        """The record as it is said now, event time in ms; a repeat is what was said before."""
        content = record.value or b""
        moved = self._moved_records.get(content)
        if moved is None:
            value = _moved(orjson.loads(content), now)
            moved = record_of(
                record.topic, record.key, orjson.dumps(value), now, partition=record.partition
            )
            self._moved_records[content] = moved
        return moved


def lives(records: Iterable[RecordedRecord]) -> Iterator[Life]:
    """The life of each person in a simulated recording, without what is not right in it."""
    by_person = defaultdict(list)
    for record in records:
        if record.topic in PERSON_TOPICS:
            with suppress(InvalidRecord):
                event = decode(record.topic, record.key, record.value, record.timestamp)
                by_person[event.user_id].append(record)
    return map(Life, by_person.values())


def _moved(value: dict[str, Any], now: int) -> dict[str, Any]:
    """A value with its times moved; one without `ts` has that of its record."""
    if "ts" in value:
        later = now - value["ts"]
        value["ts"] = now
        for candidate in value.get("candidates", ()):
            candidate["interest_at"] += later
    return value
