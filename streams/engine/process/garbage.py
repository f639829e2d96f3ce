"""Python's cyclic garbage collector, run between two steps of the loop.

What records leave is freed when its last reference goes, nearly without cycles. The collector's own
schedule counts allocations, of which records make hundreds of thousands a second, and looks again
and again at the persons that are kept in memory: that was a fifth of a worker's time, in pauses of
up to a second. Compiled, what is known of a person is nothing to the collector but for its tuples
and dicts: no part of it refers back to another (`mypyc_attr(acyclic=True)`).
"""

import gc
from typing import Final

YOUNG_SECONDS: Final = 30.0
"""A young collection looks at whoever came into memory meanwhile. The longer it waits, the more of
these have left again, and there is hardly any garbage that it would find."""
FULL_SECONDS: Final = 3_600.0
"""A full collection looks at all persons in memory, which takes up to a second."""


class Garbage:
    """Collects what was made lately every few seconds, and everything every hour."""

    def __init__(self, now: float) -> None:
        """Times are in seconds. From now on garbage is collected only here."""
        gc.disable()
        self._next_young = now + YOUNG_SECONDS
        self._next_full = now + FULL_SECONDS

    def collect(self, now: float) -> None:
        """Collect if it is time."""
        if now >= self._next_full:
            gc.collect()
            self._next_full = now + FULL_SECONDS
        elif now >= self._next_young:
            gc.collect(0)
            self._next_young = now + YOUNG_SECONDS
