"""The seam between the engine and the work that it carries.

The engine knows partitions, offsets, order, state and checkpoints, and nothing of products. What is
done with records is a `Task`, one for each partition group that is assigned. For each of them the
engine goes through

    poll -> decode -> align -> process -> punctuate -> ... ->
    prepare -> commit -> store -> committed

While a checkpoint is committed and stored, records are decoded and processed already for the next
one; nothing else of a task is called before `committed`. Where the commit fails, neither it nor
that work has ever happened.

All methods are called on the worker's event loop, one at a time, and of one task never before the
one before has returned. So a task needs no locks, and while one of its methods runs nothing else
does, heartbeats apart: methods must not wait for anything, unless they say that they may.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from streams.engine.alignment import OrderKey
from streams.engine.state.changes import Changes
from streams.engine.state.store import Store
from streams.kafka.group_consumer import Polled

Item = Any
"""What a task makes of a record. The engine only hands it back."""

Decoded = tuple[int, int | None, Item, int]
"""Offset, event time in epoch milliseconds, item, and about how many bytes it occupies in memory.
The event time is None for a record that does not move its partition's clock (SPEC 6)."""

Ordered = tuple[OrderKey, tuple[Item, int]]
"""The key by which an item is ordered, and the item with its size."""


class Send(Protocol):
    """Sends a record, as a part of the checkpoint to come. See `BulkProducer.send`."""

    def __call__(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        timestamp: int = 0,
        headers: Any = None,
    ) -> None:
        """Waits only while too much is on its way. Raises `KafkaException` if that does not end."""


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What the engine gives to one task."""

    number: int
    """The number of its partitions."""
    partitions: int
    """How many numbers there are."""
    store: Store
    """The state on disk, to read from. While a checkpoint is being committed it lacks what that
    changes, which `changes` has. Only the engine writes to it."""
    changes: Changes
    """Where `Task.prepare` puts what changed in the state, and where the state is read with it."""
    send: Send
    progress: Mapping[str, Any] | None
    """What `Task.progress` returned at the last checkpoint; None before the first."""


class Task(Protocol):
    """The work on one partition group, from its assignment until it is revoked or fails.

    It is made after the state was restored. If the worker dies or is given up, what was done since
    the last checkpoint has never happened: another task begins from the state of that checkpoint,
    and is given the same records again.
    """

    def decode(self, stream: str, records: Sequence[Any]) -> Iterable[Decoded]:
        """Make items of the next records of a stream, in the order of their offsets.

        Called when records were fetched, which is before they are in order: what it returns must
        not depend on what was processed by then. Every record comes back, also one that is wrong:
        `process` is where it is dealt with. `records` are aiokafka's.
        """

    def process(self, batch: Sequence[Ordered]) -> None:
        """Do the work on items whose turn it is.

        Called again and again with at most `batch_records` items, which follow each other and all
        that was processed before in the order of SPEC 6. An error stops the worker, and the batch
        comes again.
        """

    def punctuate(self) -> None:
        """Do what time or a change has made due, though no record says so; a small part of it.

        Called after each round of batches, also when there were none, and before each checkpoint
        that is due. Where there was anything to do, `is_changed` says so until the next checkpoint
        has committed it.
        """

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to commit though no record was processed."""

    def prepare(self) -> None:
        """Send what is still to be sent, and put into the context's `changes` what changed.

        Called once at the beginning of a checkpoint. What it leaves must depend on the records
        that were processed alone, not on when checkpoints are taken.
        """

    def progress(self) -> Mapping[str, Any]:
        """What the task has to know of itself when it is made again, as plain JSON data.

        Called right after `prepare`, and committed with what that sent.
        """

    def committed(self) -> None:
        """Forget what is not needed any more: what was prepared is committed and on disk."""

    def close(self) -> None:
        """Read no more of the store. Called last, whatever happened before."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a supplier may wait in `TaskSupplier.ready`."""

    begin: Callable[[], Awaitable[None]]
    """To be awaited before it: commits what was done, since no transaction may stay open."""
    interrupted: asyncio.Event
    """Set when the partitions are revoked, which ends the waiting."""
    beat: Callable[[], None]
    """To be called at each try, which shows that the worker is alive."""


class TaskSupplier(Protocol):
    """Makes the tasks of a worker, and keeps what all of them share."""

    state_format: int
    """The number of the form in which tasks store state and progress."""
    readable_formats: Collection[int]
    """The numbers of the forms that they read: that one, and perhaps earlier ones."""

    def due_of(self, stored: bytes) -> int | None:
        """When a person is due, in epoch milliseconds of event time, by the value in the state.

        Called in other threads, for each person of a state that is restored. The value may be of
        another version: it is refused once the state is restored, so None will do.
        """

    def create(self, context: TaskContext) -> Task:
        """Make the task of a partition group whose state is restored.

        Called in another thread than all else, while no task of this supplier is at work.
        """

    async def ready(self, polled: Polled, waiting: Waiting) -> bool:
        """Have all that decoding these records needs, and bring up to date what tasks share.

        Called before records are decoded, also when none were fetched. It may wait as `waiting`
        says, and only it may. Returns False if it was interrupted: the records are then dropped,
        and come again with the next assignment.
        """

    def committed(self) -> None:
        """Called after each checkpoint, once all its tasks have heard that it is on disk.

        An error stops the worker, with that checkpoint committed.
        """
