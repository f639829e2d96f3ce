"""How long evidence stays (SPEC 3): until its claims ended `retention.days` ago.

Facts that make no claim of their own stay as long as what they act on, and at least as long as
the retention. Which evidence is gone depends only on the set and on the newest event time of its
partition, so it makes no difference when, or how often, it is looked for.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from streams.suppression.catalog import Catalog
from streams.suppression.claims import (
    Terms,
    ends_dismissal,
    frequency_values,
    refunded_quantities,
    terms_of,
)
from streams.suppression.evidence import Evidence, Line
from streams.suppression.policy import Policy

Key = TypeVar("Key")


def prune(evidence: Evidence, policy: Policy, catalog: Catalog, newest: int) -> int | None:
    """Remove the evidence that can no longer matter at a partition's newest event time.

    Returns the first event time at which more of what is left will go, or None if nothing will.
    """
    _keep_newest_impressions(evidence, policy, catalog)
    line_ends = _line_ends(evidence, policy, catalog) if evidence.lines else {}
    order_ends: dict[str, int] = {}
    for (order_id, _), end in line_ends.items():
        order_ends[order_id] = max(order_ends.get(order_id, end), end)
    cutoff = newest - policy.retention
    left = [
        _drop(evidence.lines, line_ends.__getitem__, cutoff),
        _drop(
            evidence.refunds,
            lambda key: max(
                ts := evidence.refunds[key].ts,
                line_ends.get((evidence.refunds[key].order_id, key[1]), ts),
            ),
            cutoff,
        ),
        _drop(
            evidence.voided,
            lambda order_id: max(ts := evidence.voided[order_id], order_ends.get(order_id, ts)),
            cutoff,
        ),
        _drop(evidence.dismissals, _dismissal_end(evidence, policy), cutoff),
        _drop(evidence.restorations, lambda key: evidence.restorations[key].ts, cutoff),
        _drop(
            evidence.impressions,
            lambda key: evidence.impressions[key] + policy.frequency_length,
            cutoff,
        ),
    ]
    ends = [end for end in left if end is not None]
    return min(ends) + policy.retention + 1 if ends else None


def _drop(facts: dict[Key, Any], end_of: Callable[[Key], int | None], cutoff: int) -> int | None:
    """Remove the facts that ended before the cutoff; the earliest end of those that stay."""
    earliest = None
    for key in list(facts):
        end = end_of(key)
        if end is None:
            continue
        if end < cutoff:
            del facts[key]
        elif earliest is None or end < earliest:
            earliest = end
    return earliest


def _line_ends(evidence: Evidence, policy: Policy, catalog: Catalog) -> dict[tuple[str, str], int]:
    """When each line's last claim ends, for one that is not owned as if it still were.

    A line that holds back the lapsed claim of an earlier one matters as long as that one.
    """
    refunded = refunded_quantities(evidence)
    ends: dict[tuple[str, str], int] = {}
    owned: list[tuple[tuple[str, str], Line, Terms]] = []
    for key, line in evidence.lines.items():
        net = line.quantity - refunded.get(key, 0)
        is_owned = net > 0 and key[0] not in evidence.voided
        quantity = net if is_owned else line.quantity
        terms = terms_of(key[1], line, quantity, policy, catalog)
        ends[key] = terms.ends
        if is_owned:
            owned.append((key, line, terms))
    lapsing = [item for item in owned if item[2].lapses is not None]
    for _, earlier, lapse in lapsing:
        for key, line, terms in owned:
            if terms[:2] == lapse[:2] and line.ts > earlier.ts:
                ends[key] = max(ends[key], lapse.ends)
    return ends


def _dismissal_end(evidence: Evidence, policy: Policy) -> Callable[[str], int | None]:
    def end_of(event_id: str) -> int | None:
        said = evidence.dismissals[event_id]
        rule = policy.dismissals.get(said.reason)
        if rule is None:
            return said.ts
        ends = [r.ts for r in evidence.restorations.values() if ends_dismissal(r, said)]
        if rule.length is not None:
            ends.append(said.ts + rule.length)
        return min(ends, default=None)

    return end_of


def _keep_newest_impressions(evidence: Evidence, policy: Policy, catalog: Catalog) -> None:
    """Forget the impressions beyond the newest `frequency.max` of each scope value (SPEC 3)."""
    if len(evidence.impressions) <= policy.frequency_max:
        return
    for impressions in frequency_values(evidence, policy, catalog).values():
        surplus: Iterable[tuple[int, str, str]] = sorted(impressions)[: -policy.frequency_max]
        for _, impression_id, product_id in surplus:
            del evidence.impressions[impression_id, product_id]
