"""A call in a thread of its own gives its result, and holds nobody up who has given up on it."""

import asyncio
import subprocess
import sys

import pytest

from streams.kafka.daemon_thread import in_daemon_thread


def test_the_result_of_the_call_is_returned() -> None:
    assert asyncio.run(in_daemon_thread(lambda: 7, "test")) == 7


def test_what_the_call_raises_is_raised() -> None:
    def fail() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        asyncio.run(in_daemon_thread(fail, "test"))


def test_a_process_ends_though_the_call_never_does() -> None:
    program = """
import asyncio, threading
from streams.kafka.daemon_thread import in_daemon_thread

async def main():
    async with asyncio.timeout(0.01):
        await in_daemon_thread(threading.Event().wait, "stuck")

try:
    asyncio.run(main())
except TimeoutError:
    print("given up")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "given up\n"
