"""Counts of a run that its summary is made of."""

from dataclasses import dataclass

from streams.recording.tally import Tally


@dataclass(slots=True)
class Followed(Tally):
    """Candidates of products that their person was done with at the time of the request."""

    wanted: int = 0
    """All of them; the ads that would have followed people."""
    stopped: int = 0
    """Those that were suppressed, for whatever reason."""
    ghosted: int = 0
    """Those that only the holdout let through."""

    @property
    def let_through(self) -> int:
        """Those that the policy let through, by what was known at their time."""
        return self.wanted - self.stopped - self.ghosted

    @property
    def stopped_percent(self) -> float:
        """The share that was stopped; 0 when there were none."""
        return 100 * self.stopped / self.wanted if self.wanted else 0.0


@dataclass(slots=True)
class Lists(Tally):
    """The final lists of a run."""

    persons: int = 0
    """All persons with evidence."""
    current: int = 0
    """Those with a list; the others' is empty, a tombstone on the topic."""
    entries: int = 0
