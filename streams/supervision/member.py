"""One of several workers that run as a unit."""

from asyncio.subprocess import Process
from socket import socket

from streams.settings import Settings
from streams.supervision.restarts import Restarts


class Member:
    """One worker of a unit, through all its lives."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = settings.instance
        self.restarts = Restarts()
        self.process: Process | None = None
        """Its life of now, or the last one."""
        self.is_running = False
        """Whether its process is there."""
        self.has_answered = False
        """Whether it has answered since that was started."""
        self.listener: socket | None = None
        """Where it answers: the same place in all its lives. None when nobody is to ask."""
