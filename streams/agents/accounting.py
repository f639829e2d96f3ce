"""Accounting for a partition's records: what was decided, and how long it took until it counted.

It takes less than a fiftieth of a worker's time (`python -m tests.bench metrics`): nothing is added
up for each record that can be for many at once.
"""

from typing import Final

from schemas.outputs import Decision
from schemas.records import Input, Share
from schemas.topics import STREAMS
from streams.agents.counts import SuppressCounts
from streams.engine.alignment import OrderKey

LATE_MILLISECONDS: Final = 60_000
"""So far behind the newest event time that its partition of the stream had shown, evidence is late:
requests may have been decided without it."""


class Accounting:
    """What was processed since the last checkpoint; added to the counts when that is committed."""

    def __init__(self, counts: SuppressCounts) -> None:
        self._counts = counts
        self._requests: list[int] = []
        self._evidence: list[int] = []
        """Event times, in epoch milliseconds."""
        self._shares: list[int] = []
        """The clocks of the senders when they shared, in epoch milliseconds."""
        self._suppressed: list[str] = []
        self._ghosted: list[str] = []
        """Reasons, one for each candidate."""
        self._allowed = 0
        self._late: list[int] = []
        """Ranks of the streams of late evidence."""

    def decided(self, decision: Decision) -> None:
        """A request was decided."""
        self._requests.append(decision.ts)
        self._allowed += len(decision.allowed)
        if suppressed := decision.suppressed:
            self._suppressed += [answer.reason for answer in suppressed]
        if ghosted := decision.ghosted:
            self._ghosted += [answer.reason for answer in ghosted]

    def joined(self, key: OrderKey, event: Input) -> None:
        """Evidence was joined, in its order."""
        self._evidence.append(event.ts)
        if key[0] - event.ts > LATE_MILLISECONDS:
            self._late.append(key[1])

    def shared(self, share: Share) -> None:
        """What another id shared was joined."""
        self._shares.append(share.ts)

    def committed(self, now: int) -> None:
        """The checkpoint was committed, at this time in epoch milliseconds."""
        counts = self._counts
        counts.decision_seconds.observe_ages(self._requests, now)
        counts.list_seconds.observe_ages(self._evidence, now)
        counts.share_seconds.observe_ages(self._shares, now)
        counts.suppressed.update(self._suppressed)
        counts.ghosted.update(self._ghosted)
        counts.allowed += self._allowed
        counts.late.update([STREAMS[rank] for rank in self._late])
        self._requests, self._evidence, self._shares = [], [], []
        self._suppressed, self._ghosted, self._late = [], [], []
        self._allowed = 0
