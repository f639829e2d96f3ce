"""Import of events that people have in files: of other formats, or in Unhaunt's own.

Each event becomes what the adapter of its format makes of it, in Unhaunt's own format and on its
own topic. So what is written says of people what a worker would join that reads the events where
they come from, in that format. Records are in the order of their times, each in the partition of
its key.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas.adapters.lax_json import read_json
from schemas.adapters.notes import Reading
from schemas.decoding import InvalidRecord
from streams.errors import UserError
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, Writer
from streams.recording.importing.columns import NO_OPTIONS, TableOptions
from streams.recording.importing.event_reading import (
    CATALOG,
    OPENRTB,
    EventCounts,
    EventReader,
    Made,
    event_reader,
)
from streams.recording.importing.event_rows import Row, read_rows
from streams.recording.importing.paths import id_at, time_at
from streams.recording.importing.rows import ImportFailed, ImportSummary
from streams.recording.line_order import in_line_order
from streams.recording.sources import AnyPath, Progress

MOST_NAMED: Final = 5
"""Of broken lines that are left out so many of each kind are named one by one."""


@dataclass(frozen=True, slots=True)
class EventOptions:
    """What the files do not say of their events."""

    format: str
    topic: str | None = None
    """Of records in Unhaunt's own format."""
    key: str | None = None
    """The path of the person's id; None for the one that the format names."""
    time: str | None = None
    """The path of the time when an event came; None for when it says that it happened."""
    table: TableOptions = NO_OPTIONS
    candidates: Sequence[Mapping[str, Any]] = ()
    """For impressions of bid requests that bring none."""
    partitions: int = 4
    skip_broken: bool = False
    """Whether broken lines are left out, rather than being an error."""
    now: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    """When an event came of which that is not said, in epoch milliseconds."""


@dataclass(slots=True)
class EventSummary(ImportSummary):
    """What an import of events wrote, left out and corrected."""

    counts: EventCounts = field(default_factory=EventCounts)
    broken: list[str] = field(default_factory=list)
    """Of broken lines the first of each kind: the file, the line, and what was expected."""
    more_broken: int = 0
    """How many broken lines were left out besides."""


def import_events(
    files: Sequence[AnyPath],
    output: AnyPath,
    options: EventOptions,
    progress: Progress | None = None,
) -> EventSummary:
    """Write the events of all files, in order of time, as a recording.

    Raises ``ImportFailed`` for a broken line, unless they are to be left out, ``SourceError`` for
    files that cannot be read or written, and ``UserError`` for options that do not go together.
    """
    if options.format == OPENRTB and options.time is None:
        raise UserError("--time: needed with openrtb, for a bid request does not say when it came.")
    recording = Writer(output)  # which looks at the name, before anything is read
    summary = EventSummary()
    reader = event_reader(options.format, options.topic, options.candidates, summary.counts)
    records = [
        record
        for path in files
        for row in read_rows(path, options.table, progress)
        for record in _records(row, reader, options, summary)
    ]
    summary.skipped += summary.counts.left_out
    if not records:
        why = f"; the first broken line is {summary.broken[0]}" if summary.broken else ""
        raise ImportFailed(f"{', '.join(map(str, files))}: expected at least one event{why}")
    records.sort(key=attrgetter("timestamp"))
    with recording as writer:
        for record in in_line_order(records):
            writer.write(record)
            summary.written[record.topic] += 1
    return summary


def _records(
    row: Row, reader: EventReader, options: EventOptions, summary: EventSummary
) -> Iterator[RecordedRecord]:
    """The records that an event comes to; of a broken line none, if it may be left out."""
    summary.rows += 1
    summary.counts.events += 1
    kind, problem = "not a row", row.problem
    try:
        if row.value is not None:
            yield from [_record(made, options) for made in _read(row.value, reader, options)]
            return
    except InvalidRecord as refused:
        kind, problem = refused.code, refused.detail
    problem = f"{row.where}: {problem}"
    if not options.skip_broken:
        raise ImportFailed(f"{problem}. --skip-broken leaves such lines out.")
    counted = f"broken lines: {kind}"
    summary.skipped[counted] += 1
    if summary.skipped[counted] <= MOST_NAMED:
        summary.broken.append(problem)
    else:
        summary.more_broken += 1


def _read(value: bytes, reader: EventReader, options: EventOptions) -> Sequence[Made]:
    key, timestamp = None, options.now
    if options.key is not None or options.time is not None:
        event = read_json(value, Reading())
        key = None if options.key is None else id_at(event, options.key)
        timestamp = options.now if options.time is None else time_at(event, options.time)
    found = reader.read(value, key, timestamp)
    if options.time is not None:
        return [made._replace(ts=timestamp) for made in found]
    is_of_now = any(made.ts == timestamp and made.topic != CATALOG for made in found)
    # Either it happened this very millisecond, or it does not say when, and comes when we say.
    if is_of_now and reader.read(value, key, timestamp + 1) != found:
        raise InvalidRecord(
            "missing_field",
            "time: expected one in the event, of the last ten years; --time names another field "
            "that says when it came",
        )
    return found


def _record(made: Made, options: EventOptions) -> RecordedRecord:
    return RecordedRecord(
        made.topic,
        made.ts,
        partition=partition_of(made.key.encode(), options.partitions),
        key_text=made.key,
        json_value=msgspec.Raw(made.value),
    )
