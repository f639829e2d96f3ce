"""How `unhaunt dead-letters` shows letters: as a table, as JSON Lines, or one of them in full."""

import heapq
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from rich.table import Table

from streams.commands.terminal import table
from streams.dead_letters.letter import DeadLetter, LetterId
from streams.wording import counted

SHOWN_BYTES: Final = 65_536
"""Most of a value that is shown on a terminal."""


class Newest:
    """The newest letters, so many at most, without their values."""

    def __init__(self, limit: int) -> None:
        """`limit` is 0 for any number."""
        self._limit = limit
        self._kept: list[tuple[int, LetterId, DeadLetter]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, letter: DeadLetter) -> None:
        """Keep a letter unless there are enough that are newer."""
        entry = (letter.written, letter.id, letter._replace(value=None))
        if self._limit and len(self._kept) >= self._limit:
            heapq.heappushpop(self._kept, entry)
        else:
            heapq.heappush(self._kept, entry)

    def in_order(self) -> list[DeadLetter]:
        """The letters, the newest last."""
        return [letter for *_, letter in sorted(self._kept, key=lambda entry: entry[:2])]


def letters_table(letters: Iterable[DeadLetter], keys: bool) -> Table:
    """One line for each; `keys` shows the records' keys as well, which are ids of people."""
    columns = ("Written", "Letter", "Topic", "Partition", "Offset", "Code", "Detail")
    made = table(*columns, *(["Key"] if keys else []), numbers=("Partition", "Offset"))
    for letter in letters:
        made.add_row(
            iso(letter.written),
            str(letter.id),
            letter.found.topic,
            str(letter.found.partition),
            str(letter.found.offset),
            letter.found.error,
            _detail(letter, keys),
            *([escaped(letter.key)] if keys else []),
        )
    return made


def _detail(letter: DeadLetter, keys: bool) -> str:
    """What was wrong; ids of people that it quotes only where they may be seen."""
    if letter.found.error == "key_mismatch" and not keys:
        return re.sub(r'"(?:[^"\\]|\\.)*"', '"…"', letter.found.detail)
    return letter.found.detail


def as_json(letter: DeadLetter, keys: bool) -> dict[str, Any]:
    """What the table says of a letter."""
    shown = {
        "letter": str(letter.id),
        "written": iso(letter.written),
        "topic": letter.found.topic,
        "partition": letter.found.partition,
        "offset": letter.found.offset,
        "timestamp": letter.found.timestamp,
        "error": letter.found.error,
        "detail": _detail(letter, keys),
    }
    return {**shown, "key": escaped(letter.key)} if keys else shown


def summary(totals: Counter[str], shown: int, foreign: int) -> str:
    """How many there are of each code, and how many of them are shown."""
    codes = "".join(f", {code} {count:,}" for code, count in totals.most_common())
    lines = [f"Dead letters: {totals.total():,}{codes}" if totals else "No dead letters."]
    if shown < totals.total():
        lines[0] += f" (the newest {shown:,} are shown)"
    if foreign:
        lines.append(f"Records that no worker wrote there, since their headers lack: {foreign:,}")
    return "\n".join(lines)


def description(letter: DeadLetter) -> list[str]:
    """All that is known of one letter, line by line."""
    found = letter.found
    size = "none" if letter.value is None else counted(len(letter.value), "byte")
    lines = [
        f"Letter     {letter.id}",
        f"Written    {iso(letter.written)}",
        f"Error      {found.error}",
        f"Detail     {found.detail}",
        f"Found in   {found.topic}, partition {found.partition}, offset {found.offset}",
        f"Timestamp  {found.timestamp} ({iso(found.timestamp)})",
        f"Key        {escaped(letter.key)}",
        *(f"Header     {escaped(name.encode())}: {escaped(v)}" for name, v in letter.headers),
        f"Value      {size}",
    ]
    if letter.value is not None:
        lines.append(escaped(letter.value[:SHOWN_BYTES]))
        if len(letter.value) > SHOWN_BYTES:
            lines.append(f"… the first {SHOWN_BYTES:,} bytes; --raw writes all of them.")
    return lines


def escaped(content: bytes | None) -> str:
    """Plain text as it is; else bytes as Python writes them, so that each of them can be told."""
    if content is None:
        return "none"
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return repr(content)
    is_plain = all(character.isprintable() or character in "\n\t" for character in text)
    return text if is_plain else repr(content)


def iso(milliseconds: int) -> str:
    """A time as people read it, in UTC; the number itself where no calendar has it."""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
