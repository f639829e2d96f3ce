"""Times as senders write them: in ISO 8601, or as a number of seconds or of parts of one.

A time is plausible when it lies at most a day after the record's own time and at most ten years
before it (SPEC 7). One that is not is often right but for its unit: milliseconds in a field of
seconds, say, or a date in January 1970 that was made of seconds taken for milliseconds. Of all
units one at most makes it plausible, since they lie a thousand times apart.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from schemas.adapters.numbers import LARGEST_EXACT, plain_number
from schemas.decoding import MAX_FUTURE_MS, MAX_PAST_MS

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

SECONDS: Final = (1_000, 1)
MILLISECONDS: Final = (1, 1)
MICROSECONDS: Final = (1, 1_000)
NANOSECONDS: Final = (1, 1_000_000)
UNITS: Final = (SECONDS, MILLISECONDS, MICROSECONDS, NANOSECONDS)
"""Each by what a number of it is to be multiplied with and divided by to be milliseconds."""

Unit = tuple[int, int]


class Moment(NamedTuple):
    """A time in epoch milliseconds, and whether it is what the sender wrote."""

    ms: int
    is_as_written: bool = True


def moment_of(value: object, unit: Unit, now: int) -> Moment | None:
    """The plausible time that a value stands for; None when it stands for none.

    Args:
        value: what stands there: a number or a text.
        unit: the unit of numbers, by the format.
        now: the record's own time, in epoch milliseconds.

    """
    number = _number(value)
    found = None if number is None else _plausible(number, unit, now)
    if found is None and isinstance(value, str):
        ms = iso_milliseconds(value)
        found = None if ms is None else _plausible(ms, MILLISECONDS, now)
    return found


def is_time(value: object) -> bool:
    """Whether it is a time at all, however implausible."""
    return _number(value) is not None or iso_milliseconds(value) is not None


def shown(ms: int) -> str:
    """A plausible time in words."""
    try:
        text = (EPOCH + ms * MILLISECOND).isoformat(timespec="milliseconds")
    except OverflowError:  # beyond the calendar, as the record's own time may be
        return f"{ms} ms"
    return text.replace("+00:00", "Z")


def _number(value: object) -> int | float | None:
    if isinstance(value, str):
        return plain_number(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None


def _plausible(number: int | float, unit: Unit, now: int) -> Moment | None:
    """The time that a number of this unit is, or else of the one that makes it plausible."""
    for each in (unit, *UNITS):
        ms = scaled(number, each)
        if now - MAX_PAST_MS <= ms <= now + MAX_FUTURE_MS:
            return Moment(ms, each == unit)
    return None


def scaled(number: int | float, unit: Unit) -> int:
    """A number of a unit in milliseconds."""
    times, parts = unit
    if isinstance(number, float) and abs(number) < LARGEST_EXACT:
        return int(number * times / parts)
    return int(number) * times // parts


def iso_milliseconds(value: object) -> int | None:
    """The time in ISO 8601; UTC where it names no zone."""
    if not isinstance(value, str):
        return None
    text = value.strip().removesuffix(" UTC")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - EPOCH) // MILLISECOND
