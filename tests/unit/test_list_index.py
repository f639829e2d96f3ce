"""Deciding by the published list alone, also when it may be out of date (SPEC 5)."""

from typing import Any

import pytest

from schemas.records import Candidate, Event, Request
from streams.suppression.policy import Policy
from streams.suppression.policy_document import DEFAULTS
from streams.suppression.words import REASONS
from tests.builders import (
    DAY,
    NOW,
    candidate,
    catalog,
    decided_by_list,
    dismissal,
    impressions,
    policy,
    preference,
    published,
    purchase,
    request,
)

SHOP = catalog(tv={"brand": "acme", "categories": ["electronics"]}, test={"sensitive": True})

OPT_IN = policy(consent={"mode": "opt_in"})

ANY_AGE = 10**9


def reasons(
    asked: Request, *events: Event, by: Policy | None = None, age: float = 0
) -> dict[str, str]:
    """Why each candidate is suppressed by the list that is published of these events."""
    by = by or Policy.default()
    listed = published(*events, policy=by, catalog=SHOP)
    decision = decided_by_list(asked, listed, by, SHOP, age)
    return {answer["product_id"]: answer["reason"] for answer in decision["suppressed"]}


def well_sourced(product_id: str) -> Candidate:
    return candidate(product_id, sources=["one", "another"])


# --- up to date ----------------------------------------------------------------------------------


def test_what_stands_on_the_list_is_held_against_whatever_it_covers() -> None:
    assert reasons(request("tv", "mug"), dismissal("block_brand", brand="acme")) == {
        "tv": "block_brand"
    }


def test_a_claim_that_has_ended_is_held_against_nobody() -> None:
    assert reasons(request(ts=NOW + 180 * DAY), purchase()) == {}


def test_who_has_no_list_is_shown_what_the_request_itself_does_not_forbid() -> None:
    asked = request("mug", "test")
    assert reasons(asked) == {"test": "sensitive"}


def test_who_has_no_list_has_not_given_consent_where_it_is_needed() -> None:
    assert reasons(request("mug"), by=OPT_IN) == {"mug": "no_consent"}


def test_who_granted_and_has_nothing_else_is_shown_everything() -> None:
    assert reasons(request("mug"), preference(personalised_ads="granted"), by=OPT_IN) == {}


def test_a_list_that_was_made_while_consent_was_not_needed_gives_none() -> None:
    listed = published(purchase())
    decision = decided_by_list(request("mug"), listed, OPT_IN, SHOP)
    assert [answer["reason"] for answer in decision["suppressed"]] == ["no_consent"]


def test_a_denial_is_answered_with_the_id_of_the_preference() -> None:
    listed = published(preference("e1", personalised_ads="denied"), policy=OPT_IN)
    [answer] = decided_by_list(request("mug"), listed, OPT_IN, SHOP)["suppressed"]
    assert answer["because"] == ["e1"]


# --- out of date ---------------------------------------------------------------------------------


def test_every_reason_that_hangs_on_the_list_fails_closed_or_open() -> None:
    of_the_request = {"followed_too_long", "inferred_interest", "too_soon"}
    assert list(DEFAULTS["stale"]) == [each for each in REASONS if each not in of_the_request]


def test_by_default_only_caps_and_windows_fail_open() -> None:
    opened = [name for name, table in DEFAULTS["stale"].items() if table["fails"] == "open"]
    assert opened == ["purchased", "frequency_cap", "lapsed"]


@pytest.mark.parametrize(("age", "suppressed"), [(86_399.9, {"tv": "purchased"}), (86_400, {})])
def test_a_purchase_is_held_against_nobody_once_the_list_is_a_day_old(
    age: float, suppressed: dict[str, str]
) -> None:
    assert reasons(request(), purchase(), age=age) == suppressed


def test_a_cap_opens_after_an_hour() -> None:
    shown = impressions(*[NOW] * 7)
    assert reasons(request(), *shown, age=3_599) == {"tv": "frequency_cap"}
    assert reasons(request(), *shown, age=3_600) == {}


def test_what_a_person_said_holds_however_old_the_list_is() -> None:
    dismissed = dismissal("block_brand", brand="acme")
    assert reasons(request(), dismissed, purchase(), age=ANY_AGE) == {"tv": "block_brand"}


def test_a_policy_may_let_any_reason_fail_open() -> None:
    opened = policy(stale={"block_brand": {"seconds": 60, "fails": "open"}})
    dismissed = dismissal("block_brand", brand="acme")
    assert reasons(request(), dismissed, by=opened, age=59) == {"tv": "block_brand"}
    assert reasons(request(), dismissed, by=opened, age=60) == {}


def test_a_grant_of_sensitive_topics_counts_no_more_after_five_minutes() -> None:
    asked = request(well_sourced("test"))
    granted = preference(sensitive_topics="granted")
    assert reasons(asked, granted, age=299) == {}
    assert reasons(asked, granted, age=300) == {"test": "sensitive"}


def test_where_sensitive_fails_open_the_grant_is_taken_for_given_but_not_the_sources() -> None:
    opened = policy(stale={"sensitive": {"seconds": 60, "fails": "open"}})
    asked = request(well_sourced("test"))
    assert reasons(asked, by=opened, age=59) == {"test": "sensitive"}
    assert reasons(asked, by=opened, age=60) == {}
    assert reasons(request("test"), by=opened, age=60) == {"test": "sensitive"}


def test_where_consent_is_needed_it_counts_no_more_after_five_minutes() -> None:
    granted = preference(personalised_ads="granted")
    assert reasons(request("mug"), granted, by=OPT_IN, age=299) == {}
    assert reasons(request("mug"), granted, by=OPT_IN, age=300) == {"mug": "no_consent"}


def test_where_consent_is_not_needed_nobody_is_presumed_to_have_denied_it() -> None:
    assert reasons(request("mug"), age=ANY_AGE) == {}


@pytest.mark.parametrize("preferences", [[], [preference(personalised_ads="denied")]])
def test_where_consent_fails_open_its_absence_is_held_against_nobody(
    preferences: list[Any],
) -> None:
    stale = {"no_consent": {"seconds": 60, "fails": "open"}}
    opened = policy(consent={"mode": "opt_in"}, stale=stale)
    assert reasons(request("mug"), *preferences, by=opened, age=59) == {"mug": "no_consent"}
    assert reasons(request("mug"), *preferences, by=opened, age=60) == {}


def test_what_follows_from_the_request_alone_hangs_on_no_list() -> None:
    asked = request(candidate("mug", basis="inferred"))
    assert reasons(asked, age=ANY_AGE) == {"mug": "inferred_interest"}


def test_how_copies_are_trusted_changes_nothing_in_how_evidence_is_read() -> None:
    opened = policy(stale={"purchased": {"seconds": 1}})
    assert opened.fingerprint == Policy.default().fingerprint
