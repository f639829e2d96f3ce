"""The list of what must no longer follow a person (SPEC 5)."""

import heapq
from collections.abc import Iterable
from typing import Any, Final

from msgspec import UNSET, Raw, structs

from schemas.outputs import SuppressionList
from streams.suppression.claims import Claim, end_of, list_order

LONGEST: Final = 1_000
"""A list holds at most so many entries, those with the latest end."""

LARGEST_PLAIN: Final = 1e16
"""Floats below are written alike by whoever writes JSON."""


def list_of(
    user_id: str,
    claims: Iterable[Claim],
    granted: list[str],
    ts: int,
    newest: int,
    policy_version: str,
    forgotten: int = 0,
) -> SuppressionList | None:
    """A person's list as it goes to `suppressions`, or None for a tombstone.

    `claims` are all of the person's in the order of lists. `ts` is the event time of the person's
    newest evidence, and `newest` that of the partition: a list without grants whose last claim has
    ended by then is none any more. `forgotten` is how many facts are no longer kept.
    """
    entries: list[Claim] = []
    is_over = not granted
    for claim in claims:
        until = claim.until
        if until is None:
            is_over = False
        elif until <= ts:
            continue
        elif until > newest:
            is_over = False
        price = claim.price
        if price is not UNSET and not -LARGEST_PLAIN < price < LARGEST_PLAIN:
            claim = _as_before(claim)
        entries.append(claim)
    if is_over:
        return None
    if len(entries) > LONGEST:
        entries = _latest(entries)
    return SuppressionList(
        user_id, ts, policy_version, granted, entries, forgotten if forgotten else UNSET
    )


def last_end_before(claims: Iterable[Claim], time: int) -> int | None:
    """When the last of the claims ends; None if that is not before a time, or there are none."""
    last: int | None = None
    for claim in claims:
        until = claim.until
        if until is None or until >= time:
            return None
        if last is None or until > last:
            last = until
    return last


def _as_before(claim: Claim) -> Claim:
    """The claim with its huge price written as it always was: 1e+16, not 1e16."""
    if not isinstance(claim.price, float):
        return claim
    price: Any = Raw(repr(claim.price).encode())
    return structs.replace(claim, price=price)


def _latest(claims: list[Claim]) -> list[Claim]:
    """As many as a list holds, by their ends; few of many have to be compared in full."""
    least = sorted([end_of(claim) for claim in claims])[-LONGEST]
    last = [claim for claim in claims if end_of(claim) >= least]
    return sorted(heapq.nsmallest(LONGEST, last, key=_latest_first), key=list_order)


def _latest_first(claim: Claim) -> tuple[int, tuple[int, str, int, int, int]]:
    return -end_of(claim), list_order(claim)
