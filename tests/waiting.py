"""Waiting for what is to happen, and for no longer than it takes."""

from collections.abc import Callable
from time import monotonic, sleep

SECONDS = 120
"""How long to wait for something before the test fails."""


def wait_until(condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Return as soon as the condition holds. Raises `TimeoutError` when it does not in time."""
    deadline = (looked := monotonic()) + seconds
    while not condition():
        if monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} seconds")
        # As long as the look took, so that the processors are left to those who are waited for.
        sleep(max(0.02, monotonic() - looked))
        looked = monotonic()
