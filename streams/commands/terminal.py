"""How commands show things: tables that fit, and progress bars for those who watch."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

WIDTH_OF_A_FILE: Final = 160
"""Where no terminal sets the width: wide enough for rows that other programs can search."""


def standard_output() -> Console:
    """Where results go."""
    return Console(width=_width(sys.stdout.isatty()), highlight=False, markup=False)


def standard_error() -> Console:
    """Where all goes that is not the result: summaries, progress."""
    return Console(stderr=True, width=_width(sys.stderr.isatty()), highlight=False, markup=False)


def _width(is_terminal: bool) -> int | None:
    return None if is_terminal or "COLUMNS" in os.environ else WIDTH_OF_A_FILE


def table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """A table that folds long cells rather than cutting them; `numbers` are put to the right."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def printable(text: str) -> str:
    """The text with all that is no plain text escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


@contextmanager
def progress_bar(what: str, total: int, then: str = "") -> Iterator[Callable[[int], object]]:
    """A progress bar on standard error, where that is a terminal; gone when the block ends.

    Yields what to call with each amount done. When all of `total` is done the bar says `then`,
    if that is given, and shows that it cannot tell how long that takes.
    """
    console = standard_error()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=total)
        done = 0

        def advance(amount: int) -> None:
            nonlocal done
            done += amount
            if then and done >= total:
                bar.update(task, description=then, total=None)
            else:
                bar.advance(task, amount)

        yield advance
