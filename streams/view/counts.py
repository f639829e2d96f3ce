"""What the service of a view counts. Metrics are made of it only when somebody asks for them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from schemas.outputs import Decision
from streams.engine.telemetry.histogram import Histogram
from streams.monitoring.connections import ConnectionCounts

ANSWER_SECONDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025),
    *(0.05, 0.1, 0.25, 0.5, 1),
)


@dataclass(slots=True)
class ServiceCounts:
    """What was answered, since the start."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By path and status."""
    seconds: Histogram = field(default_factory=lambda: Histogram(ANSWER_SECONDS))
    """From when a request begins to be answered until the answer is made."""
    suppressed: Counter[str] = field(default_factory=Counter)
    """Candidates by reason."""
    ghosted: Counter[str] = field(default_factory=Counter)
    """Candidates that were allowed only because the person is in the holdout, by reason."""
    allowed: int = 0
    """Candidates, those that were ghosted included."""
    known: int = 0
    """Requests that were decided on persons of whom there is a list."""
    unknown: int = 0
    """And on others."""
    connections: ConnectionCounts = field(default_factory=ConnectionCounts)

    def decided(self, decisions: Iterable[Decision], is_known: bool) -> None:
        """Count a request and the candidates of its decisions."""
        if is_known:
            self.known += 1
        else:
            self.unknown += 1
        for decision in decisions:
            self.allowed += len(decision.allowed)
            for answer in decision.suppressed:
                self.suppressed[answer.reason] += 1
            for answer in decision.ghosted:
                self.ghosted[answer.reason] += 1
