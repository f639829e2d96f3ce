"""Files that commands write: whole or not at all."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import orjson
import typer
from msgspec import Struct

from streams.errors import UserError
from streams.owner_only import open_for_owner
from streams.plain_text import print_plain

STANDARD_INPUT: Final = "-"
STANDARD_OUTPUT: Final = "-"
PARQUET: Final = ".parquet"
BUFFER_BYTES: Final = 1 << 20

JSON_TO_READ: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
"""How JSON for people and programs alike is laid out."""

Force = Annotated[bool, typer.Option("--force", help="Write over files that are there already.")]
"""The option of every command that writes files, for `check_outputs`."""


@contextmanager
def whole_file(path: str | None) -> Iterator[Callable[[bytes], object]]:
    """A place to write to: a file, standard output (`-`) or nowhere; yields what writes.

    On a terminal what is no plain text is escaped; everything else gets the bytes as they are.
    A file, which only its owner may read, appears under its name when the block has ended well;
    when it fails, what was there before stays. Raises `UserError` when the file cannot be written.
    """
    if path is None:
        yield lambda _: None
    elif path == STANDARD_OUTPUT:
        yield _print_plain if sys.stdout.isatty() else sys.stdout.buffer.write
        sys.stdout.flush()
    elif Path(path).exists() and not Path(path).is_file():
        # A device or a pipe: there is no name to give it afterwards.
        with _open(path, Path(path)) as file:
            yield file.write
    else:
        unfinished = Path(f"{path}.part")
        with _open(path, unfinished) as file:
            try:
                yield file.write
                file.flush()
            except BaseException:
                unfinished.unlink()
                raise
        os.replace(unfinished, path)


@contextmanager
def records_file(path: str | None, record: type[Struct]) -> Iterator[Callable[[bytes], object]]:
    """The same for records of a type; yields what writes one, as a line of JSON Lines.

    Where the name ends in `.parquet` they are written as Parquet. Raises `UserError` where what
    writes that is not installed.
    """
    with whole_file(path) as write:
        if path is None or not path.endswith(PARQUET):
            yield write
            return
        from streams.recording.parquet.writing import parquet_lines  # noqa: PLC0415 -- slow to import

        with parquet_lines(record, write) as add:
            yield add


def check_outputs(inputs: Iterable[str], outputs: Mapping[str, str | None], *, force: bool) -> None:
    """Raises `UserError` when one file would be written over another.

    `outputs` are the files to write, by the options that name them. With `force` they may be there
    already, unless they are also read or written otherwise.
    """
    to_standard_output = [option for option, path in outputs.items() if path == STANDARD_OUTPUT]
    if len(to_standard_output) > 1:
        raise UserError(
            f"Only one of {' and '.join(to_standard_output)} can go to standard output; name a "
            "file for the other."
        )
    read = [path for path in inputs if path != STANDARD_INPUT]
    written = [path for path in outputs.values() if path is not None and path != STANDARD_OUTPUT]
    resolved = [Path(path).resolve() for path in (*read, *written)]
    for path in written:
        file = Path(path).resolve()
        if resolved.count(file) > 1 and (file.is_file() or not file.exists()):
            raise UserError(
                f"{path}: named more than once; what is written needs a file of its own."
            )
        if file.is_file() and not force:
            raise UserError(
                f"{path}: is there already. --force writes over it; or choose another name."
            )


def _print_plain(content: bytes) -> None:
    print_plain(content.decode(errors="backslashreplace"), end="")


def _open(path: str, opened: Path) -> BinaryIO:
    try:
        if opened.exists() and not opened.is_file():
            return opened.open("wb", buffering=BUFFER_BYTES)
        return open_for_owner(opened, buffering=BUFFER_BYTES)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
