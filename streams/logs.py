"""The log of a worker: which loggers write to it, and how often the same message."""

import logging
import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

from streams.log_lines import JsonLines, TextLines

PAUSE_SECONDS: Final = 10.0

MOST_MESSAGES: Final = 1_000
"""Of so many different messages it is known when they were last let through."""

QUIET: Final = (
    "faust",
    "mode",
    "aiokafka",
    "httpx2",
    "streams.app",
    "streams.engine.faust_consumer",
)
"""Loggers that report every step; only their warnings and errors are written."""

WIRE: Final = "aiokafka.conn"
"""Says at debug what is sent and received: passwords, tokens, people's records. Never heard."""

CLIENT: Final = logging.getLogger("librdkafka")
"""What confluent-kafka clients are given to write to, as their setting `logger`."""


CRASHES: Final = logging.getLogger("streams.crash")
"""Logs exceptions that nobody caught."""


def set_up(level: str, form: str = "text", speaker: str = "") -> None:
    """Write from this level on to standard error; clients only what is a warning at least.

    `form` is `text` or `json`; with the latter everything is, also what nobody has caught.
    `speaker` tells the lines of one process from those of others that write to the same place.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(speaker) if form == "json" else TextLines(speaker))
    handler.addFilter(OnceInAWhile())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    logging.getLogger(WIRE).setLevel(logging.WARNING)
    if form == "json":
        logging.captureWarnings(True)
        sys.excepthook = _log_crash
        threading.excepthook = lambda crash: _log_crash(
            crash.exc_type, crash.exc_value, crash.exc_traceback
        )


def _log_crash(kind: type[BaseException], error: BaseException | None, _: object) -> None:
    CRASHES.critical("not caught: %s", kind.__name__, exc_info=error)


class OnceInAWhile(logging.Filter):
    """Lets the same message of a Kafka client through once in a while, and says how many it held.

    While a broker is away clients try it again and again, and say so each time. Messages are the
    same when they come from one place in the code, whatever is filled in; librdkafka's all come
    from one place, so there it is what remains without the numbers.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._written: dict[tuple[str, str], tuple[float, int]] = {}
        """When each message was last let through, and how many like it were held since."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write a record; one that is written gets the number held before it."""
        if not record.name.startswith(("aiokafka", CLIENT.name)):
            return True
        message = str(record.msg)
        if record.name == CLIENT.name:
            message = _without_numbers(record.getMessage())
        now = self._clock()
        last, held = self._written.get((record.name, message), (float("-inf"), 0))
        if now - last < PAUSE_SECONDS:
            self._written[record.name, message] = last, held + 1
            return False
        if len(self._written) >= MOST_MESSAGES:
            self._written.clear()
        self._written[record.name, message] = now, 0
        if held:
            record.msg = f"{record.getMessage()} (and {held} more like it before)"
            record.args = ()
        return True


def _without_numbers(message: str) -> str:
    return "".join(letter for letter in message if not letter.isdigit())
