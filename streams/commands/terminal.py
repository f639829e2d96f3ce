"""How commands show things: tables that fit, and progress bars for those who watch."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from streams.commands.fitted_table import FittedTable
from streams.plain_text import printable_lines

ASKING: Final = "Asking the brokers"
"""What is shown until they answer, or it is clear that they do not."""
ADDING_UP: Final = "Adding up"
"""What is shown when all is decided."""
WIDTH_OF_A_FILE: Final = 160
"""Where no terminal sets the width: wide enough for rows that other programs can search."""


class PlainConsole(Console):
    """Shows text as it is, but for what could change how the terminal looks."""

    def __init__(self, *, stderr: bool = False) -> None:
        file = sys.stderr if stderr else sys.stdout
        super().__init__(
            stderr=stderr,
            width=_width(file.isatty()),
            highlight=False,
            markup=False,
            emoji=False,
        )

    def render_str(self, text: str, **how: Any) -> Text:
        """Where a line, or a cell of a table, becomes something that can be shown."""
        return super().render_str(printable_lines(text), **how)


def standard_output() -> Console:
    """Where results go."""
    return PlainConsole()


def standard_error() -> Console:
    """Where all goes that is not the result: summaries, progress."""
    return PlainConsole(stderr=True)


def _width(is_terminal: bool) -> int | None:
    return None if is_terminal or "COLUMNS" in os.environ else WIDTH_OF_A_FILE


def table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """A table that fits the width there is and cuts nothing; `numbers` are put to the right."""
    made = FittedTable()
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def tell_if_empty(recordings: Iterable[object], records: int) -> None:
    """Say on standard error that recordings have no records, where that is how many were read."""
    if not records:
        standard_error().print(
            f"Note: {', '.join(map(str, recordings))}: empty, there is no record to read."
        )


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


@contextmanager
def busy(what: str) -> Iterator[None]:
    """A progress bar for what cannot tell how far it is, such as waiting for brokers."""
    with progress_bar("", 1, then=what) as advance:
        advance(1)
        yield
