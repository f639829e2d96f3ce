"""Waiting for a call that may never return, in a way that lets the process end all the same."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


async def in_daemon_thread(call: Callable[[], Result], name: str) -> Result:
    """The result of a blocking call, from a thread of its own.

    `asyncio.to_thread` would do were it not for the end: the process waits there for all threads
    of the executor, and so for ever for one that is stuck. Raises what the call raises.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # whatever it is, it is for who waits
            settle(outcome.set_exception, error)
        else:
            settle(outcome.set_result, result)

    def settle(setter: Callable[..., None], value: object) -> None:
        def set_unless_given_up() -> None:
            if not outcome.done():
                setter(value)

        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(set_unless_given_up)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await outcome
