"""What became of the records of a backtest, in numbers."""

from collections import Counter
from dataclasses import dataclass, field

from streams.recording.note_counts import NoteCounts
from streams.recording.tally import Tally


@dataclass(slots=True)
class BacktestCounts(Tally):
    """What became of every record: decided, joined, dead, ignored, and rerouted before that."""

    records: Counter[str] = field(default_factory=Counter)
    decided: int = 0
    joined: int = 0
    rerouted: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    products: int = 0
    forgotten: Counter[str] = field(default_factory=Counter)
    """Facts by kind, dropped of persons of whom there were too many, under the first policy."""
    contradictions: Counter[str] = field(default_factory=Counter)
    """Events by topic that had the id of an earlier one of the person, and other content."""
    ignored: Counter[str] = field(default_factory=Counter)
    """By topic: of topics that are no inputs, and of other formats what is about something else."""
    notes: NoteCounts = field(default_factory=NoteCounts)
    """What adapters left out, corrected or derived in records that were joined or decided."""

    @property
    def all_records(self) -> int:
        """All records that were read, of whatever topic."""
        return self.records.total() + self.ignored.total()
