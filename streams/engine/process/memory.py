"""How the C library deals with memory that is not Python's own, where it is glibc.

Other C libraries lack these functions, and nothing is done there.
"""

import ctypes
from typing import Final

_LIBRARY: Final = ctypes.CDLL(None)
_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


def use_few_arenas() -> None:
    """Keep each of the many threads of RocksDB and of the clients from memory of its own.

    It hardly ever goes back: two hundred megabytes for a worker of eight partitions.
    """
    mallopt = getattr(_LIBRARY, "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give memory that is free back to the system, after something that took much of it."""
    trim = getattr(_LIBRARY, "malloc_trim", None)
    if trim is not None:
        trim(0)
