"""What the task counts of decisions, events and dead letters, over all partitions of a worker."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.engine.telemetry.histogram import AGES, Histogram


class Accounted(NamedTuple):
    """What had become of the records of the person topics by some time."""

    records: int
    dead: Counter[str]
    """Dead letters by error code."""
    dead_example: str


@dataclass(slots=True)
class SuppressCounts:
    """What became of the records of a worker, since its start.

    Its log shows the first of these at the end, up to `policies_refused`.
    """

    decided: int = 0
    joined: int = 0
    rerouted: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    """Dead letters by error code."""
    ignored: Counter[str] = field(default_factory=Counter)
    """By topic the records of other formats that are about something else."""
    notes: Counter[tuple[str, str, str]] = field(default_factory=Counter, repr=False)
    """What adapters left out, corrected or derived, by format, field and kind."""
    product_ids: Counter[tuple[str, str, str]] = field(default_factory=Counter, repr=False)
    """Ids of products in a sample of the records, by topic, by as what the catalog has them, and
    by what they look like."""
    lists: int = 0
    shares_sent: int = 0
    shares_received: int = 0
    shares_withdrawing: int = field(default=0, repr=False)
    """Those sent that take something back."""
    ids_turned_away: int = field(default=0, repr=False)
    """Ids that were told that there is no room for them."""
    statements: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    """Statements about ids that were news, by what they say and whether the id is a kiosk."""
    forgotten: Counter[str] = field(default_factory=Counter)
    """Facts by kind, dropped of persons of whom there were too many."""
    contradictions: Counter[str] = field(default_factory=Counter)
    """Events by topic that had the id of an earlier one of the person, and other content."""
    policies_refused: int = 0
    """How often the policy file was changed to what is no policy."""
    dead_products: Counter[str] = field(default_factory=Counter, repr=False)
    """Those of `dead` that are records of the catalog."""
    dead_example: str = field(default="", repr=False)
    """Where the newest dead letter of the person topics was found, and its code; for logs, so
    without the detail, which may quote a person's id."""
    prepared: Accounted = field(default=Accounted(0, Counter(), ""), repr=False)
    """As of the newest checkpoint: what was done since is not committed with it."""
    suppressed: Counter[str] = field(default_factory=Counter, repr=False)
    """Candidates by reason."""
    ghosted: Counter[str] = field(default_factory=Counter, repr=False)
    """Candidates that were allowed only because the person is in the holdout, by reason."""
    allowed: int = field(default=0, repr=False)
    """Candidates, those that were ghosted included."""
    late: Counter[str] = field(default_factory=Counter, repr=False)
    """Joined events that came long after what their partition of the stream had shown before."""
    looked_up: Counter[str] = field(default_factory=Counter, repr=False)
    """Persons by where they were found: in memory, on disk, or nowhere."""
    decision_seconds: Histogram = field(default_factory=lambda: Histogram(AGES), repr=False)
    """From the event time of a request to the commit of its decision."""
    share_seconds: Histogram = field(default_factory=lambda: Histogram(AGES), repr=False)
    """From the clock of the partition that a share came from, when it was sent, to the commit of
    the list that knows of it."""
    list_seconds: Histogram = field(default_factory=lambda: Histogram(AGES), repr=False)
    """From the event time of evidence to the commit of the list that knows of it."""

    @property
    def accounted(self) -> Accounted:
        """Records of the person topics and of the processor's own, and what became of them."""
        dead = self.dead - self.dead_products
        joined = self.joined + self.shares_received
        others = self.decided + joined + self.rerouted + self.ignored.total()
        return Accounted(others + dead.total(), dead, self.dead_example)
