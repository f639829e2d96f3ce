"""Which persons are to be looked at though nothing new was reported of them.

Those whose evidence or list ends with time, and all of them after the policy or the catalog has
changed. A few at a time, between the batches.
"""

import itertools
from collections.abc import Iterator
from time import monotonic
from typing import Final

from streams.agents.person_cache import user_of
from streams.engine.state.changes import Changes
from streams.engine.state.store import Store

SWEEP_PAUSE_SECONDS: Final = 60
"""A catalog that never rests lets everybody's list be read anew no more often than this."""
AT_ONCE: Final = 2_000
"""Most persons that are looked at between two batches."""


class Review:
    """The persons of one partition that are due, or that a sweep over all has reached."""

    def __init__(self, store: Store, changes: Changes, read_by: str) -> None:
        """`read_by` names the policy and the catalog that all lists were last made by."""
        self.read_by = read_by
        self.has_begun = False
        """Whether persons were looked at since the last checkpoint."""
        self._store = store
        self._changes = changes
        self._has_due = False
        """Whether some that were due wait for the checkpoint that deals with them."""
        self._sweep: Iterator[tuple[bytes, bytes]] | None = None
        self._sweeps_for = ""
        self._next_sweep = 0.0

    def next_users(self, newest: int, current: str) -> list[str]:
        """The next persons to be looked at.

        `newest` is the partition's event time, in epoch milliseconds, and `current` names the
        policy and the catalog that there are now.
        """
        keys: list[bytes] = []
        if not self._has_due:
            due = self._store.due(newest, AT_ONCE)
            self._changes.unschedule(due)
            self._has_due = bool(due)
            keys += due.values()
        keys += self._next_of_sweep(current)
        self.has_begun = self.has_begun or bool(keys)
        return [user_of(key) for key in keys]

    @property
    def is_pending(self) -> bool:
        """Whether there is anything for a checkpoint to commit."""
        return self.has_begun or self._has_due

    def begin_anew(self) -> None:
        """Sweep over all persons at once, since the policy is another one."""
        self._sweep, self._next_sweep = None, 0.0

    def committed(self) -> None:
        """A checkpoint has dealt with those that were due."""
        self.has_begun = self._has_due = False

    def close(self) -> None:
        """Read no more of the store, which else would not give its folder free."""
        self._sweep = None

    def _next_of_sweep(self, current: str) -> list[bytes]:
        if self._sweep is None:
            if self.read_by == current or monotonic() < self._next_sweep:
                return []
            self._sweep, self._sweeps_for = self._store.persons(), current
            # Until its end some are read by the one, some by the other, even if that is taken back.
            self.read_by = f"{self.read_by.partition(':')[0]}:"
        keys = [key for key, _ in itertools.islice(self._sweep, AT_ONCE)]
        if not keys:
            self._sweep, self.read_by = None, self._sweeps_for
            self._next_sweep = monotonic() + SWEEP_PAUSE_SECONDS
        return keys
