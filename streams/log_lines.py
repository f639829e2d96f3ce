"""The form of a line of the log: for people, or as JSON for what collects logs."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from streams.plain_text import printable, printable_lines


class TextLines(logging.Formatter):
    """One line for people; only a traceback takes more."""

    def __init__(self, speaker: str) -> None:
        """`speaker` tells the lines of one process from those of others; it may be empty."""
        of_whom = f"[{speaker}] " if speaker else ""
        super().__init__(f"%(asctime)s %(levelname)s {of_whom}%(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's own name
        """Keep what somebody else has written from looking like lines of the log."""
        return printable(super().formatMessage(record))

    def formatException(self, info: Any) -> str:  # noqa: N802 -- logging's own name
        """The lines of a traceback, whose error may quote what somebody else has written."""
        return printable_lines(super().formatException(info))


class JsonLines(logging.Formatter):
    """One JSON object a line, tracebacks and all.

    Its fields are `time` (RFC 3339, UTC), `level`, `logger`, `message`, and where there are any
    `worker`, which says whose line it is, and `exception`, a traceback.
    """

    def __init__(self, speaker: str) -> None:
        """`speaker` tells the lines of one process from those of others; it may be empty."""
        super().__init__()
        self._speaker = speaker

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if self._speaker:
            fields["worker"] = self._speaker
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        # Not orjson, which refuses half of a character, as names of files may have it.
        return json.dumps(fields)
