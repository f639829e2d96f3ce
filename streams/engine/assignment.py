"""The life of an assignment: in one named state at a time."""

import asyncio
from collections.abc import Mapping
from enum import Enum

from streams.engine.context import EngineContext
from streams.engine.opening import Opened
from streams.engine.partition_processor import PartitionProcessor
from streams.engine.state.restore import Restore
from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.topic_partition import TopicPartition

BROKER_SECONDS = 60


class State(Enum):
    """Where a worker is between the group's calls.

    UNASSIGNED -> RESTORING -> RUNNING -> REVOKING -> UNASSIGNED
                      |           |           |           ^
                      +-----------+-----------+-> VOID ---+
    """

    UNASSIGNED = "it has no partitions"
    RESTORING = "partitions are being opened, and their state is brought up to date"
    RUNNING = "records are processed, and checkpoints taken"
    REVOKING = "the group revokes the partitions: one last checkpoint is taken"
    VOID = "what was done since the last checkpoint does not count, and none may be taken"


class Assignment:
    """The partitions that a worker has, and the state in which it has them.

    A revocation or a failure does not wait for the work in progress: it sets the state, and the
    work checks the state after everything that it awaits.
    """

    def __init__(self, context: EngineContext) -> None:
        self.processors: dict[int, PartitionProcessor] = {}
        """The partition groups at work, by number."""
        self.partitions: Mapping[TopicPartition, int] = {}
        """What is fetched, each with the offset to start at."""
        self.committed: dict[TopicPartition, int] = {}
        """The offsets of the last checkpoint."""
        self.interrupted = asyncio.Event()
        """Set unless the state is RESTORING or RUNNING: then nothing may be waited for."""
        self._liveness = context.liveness
        self._settings = context.settings
        self._state = State.UNASSIGNED
        self._metadata: GroupMetadata | None = None
        self._restore: Restore | None = None
        self.interrupted.set()

    @property
    def state(self) -> State:
        """The state that it is in."""
        return self._state

    @property
    def metadata(self) -> GroupMetadata:
        """The generation in which the partitions are held."""
        assert self._metadata is not None, "there are partitions"
        return self._metadata

    @property
    def may_commit(self) -> bool:
        """Whether a checkpoint may be taken."""
        return self._state in (State.RUNNING, State.REVOKING)

    @property
    def is_changed(self) -> bool:
        """Whether there is anything that a checkpoint would have to commit."""
        return any(processor.is_changed for processor in self.processors.values())

    def begin_restore(self) -> Restore:
        """RESTORING; the partitions are to be opened with the restore that this returns."""
        self._enter(State.RESTORING)
        self._liveness.enter("restoring")
        self._restore = Restore(self._settings, BROKER_SECONDS, self._liveness)
        return self._restore

    def run(self, opened: Opened, metadata: GroupMetadata) -> bool:
        """RUNNING, unless the partitions were revoked meanwhile; returns whether it is."""
        self.processors, self._metadata = opened.processors, metadata
        self.partitions, self.committed = opened.starts, dict(opened.starts)
        self._restore = None
        if self._state is not State.RESTORING:
            self.close()
            return False
        self._enter(State.RUNNING)
        self._liveness.enter("working", len(self.processors))
        return True

    def revoke(self) -> None:
        """REVOKING: let the work at hand end soon, and a restore at once."""
        if self._state in (State.RESTORING, State.RUNNING):
            self._enter(State.REVOKING)
        self._cancel_restore()

    def invalidate(self) -> None:
        """VOID: commit nothing any more, since what was sent would be missing in it."""
        if self._state is not State.UNASSIGNED:
            self._enter(State.VOID)
        self._cancel_restore()

    def close_partitions(self) -> None:
        """Close the state of all partitions; what was not committed is gone."""
        for processor in self.processors.values():
            processor.close()
        self.processors, self.partitions, self.committed = {}, {}, {}
        self._liveness.enter("joining")

    def close(self) -> None:
        """UNASSIGNED, with all partitions closed."""
        self.close_partitions()
        self._enter(State.UNASSIGNED)

    def _enter(self, state: State) -> None:
        self._state = state
        if state in (State.RESTORING, State.RUNNING):
            self.interrupted.clear()
        else:
            self.interrupted.set()

    def _cancel_restore(self) -> None:
        if self._restore is not None:
            self._restore.cancel()
