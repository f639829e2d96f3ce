"""One of several workers that run as a unit."""

from asyncio.subprocess import Process
from socket import socket

from streams.settings import Settings
from streams.supervision.restarts import Restarts


class UnitMember:
    """One worker of a unit, whose process may die and be started again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = settings.instance
        self.restarts = Restarts()
        self.process: Process | None = None
        """Its process, or the last one that it had."""
        self.is_running = False
        """Whether its process runs."""
        self.has_answered = False
        """Whether it has answered since its process was started."""
        self.listener: socket | None = None
        """The socket at which all its processes answer; None without an HTTP port."""
