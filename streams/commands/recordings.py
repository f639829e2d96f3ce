"""The recordings that a command reads: files, and `-` for standard input."""

import errno
import os
from collections.abc import Callable, Sequence
from typing import Annotated, Final

import typer

from streams.commands.files import STANDARD_INPUT
from streams.commands.terminal import busy
from streams.errors import UserError
from streams.recording.files import KINDS
from streams.recording.sources import AnyPath
from streams.recording.standard_input import keep_standard_input

HELP: Final = (
    "Recordings in order, .jsonl or .ndjson, also compressed as .gz, .xz or .zst; - for standard "
    "input."
)

Recordings = Annotated[list[str], typer.Argument(metavar="RECORDING", help=HELP)]
"""The argument of every command that reads recordings, for `readable`."""


def _recording(_: bytes) -> str:
    return KINDS[0]


def readable(names: Sequence[str], kind_of: Callable[[bytes], str] = _recording) -> list[AnyPath]:
    """The files of these names, and for `-` what comes on standard input, once all of it has come.

    So it is asked for only when nothing else stands in the way of reading it. `kind_of` says by its
    beginning what a file with it would be called. Raises `UserError` where `-` is named more than
    once or a file cannot be read, and `SourceError`.
    """
    for name in names:
        if name != STANDARD_INPUT and not os.access(name, os.R_OK):
            reason = os.strerror(errno.EACCES if os.path.exists(name) else errno.ENOENT)
            raise UserError(f"{name}: cannot be read: {reason}")
    if names.count(STANDARD_INPUT) > 1:
        raise UserError(f"{STANDARD_INPUT}: named more than once; there is one standard input.")
    return [_kept(kind_of) if name == STANDARD_INPUT else name for name in names]


def _kept(kind_of: Callable[[bytes], str]) -> AnyPath:
    with busy("Reading standard input"):
        return keep_standard_input(kind_of)
