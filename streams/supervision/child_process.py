"""Programs that must not outlive the one that started them."""

import os
import sys
from typing import Final

_LAUNCHER: Final = """
import ctypes, os, signal, sys
parent, *program = sys.argv[1:]
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if os.getppid() == int(parent):
    os.execv(program[0], program)
"""
"""Turns into the program, which Linux then ends with its parent, however that one ends.

A SIGHUP is ignored until the program listens to it: it is no reason to end.
"""


def ending_with_this_process(*command: str) -> list[str]:
    """The command line of a program that ends with this process, on Linux even if it is killed.

    It is the thread that starts it which counts as the parent: start it from the main thread.
    """
    return [sys.executable, "-IS", "-c", _LAUNCHER, str(os.getpid()), *command]
