"""Statements about an id: which hubs it is a leaf of, joined as a set (SPEC 9)."""

from typing import Final

from schemas.records import Identity
from streams.suppression.identities.stored import Stated, Statement, Statements

MOST_LINKED: Final = 1_000
"""So many that link and are not void are kept; the id is a kiosk long before that."""

MOST_OTHERS: Final = 200
"""So many of the others are kept, the newest."""

TRUSTED: Final = ("authenticated", "declared")
"""The methods over which everything is shared; over the others only refusals are."""


def with_statement(known: Statements, event: Identity) -> Statements:
    """The statements with one more; the very same where it is nothing new.

    One event is one fact, of which the greatest `ts` stays.
    """
    hub = None if event.action == "signed_out" else event.person_id
    stated = Statement(event.event_id, event.ts, event.action, hub, event.method)
    others: list[Statement] = []
    for each in known:
        if each.event_id != stated.event_id:
            others.append(each)
        elif not _is_later(stated, each):
            return known
    return _kept(sorted([*others, stated], key=place_of))


def standing(statements: Statements) -> list[Statement]:
    """Those that sign in, link or sign out and are not void, in their order."""
    voided = _voided(statements)
    if not voided:
        return list(statements)
    return [each for each in statements if each.action != "unlinked" and not _is_void(each, voided)]


def hubs_in(statements: Statements) -> set[str]:
    """The hubs of those that are not void."""
    return {each.hub for each in standing(statements) if each.hub is not None}


def place_of(statement: Statement) -> Stated:
    """The order of statements."""
    return statement.ts, statement.event_id


def is_trusted(statement: Statement) -> bool:
    """Whether everything may be shared by it."""
    return statement.method in TRUSTED


def _kept(statements: list[Statement]) -> Statements:
    """All that need be kept."""
    if len(statements) <= MOST_OTHERS:
        return tuple(statements)
    voided = _voided(statements)
    linked = [each for each in statements if each.action == "linked" and not _is_void(each, voided)]
    kept = {each.event_id for each in linked[-MOST_LINKED:]}
    linking = {each.event_id for each in linked}
    others = [each.event_id for each in statements if each.event_id not in linking]
    kept.update(others[-MOST_OTHERS:])
    return tuple([each for each in statements if each.event_id in kept])


def _voided(statements: Statements | list[Statement]) -> dict[str | None, int]:
    """Until when each hub's statements are void."""
    voided: dict[str | None, int] = {}
    for each in statements:
        if each.action == "unlinked":
            voided[each.hub] = max(each.ts, voided.get(each.hub, each.ts))
    return voided


def _is_void(statement: Statement, voided: dict[str | None, int]) -> bool:
    if statement.action not in ("signed_in", "linked"):
        return False
    until = voided.get(statement.hub)
    return until is not None and statement.ts <= until


def _is_later(new: Statement, known: Statement) -> bool:
    """Whether of two versions of one statement the new one stays; its written form decides last."""
    return new.ts > known.ts if new.ts != known.ts else repr(new) > repr(known)
