"""The list of what must no longer follow a person (SPEC 5)."""

import heapq
from collections.abc import Iterable, Sequence
from typing import Any

from streams.suppression.claims import FOREVER, Claim
from streams.suppression.words import REASON_RANK, SCOPE_ORDER

LONGEST = 1_000
"""A list holds at most so many entries, those with the latest end."""


def list_of(
    user_id: str,
    claims: Iterable[Claim],
    granted: list[str],
    ts: int,
    newest: int,
    policy_version: str,
) -> dict[str, Any] | None:
    """A person's list as it goes to `suppressions`, or None for a tombstone.

    `ts` is the event time of the person's newest evidence, and `newest` that of the partition:
    a list without grants whose last claim has ended by then is none any more.
    """
    entries = [claim for claim in claims if (end := claim.until) is None or end > ts]
    if not granted and last_end(entries) <= newest:
        return None
    if len(entries) > LONGEST:
        entries = _latest(entries)
    if len(entries) > 1:
        entries.sort(key=_place)
    return {
        "user_id": user_id,
        "ts": ts,
        "policy": policy_version,
        "granted": granted,
        "entries": [_entry(claim) for claim in entries],
    }


def last_end(claims: Iterable[Claim]) -> float:
    """When the last of the claims ends: infinite if one never does, minus infinite without any."""
    last = -FOREVER
    for claim in claims:
        if claim.until is None:
            return FOREVER
        last = max(last, claim.until)
    return last


def _place(claim: Claim) -> tuple[int, str, int, int, float]:
    until = FOREVER if claim.until is None else claim.until
    return SCOPE_ORDER[claim.scope], claim.value, REASON_RANK[claim.reason], claim.since, until


def _latest(claims: Sequence[Claim]) -> list[Claim]:
    """As many as a list holds, by their ends; few of many have to be compared in full."""
    ends = [FOREVER if claim.until is None else claim.until for claim in claims]
    least = sorted(ends)[-LONGEST]
    last = [claim for claim, end in zip(claims, ends, strict=True) if end >= least]
    return heapq.nsmallest(LONGEST, last, key=_latest_first)


def _latest_first(claim: Claim) -> tuple[float, tuple[int, str, int, int, float]]:
    return -FOREVER if claim.until is None else -claim.until, _place(claim)


def _entry(claim: Claim) -> dict[str, Any]:
    scope, value, reason, since, until, because, price = claim
    entry = {
        "scope": scope,
        "value": value,
        "reason": reason,
        "since": since,
        "until": until,
        "because": because,
    }
    if price is not None:
        entry["price"] = price
    return entry
