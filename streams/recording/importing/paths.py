"""What stands at a path of an event, such as `context.traits.id`: an id, or a time."""

from typing import Final

from schemas.adapters.numbers import plain_number
from schemas.adapters.times import (
    MICROSECONDS,
    MILLISECONDS,
    NANOSECONDS,
    SECONDS,
    iso_milliseconds,
    scaled,
)
from schemas.decoding import InvalidRecord
from schemas.fields import INT64_MAX
from schemas.problems import kind_of, quoted

LARGEST: Final = ((SECONDS, 10**11), (MILLISECONDS, 10**14), (MICROSECONDS, 10**17))
"""Below so many a number is one of this unit: a time of the years 1973 to 5138."""


def found_at(event: object, path: str) -> object:
    """What stands at a path, whose parts are names of fields or places in arrays; None if nothing.

    A field whose name has points in it is found by that name.
    """
    found = event
    if isinstance(event, dict) and path in event:
        return event[path]
    for part in path.split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def id_at(event: object, path: str) -> str:
    """The id at a path. Raises `InvalidRecord`."""
    found = found_at(event, path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if isinstance(found, str) and found:
        return found
    raise InvalidRecord("missing_field", f"{path}: expected an id, got {_in_words(found)}")


def time_at(event: object, path: str) -> int:
    """The time at a path, in epoch milliseconds. Raises `InvalidRecord`.

    A text in ISO 8601, UTC where it names no zone, or a number, whose unit its size tells.
    """
    found = found_at(event, path)
    number = plain_number(found.strip()) if isinstance(found, str) else found
    ms: int | None = None
    if isinstance(number, int | float) and not isinstance(number, bool):
        unit = next((unit for unit, most in LARGEST if abs(number) < most), NANOSECONDS)
        ms = scaled(number, unit)
    elif isinstance(found, str):
        ms = iso_milliseconds(found)
    if ms is None or abs(ms) > INT64_MAX:
        raise InvalidRecord(
            "wrong_type",
            f"{path}: expected a time such as 2026-11-30T10:00:00Z or 1796032800, "
            f"got {_in_words(found)}",
        )
    return ms


def _in_words(found: object) -> str:
    if found is None:
        return "nothing"
    return quoted(found) if isinstance(found, str) else kind_of(found)
