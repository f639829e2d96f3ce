"""Large requests: only so many at a time, and decided in turns, so that small ones need not wait.

A slice of a large request's work is done in one turn of the event loop, and at most one slice in
each: what came meanwhile is answered before the next. Large requests take these turns one after
the other, so a short one is not kept waiting until a long one is done.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final, TypeVar

SLICE_SECONDS: Final = 0.001

T = TypeVar("T")


class TooMuch(Exception):
    """So many large requests are at work that another one has to be asked again later."""


class Turns:
    """Who may work on a large request, and when."""

    def __init__(self, most: int) -> None:
        """So many at a time."""
        self._most = most
        self._admitted = 0
        self._turn = asyncio.Lock()

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Work on a large request while the block runs. Raises `TooMuch`."""
        if self._admitted == self._most:
            raise TooMuch(f"expected at most {self._most:,} large requests at a time")
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    async def done(self, steps: Iterable[T]) -> list[T]:
        """The results of all steps, which are taken in slices; what a step raises ends them."""
        found: list[T] = []
        remaining = iter(steps)
        while True:
            async with self._turn:
                end = perf_counter() + SLICE_SECONDS
                for result in remaining:
                    found.append(result)
                    if perf_counter() >= end:
                        break
                else:
                    return found
                await asyncio.sleep(0)
