"""Decisions and lists as Parquet, for DuckDB and others: the fields of SPEC 5, times as times."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, inspect

from schemas.problems import without_null
from streams.recording.parquet.library import arrow

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

ROW_GROUP_BYTES: Final = 16 << 20
"""A row group ends with the line that makes its lines as long as this."""

TIMES: Final = ("ts", "since", "until")
"""Fields with epoch milliseconds."""

LEFT_OUT: Final = ("as_of",)
"""Fields that what is compared does not have."""

Write = Callable[[bytes], object]


@contextmanager
def parquet_lines(record: type[Struct], write: Write) -> Iterator[Write]:
    """Write Parquet with records of this type; yields what adds one, as a line of JSON Lines.

    A row group at a time is in memory. Raises `UserError` where what writes it is not installed.
    """
    pyarrow = arrow()
    told, kept = schema_of(record, told=True), schema_of(record, told=False)
    lines = bytearray()

    def end_row_group() -> None:
        table = _table(pyarrow, bytes(lines), told).cast(kept)
        lines.clear()
        writer.write_table(table, row_group_size=max(1, table.num_rows))

    def add(line: bytes) -> None:
        lines.extend(line)
        if len(lines) >= ROW_GROUP_BYTES:
            end_row_group()

    with pyarrow.parquet.ParquetWriter(_File(write), kept, compression="zstd") as writer:
        yield add
        if lines:
            end_row_group()


def schema_of(record: type[Struct], *, told: bool) -> Any:
    """The columns for records of a type.

    Args:
        record: the type.
        told: whether times are numbers, as in JSON, rather than times.

    """
    pyarrow = arrow()
    time = pyarrow.int64() if told else pyarrow.timestamp("ms", "UTC")
    described = inspect.type_info(record)
    assert isinstance(described, inspect.StructType)
    return pyarrow.schema(_fields(pyarrow, described, time))


def _fields(pyarrow: Any, described: inspect.StructType, time: Any) -> list[tuple[str, Any]]:
    return [
        (field.encode_name, _column(pyarrow, field.encode_name, field.type, time))
        for field in described.fields
        if field.encode_name not in LEFT_OUT
    ]


def _column(pyarrow: Any, name: str, described: inspect.Type, time: Any) -> Any:
    match without_null(described):
        case inspect.IntType():
            return time if name in TIMES else pyarrow.int64()
        case inspect.FloatType():
            return pyarrow.float64()
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return pyarrow.list_(_column(pyarrow, name, item, time))
        case inspect.StructType() as inner:
            return pyarrow.struct(_fields(pyarrow, inner, time))
        case _:
            return pyarrow.string()


def _table(pyarrow: Any, lines: bytes, schema: Any) -> Any:
    """The table in lines of JSON."""
    reading = pyarrow.json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    parsing = pyarrow.json.ParseOptions(schema, unexpected_field_behavior="ignore")
    return pyarrow.json.read_json(io.BytesIO(lines), reading, parsing)


class _File(io.RawIOBase):
    """A file of what is written to it, as far as a writer of Parquet needs one."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, content: "ReadableBuffer", /) -> int:
        written = bytes(content)
        self._write(written)
        self._size += len(written)
        return len(written)
