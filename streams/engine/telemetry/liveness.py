"""What a worker is doing, and when it last made progress: its health is judged by that."""

from collections.abc import Callable
from time import monotonic
from typing import Literal

Stage = Literal["joining", "restoring", "working"]
"""It waits for the group to assign partitions; it opens them and brings their state up to date; or
it works on them."""


class Liveness:
    """Written by the engine and by the thread that restores; read by health checks and metrics."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """`clock` is in seconds."""
        self.stage: Stage = "joining"
        self.partitions = 0
        """How many are assigned and open."""
        self.has_restored = False
        """Whether it has had restored partitions at any time since the start."""
        self.hears_group = False
        """Whether the group's coordinator answers."""
        self.restored = 0
        """Records of the changelog that were applied, over all restores."""
        self.left = 0
        """Offsets that the restore under way still has to reach; not all of them are records."""
        self._clock = clock
        self._beat = clock()

    def enter(self, stage: Stage, partitions: int = 0) -> None:
        """Enter a stage, which is progress."""
        self.stage, self.partitions, self.left = stage, partitions, 0
        self.has_restored = self.has_restored or stage == "working"
        self.beat()

    def beat(self) -> None:
        """Note that progress was made."""
        self._beat = self._clock()

    @property
    def silence(self) -> float:
        """Seconds since progress was last made."""
        return self._clock() - self._beat
