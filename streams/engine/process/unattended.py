"""Work that runs to its end when the task that awaits it is cancelled."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


async def shielded(work: Coroutine[Any, Any, None]) -> None:
    """Await work that runs to its end even if this task is cancelled: a commit must.

    If it fails after that, the failure is logged.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(log_failure)
        raise


def log_failure(work: "asyncio.Task[None]") -> None:
    """Log why work failed that nobody awaits any more."""
    if not work.cancelled() and (error := work.exception()) is not None:
        logger.warning("work that was given up has failed: %s", error)
