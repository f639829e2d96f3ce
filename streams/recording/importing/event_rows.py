"""The events in files as people have them: JSON Lines, tables of text, Parquet."""

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO, Final, NamedTuple

import orjson

from streams.errors import UserError
from streams.recording.importing.columns import Columns, TableOptions
from streams.recording.importing.rows import (
    BYTE_ORDER_MARK,
    PARQUET,
    TABLES,
    ImportFailed,
    delimiter_of,
)
from streams.recording.parquet.reading import as_json, rows_in
from streams.recording.sources import AnyPath, Progress, kind_in, lines_of, open_source

JSON_LINES: Final = (".ndjson", ".jsonl", ".json")

BEGINNINGS: Final = (b"[", b"{")
"""How a file begins that is one array or object, laid out for people."""
HOW: Final = "`jq -c '.[]'` makes that of an array, `jq -c .` of objects over several lines"


class Row(NamedTuple):
    """One event of a file, unread."""

    where: str
    """The file and the line."""
    value: bytes | None
    """The event as JSON; None where the line is broken."""
    problem: str = ""
    """What a broken line should have been, in words."""


def kind_of(beginning: bytes) -> str:
    """What the name of a file ends in that begins with these plain bytes."""
    if beginning.startswith(b"PAR1"):
        return PARQUET[0]
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    return JSON_LINES[0] if text[:1] in (b"{", b"[", b"") else TABLES[0]


def read_rows(
    path: AnyPath, options: TableOptions, progress: Progress | None = None
) -> Iterator[Row]:
    """The events of a file, by the end of its name; ``options`` are for tables and Parquet.

    Raises ``ImportFailed`` for columns that cannot be, ``SourceError`` for a file that cannot be
    read, and ``UserError`` where what reads it is not installed.
    """
    kind = kind_in(path, (*JSON_LINES, *TABLES, *PARQUET))
    if kind in PARQUET:
        return _parquet(path, options, progress)
    if kind in TABLES:
        return _table(path, options, progress)
    if options.says_something:
        raise UserError(
            f"{path}: has no columns; --columns, --rename and --set are for .csv, .tsv and .parquet"
        )
    return _json_lines(path, progress)


def _json_lines(path: AnyPath, progress: Progress | None) -> Iterator[Row]:
    with open_source(path, JSON_LINES, progress) as file:
        for number, line in enumerate(lines_of(file, path), start=1):
            where = f"{path}, line {number}"
            if line.strip() in BEGINNINGS:
                yield Row(where, None, "expected each event whole, on a line of its own. " + HOW)
            elif not line.isspace():
                yield Row(where, line)


def _table(path: AnyPath, options: TableOptions, progress: Progress | None) -> Iterator[Row]:
    with open_source(path, TABLES, progress) as file:
        lines = _texts(file, path)
        first = next(lines, "").removeprefix(BYTE_ORDER_MARK)
        # A line within quotes may have an end, so these are not always lines of the file.
        reader = csv.reader(chain([first], lines), delimiter=delimiter_of(first), strict=True)
        columns = _columns(path, options.names or _names(path, reader), options)
        while True:
            where = f"{path}, line {reader.line_num + 1}"
            try:
                texts = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(where, None, f"expected a row of the table: {error}")
                continue
            if texts:
                yield _row(where, columns, texts)


def _row(where: str, columns: Columns, texts: list[str]) -> Row:
    if len(texts) != columns.count:
        return Row(where, None, f"expected {columns.count} fields, got {len(texts)}")
    try:
        return Row(where, orjson.dumps(columns.event_of_texts(texts)))
    except orjson.JSONEncodeError:  # of bytes that are no text only stand-ins were read
        return Row(where, None, "expected text in UTF-8")


def _texts(file: BinaryIO, path: AnyPath) -> Iterator[str]:
    for line in lines_of(file, path):
        yield line.decode(errors="surrogateescape")


def _names(path: AnyPath, reader: Iterator[list[str]]) -> list[str]:
    try:
        names = next(reader, [])
        "".join(names).encode()
    except (csv.Error, UnicodeEncodeError) as error:
        problem = error if isinstance(error, csv.Error) else "got no text in UTF-8"
        raise ImportFailed(f"{path}, line 1: expected the names of columns: {problem}") from None
    return [name.strip() for name in names]


def _columns(path: AnyPath, names: Iterable[str], options: TableOptions) -> Columns:
    try:
        return Columns([*names], options)
    except ValueError as error:
        raise ImportFailed(f"{path}, columns: {error}") from None


def _parquet(path: AnyPath, options: TableOptions, progress: Progress | None) -> Iterator[Row]:
    columns: Columns | None = None
    for number, row in enumerate(rows_in(path, progress), start=1):
        if columns is None:
            columns = _columns(path, options.names or row, options)
        where = f"{path}, row {number}"
        try:
            event = columns.event([*row.values()])
            yield Row(where, orjson.dumps(event, as_json, orjson.OPT_NON_STR_KEYS))
        except (orjson.JSONEncodeError, UnicodeDecodeError) as error:
            yield Row(where, None, f"expected what can be written as JSON: {error}")
