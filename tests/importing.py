"""Importing events in tests: what a file of them comes to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from streams.recording.files import RecordedRecord, read
from streams.recording.importing.events import EventOptions, EventSummary, import_events
from tests.builders import MINUTE, NOW


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def order(number: int, user: str = "ann", **fields: Any) -> dict[str, Any]:
    """An order as Segment has it, so many minutes later."""
    properties = {"order_id": f"o{number}", "products": [{"product_id": "tv"}]}
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"m{number}",
        "userId": user,
        "timestamp": iso(NOW + number * MINUTE),
        "properties": properties,
        **fields,
    }


def lines(*events: Mapping[str, Any] | bytes) -> bytes:
    return b"".join(
        each + b"\n" if isinstance(each, bytes) else orjson.dumps(each) + b"\n" for each in events
    )


def imported(
    folder: Path, content: bytes, name: str = "events.ndjson", kind: str = "segment", **options: Any
) -> tuple[list[RecordedRecord], EventSummary]:
    """The recording that a file with this content comes to, and what is said of it."""
    path, output = folder / name, folder / "made.jsonl"
    path.write_bytes(content)
    summary = import_events([path], output, EventOptions(kind, now=NOW, **options))
    return list(read([output])), summary


def values(records: list[RecordedRecord]) -> list[Any]:
    return [orjson.loads(record.value or b"null") for record in records]
