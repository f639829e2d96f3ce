"""A commit that the brokers do not answer in time ends the worker."""

import asyncio
from collections.abc import Callable
from typing import Final

from streams.errors import UserError
from streams.kafka.daemon_thread import in_daemon_thread
from streams.settings import Settings

ANSWER_SECONDS: Final = 5
"""Beyond the time that a transaction has; then an answer would come too late in any case."""


async def within_transaction_timeout(commit: Callable[[], None], settings: Settings) -> None:
    """Commit, and wait no longer than the broker keeps a transaction open.

    Where the broker that coordinated the group is gone, the client waits for ever (librdkafka's
    issues 5456 and 5511). Raises `UserError` when the answer does not come in time.
    """
    seconds = settings.transaction_seconds + ANSWER_SECONDS
    try:
        async with asyncio.timeout(seconds):
            await in_daemon_thread(commit, "commit")
    except TimeoutError as late:
        raise UserError(
            f"Kafka: a checkpoint was not answered within {seconds} seconds. The worker ends; "
            "started anew, it goes on from the last checkpoint that was."
        ) from late
