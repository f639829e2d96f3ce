"""The agent that joins: every batch of a partition goes through here, one after the other."""

from collections.abc import AsyncIterable

from streams.engine.batches import Batch


async def suppress(batches: AsyncIterable[Batch]) -> None:
    """Decide on requests, join evidence, bury what is not right, reroute what is misplaced."""
    async for batch in batches:
        if not batch.is_wanted:
            continue
        with batch:
            batch.partition.process(batch.entries)
