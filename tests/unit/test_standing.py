"""What goes up to a hub, what comes down from it, and what counts on the leaf (SPEC 9)."""

from typing import Any

import pytest

from schemas.records import Identity
from streams.suppression.facts import Choice, Fact, Line, Refund, Rejection, Shown
from streams.suppression.identities.standing import LEVELS, Standing
from streams.suppression.identities.statements import with_statement
from tests.builders import DAY, policy

ORDER = "order"


def standing(*events: tuple[Any, ...], **identity: Any) -> Standing:
    """Statements in few words: action, time, hub and method."""
    known: Any = ()
    for number, (action, ts, *rest) in enumerate(events):
        hub, method = (*rest, None, None)[:2]
        event = Identity(
            event_id=f"{number:04}",
            ts=ts,
            action=action,
            person_id=hub,
            method=method or "authenticated",
        )
        known = with_statement(known, event)
    return Standing(known, policy(identity=identity))


def bought(ts: int, gift: bool = False) -> Line:
    return Line(ORDER, "tv", ts, "bought", 1, None, gift)


def refunded(ts: int) -> Refund:
    return Refund("refunded", "tv", ts, ORDER, 1)


def opted_out(ts: int) -> Rejection:
    return Rejection("opted out", ts, "opt_out_all", None, None, None)


def consent(value: Any, ts: int = 0, preference: str = "personalised_ads") -> Choice:
    return Choice(preference, ts, "said", value)


SIGNED_IN = ("signed_in", 10, "a"), ("signed_out", 20)


# --- up ------------------------------------------------------------------------------------------


def test_all_goes_up_over_a_link_whenever_it_was() -> None:
    leaf = standing(("linked", 10, "a"))
    assert leaf.goes_up(bought(-100 * DAY), "a")
    assert not leaf.goes_up(bought(0), "b")


@pytest.mark.parametrize(("ts", "expected"), [(10, True), (19, True), (20, False)])
def test_what_happened_in_a_session_goes_up(ts: int, expected: bool) -> None:
    leaf = standing(*SIGNED_IN)
    assert leaf.goes_up(bought(ts), "a") == expected


def test_what_happened_between_two_sessions_of_one_hub_goes_up() -> None:
    assert standing(*SIGNED_IN, ("signed_in", 30, "a")).goes_up(bought(25), "a")


def test_what_happened_between_sessions_of_two_hubs_goes_to_neither() -> None:
    leaf = standing(*SIGNED_IN, ("signed_in", 30, "b"))
    assert not leaf.goes_up(bought(25), "a")
    assert not leaf.goes_up(bought(25), "b")


@pytest.mark.parametrize(("ts", "expected"), [(0, True), (-1, False)])
def test_what_happened_before_the_first_sign_in_goes_up_so_far_back(
    ts: int, expected: bool
) -> None:
    leaf = standing(("signed_in", DAY, "a"), ("signed_in", 2 * DAY, "b"), lookback_days=1)
    assert leaf.goes_up(bought(ts), "a") == expected
    assert not leaf.goes_up(bought(ts), "b")


def test_an_order_goes_by_when_it_was_first_bought() -> None:
    again = Line(ORDER, "tv", 25, "again", 1, None, False, bought(15).first_completion)
    assert standing(*SIGNED_IN).goes_up(again, "a")


def test_what_takes_an_order_back_goes_up_whenever_it_happened() -> None:
    leaf = standing(*SIGNED_IN, ("signed_in", 30, "b", "observed"))
    assert leaf.goes_up(refunded(25), "a")
    assert not leaf.goes_up(refunded(35), "b")


def test_a_gift_goes_nowhere() -> None:
    assert not standing(("linked", 10, "a")).goes_up(bought(10, gift=True), "a")


@pytest.mark.parametrize("is_shared", [True, False])
def test_impressions_go_up_where_the_policy_says_so(is_shared: bool) -> None:
    leaf = standing(("linked", 10, "a"), impressions=is_shared)
    assert leaf.goes_up(Shown("shown", "tv", 10), "a") == is_shared


