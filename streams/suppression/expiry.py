"""What ends and is removed, and when: how long facts matter (SPEC 3).

A fact goes when its claims ended longer ago than the retention. Facts that make none stay as long
as what they act on, and at least as long as the retention. What is gone depends only on the set and
on the partition's newest event time, so not on when, or how often, `expire` is called.
"""

from collections.abc import Sequence

from streams.suppression.claim_index import ClaimIndex, Ended
from streams.suppression.evidence import Stored, acting, lines_of
from streams.suppression.facts import Fact, Line
from streams.suppression.scope_claims import (
    ScopeEvidence,
    dismissal_claim,
    end_of_rejection,
    timed_lines,
)
from streams.suppression.words import FOREVER, LATEST

Ending = tuple[Fact, int]
"""A fact, and when it matters no more: `FOREVER` if never."""

LineEnds = dict[int, int]
"""When order lines end, by their `id`."""


def expire(index: ClaimIndex, newest: int) -> int | None:
    """Remove the evidence that can no longer matter at a partition's newest event time.

    Returns the first event time at which more of it will go; None if nothing will.
    """
    retention = index.policy.retention
    cutoff = newest - retention
    first = _first_end(index)
    over = _over(index, cutoff) if first < cutoff else []
    others = FOREVER
    if _has_facts_without_claims(index):
        others = _expire_without_claims(index, cutoff)
    if over:
        _remove(index, over)
        first = _first_end(index)
    first = min(first, others)
    due = first + retention + 1
    return due if due <= LATEST else None


def first_ending(index: ClaimIndex) -> int:
    """When the first of the facts matters no more; `FOREVER` if none ever ends."""
    first = _first_end(index)
    if _has_facts_without_claims(index):
        ends = _endings_without_claims(index, _ends_of_returned_lines(index))
        first = min([first, *[end for _, end in ends]])
    return first


def _has_facts_without_claims(index: ClaimIndex) -> bool:
    evidence = index.evidence
    has_acting = evidence.refunds or evidence.voided or evidence.reinstated
    return bool(has_acting or evidence.restorations or index.uncounted)


def _first_end(index: ClaimIndex) -> int:
    first = FOREVER
    for counted in index.counted():
        first = min(first, counted.first_end)
    return first


def _over(index: ClaimIndex, cutoff: int) -> list[tuple[ScopeEvidence, Ended]]:
    """Where something ended before the cutoff, and the facts that did."""
    return [
        (counted, {id(fact) for fact, end in endings_on(counted, index) if end < cutoff})
        for counted in index.counted()
        if counted.first_end < cutoff
    ]


def _remove(index: ClaimIndex, over: Sequence[tuple[ScopeEvidence, Ended]]) -> None:
    gone: Ended = set()
    for counted, ended in over:
        index.remove(counted, ended)
        gone |= ended
    evidence = index.evidence
    evidence.lines = _left(evidence.lines, gone)
    evidence.dismissals = _left(evidence.dismissals, gone)
    evidence.impressions = _left(evidence.impressions, gone)
    index.keep([counted for counted in index.scopes if not _is_empty(counted)])


def _is_empty(counted: object) -> bool:
    assert isinstance(counted, ScopeEvidence)
    return counted.is_empty


def _left(facts: tuple[Stored, ...], gone: Ended) -> tuple[Stored, ...]:
    left = [fact for fact in facts if id(fact) not in gone]
    return facts if len(left) == len(facts) else tuple(left)


def _expire_without_claims(index: ClaimIndex, cutoff: int) -> int:
    """Remove what makes no claim of its own and is over; when the first of the rest ends."""
    evidence = index.evidence
    ends = _endings_without_claims(index, _ends_of_returned_lines(index))
    gone = {id(fact) for fact, end in ends if end < cutoff}
    if gone:
        evidence.refunds = _left(evidence.refunds, gone)
        evidence.voided = _left(evidence.voided, gone)
        evidence.reinstated = _left(evidence.reinstated, gone)
        evidence.restorations = _left(evidence.restorations, gone)
        dismissals = len(evidence.dismissals)
        evidence.dismissals = _left(evidence.dismissals, gone)
        index.uncounted -= dismissals - len(evidence.dismissals)
        index.forget_undone()
    return min([end for _, end in ends if end >= cutoff], default=FOREVER)


def _ends_of_returned_lines(index: ClaimIndex) -> LineEnds:
    """When the lines end that were taken back or brought back, among others."""
    evidence = index.evidence
    ends: LineEnds = {}
    for fact in acting(evidence):
        for line in lines_of(evidence, fact):
            if id(line) not in ends:
                scope_value = index.scope_of(line)
                counted = None if scope_value is None else index.evidence_on(scope_value)
                if counted is not None:
                    _add_line_ends(ends, counted, index)
    return ends


def _add_line_ends(ends: LineEnds, counted: ScopeEvidence, index: ClaimIndex) -> None:
    for timed in timed_lines(counted, index.undone):
        ends[id(timed.line)] = timed.matters_until


def endings(index: ClaimIndex) -> list[Ending]:
    """When each fact but the preferences matters no more, in no particular order."""
    found: list[Ending] = []
    line_ends: LineEnds = {}
    for counted in index.counted():
        _add_line_ends(line_ends, counted, index)
        found += endings_on(counted, index)
    return [*found, *_endings_without_claims(index, line_ends)]


def endings_on(counted: ScopeEvidence, index: ClaimIndex) -> list[Ending]:
    """When each of the facts that count for a scope value matters no more."""
    policy, undone = index.policy, index.undone
    found: list[Ending] = [
        (timed.line, timed.matters_until) for timed in timed_lines(counted, undone)
    ]
    for rejection in counted.dismissals:
        claim = dismissal_claim(counted, rejection, policy)
        found.append((rejection, end_of_rejection(rejection, claim, undone)))
    for shown in counted.impressions:
        found.append((shown, shown.ts + policy.frequency_length))
    return found


def _endings_without_claims(index: ClaimIndex, line_ends: LineEnds) -> list[Ending]:
    """The same of facts that make no claim: not before what they act on."""
    evidence = index.evidence
    found: list[Ending] = []
    for fact in acting(evidence):
        lines = lines_of(evidence, fact)
        found.append((fact, max([fact.ts, *(_end(line, fact.ts, line_ends) for line in lines)])))
    for restoration in evidence.restorations:
        found.append((restoration, restoration.ts))
    if index.uncounted:
        for rejection in evidence.dismissals:
            if index.scope_of(rejection) is None:
                found.append((rejection, rejection.ts))
    return found


def _end(line: Line, otherwise: int, line_ends: LineEnds) -> int:
    return line_ends.get(id(line), otherwise)
