"""Times as people write and read them; everywhere else they are epoch milliseconds."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from streams.errors import UserError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def utc(milliseconds: int) -> str:
    """A time with its time zone; the number itself where no calendar has it."""
    try:
        moment = EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return f"{milliseconds} ms after 1970"
    precision = "milliseconds" if milliseconds % 1000 else "seconds"
    return f"{moment.replace(tzinfo=None).isoformat(' ', precision)} UTC"


def milliseconds_of(text: str, option: str) -> int:
    """The time that is meant: ISO 8601, UTC unless it says otherwise, or epoch milliseconds.

    Raises `UserError`, naming the option, when it is neither.
    """
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    try:
        if text.isdigit():
            raise ValueError
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{option}: expected an ISO time such as 2026-11-21T08:00, or epoch milliseconds, got "
            f"'{text}'"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)
