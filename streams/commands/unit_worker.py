"""One of the workers of `unhaunt worker --processes`; not a command, but run by `python -m`."""

import logging
import os
import sys
from socket import socket
from typing import Final

from streams import logs
from streams.commands.errors import exit_code_of
from streams.commands.worker import run_alone
from streams.settings import Settings

CRASHED: Final = os.EX_SOFTWARE
"""Exit code for an error of the program's own, which Python would end with 1 for."""

logger = logging.getLogger("streams.worker")


def main() -> int:
    """Run the worker that the environment describes; returns its exit code.

    Its argument, if there is one, is the number of the socket where it is to answer by HTTP.
    All that it says goes to the log, where its lines are told from those of the other workers.
    """
    settings = Settings.from_environment(os.environ)
    logs.set_up(settings.log_level, settings.log_format, settings.instance)
    try:
        return exit_code_of(lambda: run_alone(settings, *_inherited()), logger.error)
    except Exception:
        logger.critical("the worker crashed", exc_info=True)
        return CRASHED


def _inherited() -> list[socket]:
    return [socket(fileno=int(number)) for number in sys.argv[1:]]


if __name__ == "__main__":
    sys.exit(main())
