"""What importers have in common: rows of a table of text, and what became of them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import itemgetter
from typing import BinaryIO, Final, TypeVar

from streams.errors import SourceError
from streams.recording.sources import AnyPath, Progress, lines_of, open_source

TABLES: Final = (".csv", ".tsv")
PARQUET: Final = (".parquet",)

DELIMITERS: Final = ",;\t|"
BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"

Row = TypeVar("Row")


class ImportFailed(SourceError):
    """A file that is not the data set that was named; says which line, and what was expected."""


@dataclass(slots=True)
class ImportSummary:
    """What an import wrote and what it left out."""

    rows: int = 0
    """Lines read of the source, headers apart; product lists are not counted."""
    written: Counter[str] = field(default_factory=Counter)
    """Records by topic."""
    skipped: Counter[str] = field(default_factory=Counter)
    """What did not become a record, by reason, in words."""
    notes: list[str] = field(default_factory=list)
    """Sentences that anybody who reads figures from this recording should know."""


def read_rows(
    path: AnyPath,
    columns: Sequence[str],
    row_type: Callable[..., Row],
    progress: Progress | None = None,
    limit: int | None = None,
) -> Iterator[Row]:
    """``row_type(*fields)`` for each of the first ``limit`` lines, fields in ``columns`` order.

    Raises ``ImportFailed`` when a column is missing, a line is too short, or ``row_type`` raises
    ``ValueError``, whose message should say what was expected.
    """
    with open_source(path, TABLES, progress) as source:
        lines = _texts(source, path)
        first = next(lines, "").removeprefix(BYTE_ORDER_MARK)
        reader = csv.reader(chain([first], lines), delimiter=delimiter_of(first))
        try:
            pick = _picker(path, next(reader, []), columns)
            for fields in islice(reader, limit):
                yield row_type(*pick(fields))
        except IndexError:
            problem = f"too few fields; expected the columns {', '.join(columns)}"
        except (csv.Error, ValueError) as error:
            if isinstance(error, SourceError):
                raise
            problem = str(error)
        else:
            return
        raise ImportFailed(f"{path}, line {reader.line_num}: {problem}")


def delimiter_of(first: str) -> str:
    """What is most frequent in the first line of a table; a comma where nothing is."""
    unquoted = re.sub('"[^"]*"', "", first)
    return max(DELIMITERS, key=unquoted.count)


def _texts(source: BinaryIO, path: AnyPath) -> Iterator[str]:
    """The lines of text. Raises ``ImportFailed`` at one that is none."""
    text = io.TextIOWrapper(source, errors="surrogateescape", encoding="utf-8", newline="")
    for number, line in enumerate(lines_of(text, path), start=1):
        if not line.isascii():
            try:
                line.encode()
            except UnicodeEncodeError:
                raise ImportFailed(f"{path}, line {number}: not UTF-8 text") from None
        yield line


def _picker(
    path: AnyPath, header: Sequence[str], columns: Sequence[str]
) -> Callable[[Sequence[str]], tuple[str, ...]]:
    missing = [column for column in columns if column not in header]
    if missing:
        found = ", ".join(header)[:200] or "nothing"
        raise ImportFailed(
            f"{path}, line 1: no column {', '.join(missing)}; expected a header with"
            f" {', '.join(columns)}, found {found}"
        )
    return itemgetter(*(header.index(column) for column in columns))


def plain_id(number: str) -> str:
    """An id that a table program turned into a decimal number (``266079.0``), as it was."""
    return number.removesuffix(".0")
