"""How much is taken at once."""

from collections.abc import Iterator, Sequence
from typing import Final

from streams.engine.alignment import Place
from streams.engine.intake import Entry

BATCH_BYTES: Final = 16 << 20
"""So much input is taken at once at most, or else a single record."""


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
