"""How the C library deals with memory that is not Python's own, where it is glibc.

Other C libraries lack these functions, and nothing is done there.
"""

import ctypes
from typing import Final

_LIBRARY: Final = ctypes.CDLL(None)
_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


def limit_arenas() -> None:
    """Let the threads of RocksDB and of the clients share two arenas of malloc.

    Arenas hardly ever shrink: one a thread is 200 MB for a worker of eight partitions.
    """
    mallopt = getattr(_LIBRARY, "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def trim_memory() -> None:
    """Give free memory back to the system, after something that has used much of it."""
    trim = getattr(_LIBRARY, "malloc_trim", None)
    if trim is not None:
        trim(0)
