"""What is taken at once: how much, and how it is handed to the agent."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from streams.engine.alignment import Place
from streams.engine.intake import Entry
from streams.engine.partition import Partition

BATCH_BYTES: Final = 16 << 20
"""So much input is taken at once at most, or else a single record."""


class Batch:
    """Records of one partition in their order, for the agent.

    A context manager: when the block ends, whoever waits for the batch hears of it, and of the
    error if there was one.
    """

    def __init__(self, partition: Partition, entries: Sequence[tuple[Place, Entry]]) -> None:
        self.partition = partition
        self.entries = entries
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_wanted(self) -> bool:
        """Whether anybody still waits for it: not when its partition was taken away meanwhile."""
        return not self.done.done()

    def __enter__(self) -> "Batch":
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
        return isinstance(error, Exception)


def in_batches(
    entries: Sequence[tuple[Place, Entry]], most: int
) -> Iterator[tuple[Sequence[tuple[Place, Entry]], int]]:
    """Cut into so many records at most, and so few that they are not much in bytes.

    With each batch comes how many bytes it is.
    """
    start, total = 0, 0
    for end, (_, (_, size)) in enumerate(entries):
        if end > start and (end - start == most or total + size > BATCH_BYTES):
            yield entries[start:end], total
            start, total = end, 0
        total += size
    if entries:
        yield entries[start:], total
