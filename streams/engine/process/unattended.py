"""Work that goes on when whoever waits for it is cancelled."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do what is finished even if this task is cancelled: a commit cannot be left alone."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(log_failure)
        raise


def log_failure(work: "asyncio.Task[None]") -> None:
    """Say why work failed that nobody waits for any more."""
    if not work.cancelled() and (error := work.exception()) is not None:
        logger.warning("work that was given up has failed: %s", error)
