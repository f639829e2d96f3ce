"""What the agent does with a batch, whatever the batch does to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from streams.agents.suppress import suppress
from streams.engine.batches import Batch


class Work:
    """Stands for a partition: counts how often it is given work, which may fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.times = 0
        self._error = error

    def process(self, entries: Sequence[Any]) -> None:
        self.times += 1
        if self._error is not None:
            raise self._error


def run(
    *works: Work, before: Callable[[list[Batch]], object] = lambda batches: None
) -> list[Batch]:
    """Give the agent a batch for each work; `before` may do something to the batches first."""

    async def given() -> list[Batch]:
        batches = [Batch(work, []) for work in works]  # type: ignore[arg-type]
        before(batches)
        await suppress(_each(batches))
        return batches

    return asyncio.run(given())


async def _each(batches: list[Batch]) -> AsyncIterator[Batch]:
    for batch in batches:
        yield batch


def test_whoever_waits_for_a_batch_hears_that_it_is_done() -> None:
    work = Work()
    [batch] = run(work)
    assert work.times == 1
    assert batch.done.result() is None


def test_a_batch_that_nobody_waits_for_any_more_is_left_alone() -> None:
    abandoned, wanted = Work(), Work()
    run(abandoned, wanted, before=lambda batches: batches[0].done.cancel())
    assert (abandoned.times, wanted.times) == (0, 1)


def test_an_error_is_for_whoever_waits_and_does_not_end_the_agent() -> None:
    failing, after = Work(ValueError("broken")), Work()
    batch, _ = run(failing, after)
    with pytest.raises(ValueError, match="broken"):
        batch.done.result()
    assert after.times == 1
