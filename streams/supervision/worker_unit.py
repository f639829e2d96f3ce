"""Several workers on one machine that are started, watched and stopped as one."""

import asyncio
import fcntl
import logging
import re
import signal
import socket
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import msgspec

from streams.errors import FailedCheck, UserError
from streams.monitoring.http_port import listen, listener_of, served
from streams.owner_only import make_folder_for_owner, open_for_owner
from streams.settings import Settings
from streams.supervision.restarts import MOST_DEATHS, WITHIN_SECONDS
from streams.supervision.unit_member import UnitMember
from streams.supervision.unit_status import UnitStatus
from streams.supervision.worker_process import command_of, environment_of

logger = logging.getLogger(__name__)

STOP_SECONDS: Final = 60
"""How long a worker that is told to stop may take; what it has not committed by then is void."""

CHECK_FAILED: Final = 1
USER_MISTAKE: Final = 2
REASONS: Final = (CHECK_FAILED, USER_MISTAKE)
"""Exit codes of a worker that has ended for a reason that it named: it would end so again."""


class WorkerUnit:
    """Workers that share a state folder, each with an instance name and folder of its own in it.

    It ends when it is told to by SIGTERM or SIGINT, and when a worker ends that is not worth
    starting again; the other workers are stopped in order then.
    """

    def __init__(self, settings: Settings, count: int, program: Sequence[str]) -> None:
        """`program` is what Python is given to run a worker by the settings in its environment.

        If it is to answer by HTTP, it is given the number of the socket for that as an argument.
        It ends with one of `REASONS` only if it has said what was wrong. Raises `UserError` for a
        name of which none can be made for each worker.
        """
        self._settings = settings
        self.name = settings.instance or host_name()
        self.members = [UnitMember(of_unit(settings, self.name, n)) for n in range(1, count + 1)]
        self._lock = settings.folder.parent / f"{self.name}.lock"
        self._program = program
        self._stop = asyncio.Event()

    def run(self, listener: socket.socket | None = None) -> int:
        """Run until all workers have ended; returns the exit code that this comes to.

        It answers by HTTP at `listener`, or else where the settings say.

        Needs the main thread, since signals and the ends of parents are its business. Raises
        `FailedCheck` when a worker has died too often, and `UserError` when another unit of this
        name runs on this state folder, or the HTTP port is not to be had.
        """
        with self._locked():
            return asyncio.run(self._run(listener or listener_of(self._settings)))

    async def _run(self, listener: socket.socket | None) -> int:
        if listener is not None:
            for member in self.members:
                member.listener = listen("127.0.0.1", 0)
        async with served(UnitStatus(self.members), listener):
            return await self._run_all()

    async def _run_all(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Again and again, if need be: one Ctrl-C may come both from the terminal and from a
            # program between it and this one.
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hand_on, signal.SIGHUP)
        logger.info("%d workers start: %s", len(self.members), ", ".join(self._names()))
        keeping = (self._keep_or_stop_all(member) for member in self.members)
        endings = await asyncio.gather(*keeping, return_exceptions=True)
        for ending in endings:
            if isinstance(ending, BaseException):
                raise ending
        logger.info("all workers stopped")
        return max(ending for ending in endings if isinstance(ending, int))

    def _hand_on(self, number: signal.Signals) -> None:
        for member in self.members:
            if member.process is not None:
                with suppress(ProcessLookupError):
                    member.process.send_signal(number)

    def _names(self) -> Iterator[str]:
        return (member.name for member in self.members)

    async def _keep_or_stop_all(self, member: UnitMember) -> int:
        try:
            return await self._keep(member)
        finally:
            self._stop.set()

    async def _keep(self, member: UnitMember) -> int:
        """Start a worker again whenever it dies; returns the exit code that it ended with.

        Raises `FailedCheck` when it dies too often.
        """
        while not self._stop.is_set():
            code = await self._live(member)
            if self._stop.is_set():
                return _of_stopped(code)
            if code in REASONS:
                logger.error("%s cannot go on, as it says: the others are stopped", member.name)
                return code
            pause = member.restarts.pause_after_death(asyncio.get_running_loop().time())
            if pause is None:
                raise FailedCheck(
                    f"{member.name} has died {MOST_DEATHS} times within {WITHIN_SECONDS:.0f} "
                    f"seconds, at last with {_ending(code)}, so the others were stopped as well. "
                    "Its lines above may say why."
                )
            logger.warning(
                "%s died with %s; it starts again in %s seconds (restart %d)",
                member.name,
                _ending(code),
                pause,
                member.restarts.count,
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
        return 0

    async def _live(self, member: UnitMember) -> int:
        """Run a worker's process until it ends or the unit stops; returns its exit code."""
        listeners = [] if member.listener is None else [member.listener.fileno()]
        process = await create_subprocess_exec(
            *command_of([*self._program, *map(str, listeners)]),
            env=environment_of(member.settings),
            stdin=DEVNULL,
            pass_fds=listeners,
            process_group=0,  # Ctrl-C is for this process, which then stops all of them
        )
        member.process = process
        member.is_running = True
        logger.info("%s runs as process %d", member.name, process.pid)
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            await _stop(member, process, ended)
        member.is_running = member.has_answered = False
        return await ended

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep a second unit of this name away: its workers would fence these."""
        make_folder_for_owner(self._lock.parent)
        with open_for_owner(self._lock, keep=True) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(
                    f"Workers named {self.name} already run with the state in "
                    f"{self._lock.parent}. Give these an UNHAUNT_INSTANCE of their own."
                ) from error
            yield


async def _stop(member: UnitMember, process: Process, ended: "asyncio.Task[int]") -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    await asyncio.wait({ended}, timeout=STOP_SECONDS)
    if not ended.done():
        logger.error("%s did not stop in %d seconds and is killed", member.name, STOP_SECONDS)
        with suppress(ProcessLookupError):
            process.kill()


def of_unit(settings: Settings, unit: str, number: int) -> Settings:
    """The settings of a unit's worker by its number. Raises `UserError` if the name is too long."""
    changed = msgspec.structs.replace(settings, instance=f"{unit}-{number}", http_port=0)
    try:
        return msgspec.convert(msgspec.to_builtins(changed), Settings)
    except msgspec.ValidationError as error:
        raise UserError(
            f"UNHAUNT_INSTANCE='{unit}': too long; expected at most 100 characters together with "
            f"-{number}, which one of the workers has after it."
        ) from error


def host_name() -> str:
    """What this machine is called, as the name of an instance.

    Other machines' workers have other names then, as the group's members must have.
    """
    return re.sub(r"[^a-zA-Z0-9._-]", "-", socket.gethostname())[:64] or "worker"


def _of_stopped(code: int) -> int:
    """The exit code of the unit for that of a worker which was stopped."""
    if code in (0, -signal.SIGTERM):  # the latter before it could listen
        return 0
    return USER_MISTAKE if code == USER_MISTAKE else CHECK_FAILED


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
