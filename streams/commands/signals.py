"""Stopping in order: what was begun is ended first."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


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
