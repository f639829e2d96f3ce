"""The rows of Parquet files as plain values, some at a time."""

import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from streams.errors import SourceError
from streams.recording.parquet.library import arrow
from streams.recording.sources import AnyPath, Progress, compression_in

ROWS_AT_ONCE: Final = 1_000

LARGEST_ROW_GROUP: Final = 2 << 30
"""Bytes before compression, of which a reader may need all. Usual ones have a tenth of it."""


def rows_in(path: AnyPath, progress: Progress | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a file, each with its values by the names of the columns.

    Raises ``SourceError`` for a file that cannot be read, and ``UserError`` where what reads it is
    not installed.
    """
    pyarrow = arrow()
    if compression_in(path):
        raise SourceError(f"{path}: expected .parquet alone, which is compressed within")
    try:
        size = os.stat(path).st_size
        with pyarrow.parquet.ParquetFile(os.fspath(path)) as file:
            _refuse_large_row_groups(path, file.metadata)
            for batch in file.iter_batches(ROWS_AT_ONCE):
                yield from _in_microseconds(batch, pyarrow).to_pylist(maps_as_pydicts="lossy")
                if progress is not None:
                    progress(size * batch.num_rows // file.metadata.num_rows)
    except (OSError, pyarrow.ArrowException, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        words = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise SourceError(f"{path}: cannot be read as Parquet: {words}") from error


def as_json(value: object) -> object:
    """What stands in JSON for a value of a row that JSON does not have, as for `orjson.dumps`."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime):  # of pandas, where that is installed
        return value.isoformat()
    raise TypeError


def _refuse_large_row_groups(path: AnyPath, metadata: Any) -> None:
    for number in range(metadata.num_row_groups):
        size = metadata.row_group(number).total_byte_size
        if size > LARGEST_ROW_GROUP:
            raise SourceError(
                f"{path}: expected row groups of at most {LARGEST_ROW_GROUP:,} bytes, got one of "
                f"{size:,}"
            )


def _in_microseconds(batch: Any, pyarrow: Any) -> Any:
    """The same with times that Python can tell, which knows no nanoseconds."""
    types = pyarrow.types
    for place, column in enumerate(batch.schema):
        if types.is_timestamp(column.type) and column.type.unit == "ns":
            coarser = pyarrow.timestamp("us", column.type.tz)
            batch = batch.set_column(
                place, column.name, batch.column(place).cast(coarser, safe=False)
            )
    return batch