@pytest.mark.parametrize("method", ["observed", "inferred"])
def test_only_refusals_go_up_to_whom_is_hardly_trusted(method: str) -> None:
    leaf = standing(("linked", 10, "a", method))
    assert leaf.goes_up(opted_out(5), "a")
    assert leaf.goes_up(consent("denied"), "a")
    assert not leaf.goes_up(consent("granted"), "a")
    assert not leaf.goes_up(consent("denied", preference="sensitive_topics"), "a")
    assert not leaf.goes_up(bought(15), "a")


def test_between_two_sessions_the_one_that_is_less_trusted_counts() -> None:
    leaf = standing(*SIGNED_IN, ("signed_in", 30, "a", "inferred"))
    assert not leaf.goes_up(bought(25), "a")
    assert leaf.goes_up(opted_out(25), "a")


def test_a_trusted_session_is_no_less_so_for_a_link_that_is_not() -> None:
    leaf = standing(*SIGNED_IN, ("linked", 5, "a", "inferred"))
    assert leaf.goes_up(bought(15), "a")
    assert not leaf.goes_up(bought(25), "a")


def test_of_several_links_with_one_hub_the_most_trusted_counts() -> None:
    leaf = standing(("linked", 5, "a", "declared"), ("linked", 6, "a", "inferred"))
    assert leaf.goes_up(bought(15), "a")


# --- down ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "level"),
    [
        ([("linked", 10, "a")], "everything"),
        ([("linked", 10, "a", "observed")], "refusals"),
        ([("linked", 10, "a", "observed"), ("linked", 5, "a")], "everything"),
        ([("signed_in", 10, "a")], "everything"),
        ([("signed_in", 10, "a", "inferred")], "refusals"),
        ([*SIGNED_IN], "everything"),
        ([*SIGNED_IN, ("signed_in", 30, "b")], "refusals"),
        ([*SIGNED_IN, ("signed_in", 30, "b"), ("signed_in", 40, "a")], "everything"),
        ([*SIGNED_IN, ("signed_in", 30, "b"), ("unlinked", 30, "b")], "everything"),
        ([*SIGNED_IN, ("signed_in", 30, "a", "inferred"), ("signed_out", 40)], "refusals"),
        ([*SIGNED_IN, ("linked", 30, "a"), ("signed_in", 30, "b")], "everything"),
        ([("signed_in", 10, "b")], "nothing"),
        ([("linked", 10, "a"), ("unlinked", 10, "a")], "nothing"),
    ],
)
def test_how_much_comes_down_follows_from_links_and_sessions(
    events: list[tuple[Any, ...]], level: str
) -> None:
    assert LEVELS[standing(*events).level("a")] == level


# --- on the leaf itself --------------------------------------------------------------------------


def counting(leaf: Standing, *facts: Fact) -> list[bool]:
    return [leaf.counts(fact) for fact in facts]


def test_what_one_did_there_counts_again_once_they_are_back() -> None:
    family = [*SIGNED_IN, ("signed_in", 30, "b")]
    facts = bought(15), bought(25), refunded(15), opted_out(15)
    assert counting(standing(*family), *facts) == [False, True, True, True]
    assert counting(standing(*family, ("signed_in", 40, "a")), *facts) == [True] * 4


def test_all_counts_on_the_device_of_one_person() -> None:
    assert standing(*SIGNED_IN, ("signed_in", 30, "a")).all_counts
    assert not standing(*SIGNED_IN, ("signed_in", 30, "b")).all_counts


# --- kiosks --------------------------------------------------------------------------------------

CROWD = [("signed_in", ts, hub) for ts, hub in ((10, "a"), (20, "b"), (30, "c"))]


def test_a_kiosk_shares_nothing_in_either_direction() -> None:
    kiosk = standing(*CROWD, max_persons=2)
    assert kiosk.is_kiosk
    assert not kiosk.goes_up(opted_out(15), "a")
    assert LEVELS[kiosk.level("c")] == "nothing"


def test_it_is_none_once_so_many_are_void() -> None:
    assert not standing(*CROWD, ("unlinked", 30, "b"), max_persons=2).is_kiosk


def test_at_a_kiosk_what_was_done_in_a_session_counts_while_that_lasts() -> None:
    facts = bought(35), opted_out(35), bought(15), bought(5)
    assert counting(standing(*CROWD, max_persons=2), *facts) == [True, True, False, True]
    left = standing(*CROWD, ("signed_out", 40), max_persons=2)
    assert counting(left, *facts) == [False, False, False, True]
