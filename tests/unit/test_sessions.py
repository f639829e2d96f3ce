"""Statements about a leaf as a set, and the sessions that follow from them (SPEC 9)."""

from random import Random
from typing import Any

import pytest

from schemas.records import Identity
from streams.suppression.identities.sessions import Sessions
from streams.suppression.identities.statements import (
    MOST_LINKED,
    MOST_OTHERS,
    standing,
    with_statement,
)
from streams.suppression.identities.stored import Statements
from streams.suppression.words import FOREVER


def stated(action: Any, ts: int, hub: str | None = None, event_id: str = "", **fields: Any) -> Any:
    named = event_id or f"{ts} {action} {hub}"
    return Identity(event_id=named, user_id="leaf", ts=ts, action=action, person_id=hub, **fields)


def statements(*events: Identity) -> Statements:
    known: Statements = ()
    for event in events:
        known = with_statement(known, event)
    return known


def sessions(*events: Identity) -> list[tuple[str, int, int | None]]:
    """Hub, begin and end of each session; None while it lasts."""
    found = Sessions(standing(statements(*events))).all
    return [(each.hub, each.begin, None if each.end == FOREVER else each.end) for each in found]


# --- a set ---------------------------------------------------------------------------------------


def test_the_order_of_arrival_means_nothing() -> None:
    events = [stated("signed_in", 1, "a"), stated("signed_out", 2), stated("unlinked", 3, "a")]
    events += [stated("linked", 2, "b"), stated("signed_in", 2, "b"), stated("linked", 5, "a")]
    expected = statements(*events)
    for seed in range(10):
        Random(seed).shuffle(events)
        assert statements(*events) == expected


def test_a_statement_that_is_repeated_changes_nothing() -> None:
    known = statements(stated("signed_in", 1, "a"))
    assert with_statement(known, stated("signed_in", 1, "a")) is known


def test_of_two_statements_with_one_event_id_the_later_one_stays() -> None:
    early, late = stated("linked", 1, "a", "said"), stated("linked", 2, "b", "said")
    for events in ((early, late), (late, early)):
        assert [each.hub for each in statements(*events)] == ["b"]


def test_what_is_unlinked_counts_as_never_said_up_to_then() -> None:
    events = [stated("linked", 1, "a"), stated("signed_in", 3, "a"), stated("linked", 4, "a")]
    left = standing(statements(*events, stated("unlinked", 3, "a")))
    assert [each.ts for each in left] == [4]


def test_the_newest_of_many_statements_are_kept() -> None:
    known = statements(*[stated("signed_in", ts, f"{ts}") for ts in range(MOST_OTHERS + 5)])
    assert [each.ts for each in known] == list(range(5, MOST_OTHERS + 5))


def test_links_that_stand_are_kept_beside_the_others() -> None:
    linked = stated("linked", 0, "a")
    known = statements(linked, *[stated("signed_out", ts) for ts in range(1, MOST_OTHERS + 5)])
    assert len(known) == MOST_OTHERS + 1
    known = with_statement(known, stated("unlinked", MOST_OTHERS + 5, "a"))
    assert len(known) == MOST_OTHERS
    assert all(each.action != "linked" for each in known)


def test_no_leaf_has_more_links_than_are_kept() -> None:
    known = statements(*[stated("linked", ts, f"{ts}") for ts in range(MOST_LINKED + 2)])
    assert (len(known), known[0].ts) == (MOST_LINKED, 2)


# --- sessions ------------------------------------------------------------------------------------


def test_a_session_ends_when_somebody_signs_out() -> None:
    events = stated("signed_in", 1, "a"), stated("signed_out", 3)
    assert sessions(*events) == [("a", 1, 3)]


def test_a_session_ends_when_somebody_else_signs_in() -> None:
    events = stated("signed_in", 1, "a"), stated("signed_in", 3, "b")
    assert sessions(*events) == [("a", 1, 3), ("b", 3, None)]


def test_who_signs_in_again_goes_on() -> None:
    events = stated("signed_in", 1, "a"), stated("signed_in", 3, "a"), stated("signed_out", 5)
    assert sessions(*events) == [("a", 1, 5)]


def test_who_signs_in_again_after_signing_out_has_two_sessions() -> None:
    events = stated("signed_in", 1, "a"), stated("signed_out", 2), stated("signed_in", 3, "a")
    assert sessions(*events) == [("a", 1, 2), ("a", 3, None)]


def test_a_void_sign_in_neither_begins_a_session_nor_ends_one() -> None:
    events = stated("signed_in", 1, "a"), stated("signed_in", 3, "b"), stated("unlinked", 3, "b")
    assert sessions(*events) == [("a", 1, None)]


def test_a_link_is_no_session_and_ends_none() -> None:
    assert sessions(stated("signed_in", 1, "a"), stated("linked", 2, "b")) == [("a", 1, None)]


def test_statements_of_one_time_are_in_the_order_of_their_event_ids() -> None:
    events = stated("signed_in", 1, "a", "2"), stated("signed_out", 1, None, "1")
    assert sessions(*events) == [("a", 1, None)]


@pytest.mark.parametrize(("time", "hub"), [(0, None), (1, "a"), (2, "a"), (3, None), (4, "b")])
def test_a_session_has_its_begin_and_not_its_end(time: int, hub: str | None) -> None:
    known = statements(
        stated("signed_in", 1, "a"), stated("signed_out", 3), stated("signed_in", 4, "b")
    )
    session = Sessions(standing(known)).at(time)
    assert (None if session is None else session.hub) == hub
