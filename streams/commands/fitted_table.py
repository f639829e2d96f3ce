"""Tables that fit the width there is, whatever stands in them, without breaking a word."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Column, Table

from streams.plain_text import printable_lines

GAP: Final = 2
"""Blanks between two columns."""


class FittedTable(Table):
    """A table of text. Its columns are as narrow as it takes, but none than its longest word.

    Where not even that fits, each row is shown as a few lines, a cell each, with the column's name.
    """

    def __init__(self) -> None:
        super().__init__(box=None, pad_edge=False, padding=(0, GAP, 0, 0))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        words, lines = zip(*map(self._widths, self.columns), strict=True)
        room = options.max_width - GAP * (len(words) - 1)
        if sum(words) > room:
            yield from self._row_by_row(console)
            return
        for column, width in zip(self.columns, _shared(room, words, lines), strict=True):
            column.width = width
        yield from super().__rich_console__(console, options)

    def _widths(self, column: Column) -> tuple[int, int]:
        """Of the longest word of a column, and of its longest line."""
        texts = [str(cell) for cell in column.cells]
        if self.show_header:
            texts.append(str(column.header))
        lines = [line for text in texts for line in printable_lines(text).split("\n")]
        longest = max(map(cell_len, lines), default=0)
        return max(map(_longest_word, lines), default=0), longest

    def _row_by_row(self, console: Console) -> RenderResult:
        columns = [list(column.cells) for column in self.columns]
        for number, (row, cells) in enumerate(zip(self.rows, zip_longest(*columns), strict=True)):
            if number and len(cells) > 1:
                yield ""
            style = row.style or ""
            for place, line in enumerate(self._named(map(str, cells))):
                text = console.render_str(line, style=style)
                yield Padding(text, (0, 0, 0, GAP if place else 0))

    def _named(self, cells: Iterator[str]) -> Iterator[str]:
        """The cells of a row that say something, each with its column's name."""
        for column, cell in zip(self.columns, cells, strict=True):
            name = str(column.header) if self.show_header else ""
            if cell.strip():
                yield f"{name}: {cell}" if name else cell


def _longest_word(line: str) -> int:
    """The width of the longest word; blanks before the first one belong to it."""
    indentation = len(line) - len(line.lstrip())
    return max((cell_len(word) for word in line.split()), default=0) + indentation


def _shared(room: int, least: tuple[int, ...], most: tuple[int, ...]) -> list[int]:
    """Widths of columns between their least and their most, those that want little first."""
    widths = list(least)
    left = room - sum(least)
    by_want = sorted(range(len(least)), key=lambda each: most[each] - least[each])
    for served, each in enumerate(by_want):
        given = min(most[each] - least[each], left // (len(by_want) - served))
        widths[each] += given
        left -= given
    return widths
