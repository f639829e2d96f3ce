"""Numbers, times and names as a report says them."""

from datetime import UTC, datetime, timedelta
from typing import Final
from unicodedata import category

from streams.recording.report.ads import HELD_OUT, LEAKED, LET_THROUGH, STOPPED

OUTCOME_WORDS: Final = {
    STOPPED: "stopped",
    HELD_OUT: "holdout",
    LEAKED: "leaked",
    LET_THROUGH: "let through",
}
"""What became of an ad, in the order in which it is shown."""

LONGEST_NAME: Final = 60

_UNDRAWABLE: Final = ("Cc", "Cs", "Cn")
"""Categories of Unicode: control characters, halves of characters, and what is none."""

_TURNING: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the direction of writing."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def number(amount: float) -> str:
    """With thousands separators: 12,345."""
    return f"{amount:,}"


def count(amount: int, what: str) -> str:
    """So many of something: 1 ad, 12,345 ads."""
    return f"{amount:,} {what}" if amount == 1 else f"{amount:,} {what}s"


def money(amount: float) -> str:
    """In whatever currency: 1,234.50."""
    return f"{amount:,.2f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 0 to 1: 12.3 %; a dash where there is none.

    What is not all, or not nothing, is not rounded to that.
    """
    if share is None:
        return "-"
    shown = f"{100 * share:.{digits}f}"
    if share < 1 and float(shown) == 100:
        shown = f"over {100 - 10**-digits:.{digits}f}"
    elif share > 0 and float(shown) == 0:
        shown = f"under {10**-digits:.{digits}f}"
    return f"{shown}\N{NO-BREAK SPACE}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points: +1.2."""
    return f"{100 * difference:+.1f}"


def length(seconds: int | None) -> str:
    """A length of time in its greatest unit, and the next one: 3 hours 12 minutes."""
    if seconds is None:
        return "-"
    for index, (unit, size) in enumerate(_UNITS):
        whole, rest = divmod(seconds, size)
        if whole:
            text = count(whole, unit)
            if rest and index + 1 < len(_UNITS) and whole < 10:
                smaller, smaller_size = _UNITS[index + 1]
                if rest >= smaller_size:
                    text += f" {count(rest // smaller_size, smaller)}"
            return text
    return "under a second"


def between(low: int, high: int | None) -> str:
    """A range of lengths of time, in seconds: 1 to 10 minutes."""
    if high is None:
        return f"{length(low)} or more"
    if not low:
        return f"under {length(high)}"
    for unit, size in _UNITS:
        if not low % size and not high % size:
            return f"{low // size} to {high // size} {unit}s"
    return f"{length(low)} to {length(high)}"


def day(ts: int | None) -> str:
    """The date of a time in epoch milliseconds, in UTC: 2025-01-06; a dash where there is none."""
    return _written(ts, "%Y-%m-%d")


def moment(ts: int | None) -> str:
    """The date and time of epoch milliseconds, in UTC: 2025-01-06 12:30."""
    return _written(ts, "%Y-%m-%d %H:%M")


def _written(ts: int | None, form: str) -> str:
    if ts is None:
        return "-"
    try:
        return (_EPOCH + timedelta(milliseconds=ts)).strftime(form)
    except OverflowError:  # a time that no calendar has
        return f"{ts:,} ms"


def named(name: str | None, longest: int = LONGEST_NAME) -> str:
    """A category, brand or site, fit to be shown, or in words that there is none.

    It is cut where it is longer. Characters that cannot be drawn, and those that turn the direction
    of all that follows, are replaced.
    """
    if name is None:
        return "not stated"
    if not name.strip():
        return "blank"
    if len(name) > longest:
        name = name[: longest - 1] + "…"
    return "".join(map(_drawable, name))


def _drawable(character: str) -> str:
    is_drawable = category(character) not in _UNDRAWABLE and character not in _TURNING
    return character if is_drawable else "\N{REPLACEMENT CHARACTER}"
