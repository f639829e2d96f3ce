"""Text that cannot change how a terminal looks, whoever wrote the ids, topics or versions in it.

All that people are shown passes here: what commands print by `print_plain`, tables by the consoles
of `streams.commands.terminal`, and lines of the log by `streams.log_lines`.
"""

import sys
from typing import TextIO


def printable(text: str) -> str:
    """The text with all that is no plain text escaped as in Python.

    That are control characters, such as those that move the cursor or change its colour; what
    turns the direction of text around; and what is not to be seen.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def printable_lines(text: str) -> str:
    """The same for text of several lines, which it remains."""
    return "\n".join(map(printable, text.split("\n")))


def print_plain(text: str = "", *, end: str = "\n", file: TextIO | None = None) -> None:
    """Print text of one or several lines; on standard output where no file is named."""
    print(printable_lines(text), end=end, file=file or sys.stdout)
