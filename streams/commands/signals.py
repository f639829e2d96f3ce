"""What SIGTERM and Ctrl-C do: what was begun is ended first."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from streams.commands.errors import INTERRUPTED


def end_upon_sigterm() -> None:
    """Have SIGTERM end the process with `INTERRUPTED`, until something else listens to it.

    As the first process of a container it would be deaf to it. It is not the exception of Ctrl-C:
    if that comes while Python executes a text, as it does for a named tuple, Python kills itself in
    the end with SIGINT, whatever has become of the exception.
    """
    signal.signal(signal.SIGTERM, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(INTERRUPTED)


@contextmanager
def stop_asked_for() -> Iterator[Callable[[], bool]]:
    """Yields a function that says whether Ctrl-C or SIGTERM has come; the second acts as usual."""
    is_asked_for = False
    usual: dict[int, Any] = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)
    }

    def ask(number: int, _: FrameType | None) -> None:
        nonlocal is_asked_for
        is_asked_for = True
        signal.signal(number, usual[number])

    for number in usual:
        signal.signal(number, ask)
    try:
        yield lambda: is_asked_for
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
