"""What an engine counts. Metrics are made of it only when somebody asks for them."""

from collections import Counter
from dataclasses import dataclass, field

from streams.engine.telemetry.histogram import RECORDS, SECONDS, Histogram


@dataclass(slots=True)
class EngineCounts:
    """What became of the partitions and records of a worker, since its start.

    Its log shows the first of these at the end.
    """

    consumed: Counter[str] = field(default_factory=Counter)
    """Records that were processed, by stream."""
    lost: Counter[str] = field(default_factory=Counter)
    """Records that were deleted from their topics before they were read."""
    standby_failures: int = 0
    changes: int = field(default=0, repr=False)
    """Records of the changelog."""
    rebalances: int = field(default=0, repr=False)
    """Assignments by the group."""
    fenced: int = field(default=0, repr=False)
    """How often the group gave this worker up in the middle of its work."""
    batches: Histogram = field(default_factory=lambda: Histogram(RECORDS), repr=False)
    """Records of a batch."""
    checkpoints: Histogram = field(default_factory=lambda: Histogram(RECORDS), repr=False)
    """Records of a checkpoint."""
    checkpoint_seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS), repr=False)
    """From the beginning of a checkpoint until the state is on disk."""
