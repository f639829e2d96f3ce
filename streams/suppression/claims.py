"""Claims: what evidence holds against a scope value (SPEC 1), kept as an entry of a list.

A claim is a `ListEntry`, so that a person's list is put out as its claims are. `price` is the one
that a better price may lift the claim from, where the policy lets it, and else `UNSET`. `currency`
is that of this price, and `UNSET` without one.
"""

from typing import Literal

from schemas.outputs import ListEntry, Scope
from streams.suppression.words import FOREVER, REASON_RANK, SCOPE_ORDER

Claim = ListEntry

ScopeValue = tuple[Scope, str]
"""A scope and its value."""

Inactive = Literal["not_begun", "ended"]
"""Why a claim is not active."""


def inactive(claim: Claim, at: int) -> Inactive | None:
    """Why a claim is not active at a time; None if it is: since <= at and at < until (SPEC 1)."""
    if at < claim.since:
        return "not_begun"
    until = claim.until
    if until is not None and until <= at:
        return "ended"
    return None


def end_of(claim: Claim) -> int:
    """When a claim ends; `FOREVER` if only the person ends it."""
    until = claim.until
    return FOREVER if until is None else until


def rank(claim: Claim) -> tuple[int, int, int, str, tuple[str, ...]]:
    """The order of claims on one candidate: the least is the answer (SPEC 5, step 3)."""
    return (
        REASON_RANK[claim.reason],
        -end_of(claim),
        SCOPE_ORDER[claim.scope],
        claim.value,
        claim.because,
    )


def list_order(claim: Claim) -> tuple[int, str, int, int, int]:
    """The order of the entries of a list (SPEC 5)."""
    return (
        SCOPE_ORDER[claim.scope],
        claim.value,
        REASON_RANK[claim.reason],
        claim.since,
        end_of(claim),
    )
