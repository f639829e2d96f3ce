"""A run over a recording on several cores, each process with its slice of the persons.

Each reads the whole recording but decodes only the records of its persons; which ids are one
person's is found out before, where there are statements about that. Then they send each
other how their records move the clocks, and each applies its events in their order. Lines of output
are merged by what orders them, analyses by their own `merge`.
"""

import gc
import heapq
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import c_int64
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawValue
from typing import Any, Final, Generic, Protocol

from streams.errors import UserError
from streams.recording.backtest_counts import BacktestCounts
from streams.recording.clocks import Clocks
from streams.recording.linked_ids import linked_ids
from streams.recording.parallel.messages import Done, Found, HasRead, Line, Lines, Run
from streams.recording.parallel.slice_run import run_slice
from streams.recording.person_slice import ALL_PERSONS, PersonSlice
from streams.recording.sources import AnyPath, Progress, compression_in, total_size

WORTH_A_PROCESS: Final = 4 << 20
"""Bytes of lines for each process: with less to read, starting it takes longer."""
COMPRESSED: Final = 10
"""Lines are about so many times as long as what is made of them."""
POLL_SECONDS: Final = 0.1

Write = Callable[[bytes], object]


def processes_for(recordings: Sequence[AnyPath]) -> int:
    """How many processes are worth while here: one a core, fewer for small recordings."""
    compressed = [path for path in recordings if compression_in(path)]
    size = total_size(recordings) + (COMPRESSED - 1) * total_size(compressed)
    return min(len(os.sched_getaffinity(0)), 1 + size // WORTH_A_PROCESS)


@contextmanager
def start(run: Run[Found], processes: int) -> Iterator["ParallelRun[Found]"]:
    """Start a run; its processes are gone when the block ends."""
    if processes == 1:
        with without_garbage_collection():
            yield ParallelRun([InThisProcess(run)])
        return
    workers: list[_Process[Found]] = []
    try:
        linked = linked_ids(run.recordings, run.formats, run.policies[0])
        for number in range(processes):
            workers.append(_Process(run, PersonSlice(number, processes, linked)))
        yield ParallelRun(workers)
    finally:
        for worker in workers:
            worker.end()


class ParallelRun(Generic[Found]):
    """A run that was started: first `read`, then `decide`, `lists` and `done`.

    The slices are about equal, so the progress of the first stands for all.
    """

    def __init__(self, workers: "Sequence[_Worker]") -> None:
        self._workers = workers

    def read(self, advance: Progress) -> int:
        """Read the recordings; `advance` is called with bytes.

        Returns how many events `decide` will pass to its `advance`. Raises `SourceError`.
        """
        read: list[HasRead] = self._receive(advance)
        for number, worker in enumerate(self._workers):
            worker.send([each.clocks for each in (*read[:number], *read[number + 1 :])])
        return read[0].events

    def decide(self, advance: Progress, write: Write) -> None:
        """Apply all events, and write the decisions in order; `advance` is called with events."""
        self._write(advance, write)

    def lists(self, write: Write) -> None:
        """Write the lists, by partition and then by person."""
        self._write(_ignore, write)

    def done(self) -> tuple[Found, BacktestCounts]:
        """The merged analysis and counts."""
        found: list[Done[Found]] = self._receive(_ignore)
        analysis, counts = found[0]
        for other in found[1:]:
            analysis.merge(other.analysis)
            counts.merge(other.counts)
        return analysis, counts

    def _write(self, advance: Progress, write: Write) -> None:
        advances = [advance, *[_ignore] * (len(self._workers) - 1)]
        lines = map(_lines, self._workers, advances)
        for _, line in heapq.merge(*lines):
            write(line)

    def _receive(self, advance: Progress) -> list[Any]:
        first, *others = self._workers
        return [first.receive(advance), *(other.receive(_ignore) for other in others)]


class _Worker(Protocol):
    """What runs for one slice."""

    def receive(self, advance: Progress) -> Any:
        """The next message, of the kind that is due; `advance` is called with the progress."""

    def send(self, clocks: Sequence[Clocks]) -> None:
        """Send the clocks of the others, with which it goes on after `HasRead`."""


class InThisProcess(Generic[Found]):
    """A slice that runs while its messages are received."""

    def __init__(self, run: Run[Found], persons: PersonSlice = ALL_PERSONS) -> None:
        self._advance: Progress = _ignore
        self._messages = run_slice(run, persons, self._progress)
        self._clocks: Sequence[Clocks] | None = None

    def receive(self, advance: Progress) -> Any:
        """Work up to the next message."""
        self._advance = advance
        clocks, self._clocks = self._clocks, None
        return next(self._messages) if clocks is None else self._messages.send(clocks)

    def send(self, clocks: Sequence[Clocks]) -> None:
        """Have the work go on from `HasRead`, once the next message is asked for."""
        self._clocks = clocks

    def _progress(self, amount: int) -> None:
        self._advance(amount)


class _Process(Generic[Found]):
    """A slice that runs in a process of its own."""

    def __init__(self, run: Run[Found], persons: PersonSlice) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._progress = RawValue(c_int64, 0)
        self._shown = 0
        self._process = context.Process(
            target=_work, args=(run, persons, theirs, self._progress), daemon=True
        )
        self._process.start()
        theirs.close()

    def receive(self, advance: Progress) -> Any:
        try:
            while not self._connection.poll(POLL_SECONDS):
                self._show(advance)
            message = self._connection.recv()
        except EOFError:
            self._process.join()
            raise UserError(
                "A process of the run was ended from outside (exit code "
                f"{self._process.exitcode}). If memory ran out, use fewer with --processes."
            ) from None
        self._show(advance)
        if isinstance(message, BaseException):
            raise message
        return message

    def send(self, clocks: Sequence[Clocks]) -> None:
        self._shown = self._progress.value = 0
        self._connection.send(clocks)

    def end(self) -> None:
        """Kill the process, whatever it is doing."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _show(self, advance: Progress) -> None:
        done = self._progress.value
        advance(done - self._shown)
        self._shown = done


def _work(run: Run[Found], persons: PersonSlice, connection: Connection, progress: c_int64) -> None:
    """Run for a slice, as a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this ends it
    gc.disable()

    def advance(amount: int) -> None:
        progress.value += amount

    messages = run_slice(run, persons, advance)
    try:
        connection.send(next(messages))
        connection.send(messages.send(connection.recv()))
        for message in messages:
            connection.send(message)
    except (BrokenPipeError, EOFError):
        return  # nobody wants to know any more
    except Exception as error:  # raised again by who receives it
        error.add_note(traceback.format_exc())
        connection.send(error)


def _lines(worker: _Worker, advance: Progress) -> Iterator[Line]:
    is_last = False
    while not is_last:
        bundle: Lines = worker.receive(advance)
        yield from bundle.lines
        is_last = bundle.is_last


def _ignore(_: int) -> None:
    """Progress that nobody sees."""


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """A run keeps what it makes, or drops it without cycles: looking took half of its time.

    Nor is what it has kept looked at afterwards: it goes with the process, all at once.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
