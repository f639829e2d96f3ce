"""What other policies would have changed: candidate by candidate beside a first one's answers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple, Self

from schemas.outputs import Decision, SuppressedCandidate, SuppressionList
from schemas.records import Candidate, Event, Request
from streams.recording.step import Step
from streams.suppression.catalog import Catalog, categories_of

ALLOWED: Final = "allowed"
GHOSTED: Final = "ghosted: "
"""Before the reason for which a candidate would have been suppressed, but for the holdout."""

EXAMPLES: Final = 3
"""So many of each change are kept, the earliest, each of another person."""

Change = tuple[str, str]
"""The answers of the first and of the other policy: a reason, `ALLOWED` or `GHOSTED` and a reason.
"""


class Example(NamedTuple):
    """A candidate whose answer changes."""

    ts: int
    request_id: str
    product_id: str
    user_id: str
    before: SuppressedCandidate | None
    """The first policy's answer, as in a decision; None when the candidate is allowed."""
    after: SuppressedCandidate | None


@dataclass(slots=True)
class Changes:
    """What changes from the first policy to another. A product counts once in a request."""

    candidates: Counter[Change] = field(default_factory=Counter)
    """How many candidates get another answer."""
    requests: int = 0
    """Requests with such a candidate."""
    persons: Counter[str] = field(default_factory=Counter)
    """Such candidates by person."""
    stopped: Counter[str] = field(default_factory=Counter)
    """Those which are shown no more, by the narrowest category; without one it is empty."""
    let_through: Counter[str] = field(default_factory=Counter)
    """Those which are shown now, likewise."""
    other_end: int = 0
    """Candidates that stay suppressed for the same reason, but until another time."""
    examples: dict[Change, list[Example]] = field(default_factory=dict)

    def add(self, request: Request, before: Decision, after: Decision, catalog: Catalog) -> None:
        """Compare two decisions on one request."""
        if before.suppressed == after.suppressed and before.ghosted == after.ghosted:
            return
        first, other = _answers(before), _answers(after)
        is_changed = False
        for candidate in {each.product_id: each for each in request.candidates}.values():
            product_id = candidate.product_id
            was, answer_before = first.get(product_id, (ALLOWED, None))
            now, answer_after = other.get(product_id, (ALLOWED, None))
            if was == now:
                self.other_end += _end(answer_before) != _end(answer_after)
                continue
            is_changed = True
            self.candidates[was, now] += 1
            self.persons[request.user_id] += 1
            category = _category(candidate, catalog)
            if is_shown(was) and not is_shown(now):
                self.stopped[category] += 1
            elif is_shown(now) and not is_shown(was):
                self.let_through[category] += 1
            kept = self.examples.setdefault((was, now), [])
            example = (request.ts, request.request_id, product_id, request.user_id)
            _keep(kept, [Example(*example, answer_before, answer_after)])
        self.requests += is_changed

    def merge(self, other: Self) -> None:
        """Add the changes for other people."""
        self.candidates += other.candidates
        self.requests += other.requests
        self.persons += other.persons
        self.stopped += other.stopped
        self.let_through += other.let_through
        self.other_end += other.other_end
        for change, examples in other.examples.items():
            _keep(self.examples.setdefault(change, []), examples)


class Comparison:
    """The analysis of a run of several policies: what each answers, and what that changes."""

    def __init__(self, policies: int) -> None:
        self.requests = 0
        self.answers: list[Counter[str]] = [Counter() for _ in range(policies)]
        """For each policy how many candidates got which answer."""
        self.changes = [Changes() for _ in range(policies - 1)]
        """For each policy but the first."""

    def scan(self, event: Event) -> None:
        """Nothing needs to be known in advance."""

    def observe(self, step: Step) -> None:
        """Compare the decisions on a request."""
        event, first = step.event, step.decisions[0]
        if not isinstance(event, Request) or first is None:
            return
        self.requests += 1
        for decision, answers in zip(step.decisions, self.answers, strict=True):
            if decision is not None:
                _count(decision, answers)
        for decision, changes in zip(step.decisions[1:], self.changes, strict=True):
            if decision is not None:
                changes.add(event, first, decision, step.joins[0].catalog)

    def add_list(self, number: int, current: SuppressionList) -> None:
        """Lists are not compared: what counts is what was shown."""

    def merge(self, other: Self) -> None:
        """Add what there is of other people."""
        self.requests += other.requests
        for own, others in zip(self.answers, other.answers, strict=True):
            own.update(others)
        for mine, theirs in zip(self.changes, other.changes, strict=True):
            mine.merge(theirs)


def is_shown(answer: str) -> bool:
    """Whether a candidate with this answer is shown."""
    return answer == ALLOWED or answer.startswith(GHOSTED)


def _count(decision: Decision, answers: Counter[str]) -> None:
    """Count the answer to each candidate."""
    ghosted = decision.ghosted
    answers[ALLOWED] += len(decision.allowed) - len(ghosted)
    for answer in decision.suppressed:
        answers[answer.reason] += 1
    for answer in ghosted:
        answers[GHOSTED + answer.reason] += 1


def _answers(decision: Decision) -> dict[str, tuple[str, SuppressedCandidate]]:
    """The answers other than allowed, by product."""
    ghosted = {a.product_id: (GHOSTED + a.reason, a) for a in decision.ghosted}
    suppressed = {a.product_id: (a.reason, a) for a in decision.suppressed}
    return ghosted | suppressed


def _end(answer: SuppressedCandidate | None) -> int | None:
    return None if answer is None else answer.until


def _category(candidate: Candidate, catalog: Catalog) -> str:
    categories = categories_of(candidate, catalog.find(candidate.product_id))
    return categories[-1] if categories else ""


def _keep(kept: list[Example], more: Sequence[Example]) -> None:
    """Keep each person's earliest example, and of these the earliest few."""
    earliest: dict[str, Example] = {}
    for example in sorted([*kept, *more], key=lambda example: example[:3]):
        earliest.setdefault(example.user_id, example)
    kept[:] = islice(earliest.values(), EXAMPLES)
