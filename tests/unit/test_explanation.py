"""Why a product is shown to a person or not."""

from typing import Any

import pytest

from schemas.records import Event, Request
from streams.suppression.catalog import Catalog
from streams.suppression.explanation import candidate_of, explain
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from streams.suppression.reasons import EXPLAINED
from streams.suppression.words import REASONS
from tests.builders import (
    DAY,
    MINUTE,
    NOW,
    as_json,
    cancellation,
    candidate,
    catalog,
    dismissal,
    impressions,
    policy,
    preference,
    product,
    purchase,
    refund,
    reinstatement,
    request,
    restoration,
)

Json = dict[str, Any]

NOT_INTERESTED = dismissal("not_interested", ts=NOW, product_id="tv", price=20)


def joined(*events: Event, policy: Policy | None = None, catalog: Catalog | None = None) -> Join:
    join = Join(policy or Policy.default(), catalog or Catalog())
    for event in events:
        join.apply(event)
    return join


def explained(
    asked: Request, *events: Event, policy: Policy | None = None, catalog: Catalog | None = None
) -> Json:
    """What is said of the only candidate."""
    explanation = explain(joined(*events, policy=policy, catalog=catalog), asked, events)
    [candidate] = as_json(explanation)["candidates"]
    return candidate


# --- reasons -------------------------------------------------------------------------------------


def test_every_reason_is_explained_in_the_order_of_rank() -> None:
    assert tuple(EXPLAINED) == REASONS


@pytest.mark.parametrize("reason", Policy.default().dismissals)
def test_what_a_person_said_is_undone_by_taking_it_back(reason: str) -> None:
    explanation = explained(request("tv"), dismissal(reason, product_id="tv"))
    [claim] = explanation["claims"]
    ways = {way["by"]: way for way in claim["undone_by"]}
    assert ways["restoration"] == {"by": "restoration", "targets": [{"product_id": "tv"}]}


def test_a_purchase_is_undone_by_the_return_of_what_was_kept_or_by_waiting() -> None:
    bought = purchase(product("tv", quantity=3))
    explanation = explained(request("tv", ts=NOW + 1), bought, refund("tv", ts=NOW + 1))
    [claim] = explanation["claims"]
    line = {"order_id": "order", "product_id": "tv", "quantity": 2}
    assert claim["undone_by"] == [
        {"by": "return", "lines": [line]},
        {"by": "time", "at": NOW + 180 * DAY},
    ]


def test_what_must_be_used_up_is_undone_by_an_order_of_the_same() -> None:
    known = catalog(coffee={"replenish_days": 30})
    later = request("coffee", ts=NOW + 44 * DAY)
    explanation = explained(later, purchase("coffee"), catalog=known)
    lapsed, bought = explanation["claims"]
    assert (lapsed["reason"], lapsed["state"]) == ("lapsed", "stands")
    assert (bought["reason"], bought["state"]) == ("purchased", "ended")
    assert [way["by"] for way in lapsed["undone_by"]] == ["purchase", "return", "time"]
    assert bought["undone_by"] == []


def test_a_lapse_that_is_yet_to_come_is_told_with_when_it_begins() -> None:
    explanation = explained(
        request("coffee", ts=NOW + 31 * DAY),
        purchase("coffee"),
        catalog=catalog(coffee={"replenish_days": 30}),
    )
    assert explanation["verdict"] == "allowed"
    assert [(claim["state"], claim["since"]) for claim in explanation["claims"]] == [
        ("not_begun", NOW + 44 * DAY),
        ("ended", NOW),
    ]


def test_what_was_seen_too_often_ends_by_itself_or_is_lifted_on_the_own_site() -> None:
    shown = impressions(NOW, NOW + 1, NOW + 2)
    explanation = explained(request("tv", ts=NOW + 2), *shown, policy=policy(frequency={"max": 3}))
    [claim] = explanation["claims"]
    assert [fact["impression_id"] for fact in claim["evidence"]] == ["i1", "i2", "i3"]
    assert claim["undone_by"] == [{"by": "own_site"}, {"by": "time", "at": NOW + 7 * DAY}]


def test_denied_consent_is_undone_by_consent_and_names_what_was_said() -> None:
    denied = preference(personalised_ads="denied")
    explanation = explained(request("tv"), denied)
    [claim] = explanation["claims"]
    assert [fact["event_id"] for fact in claim["evidence"]] == ["said"]
    assert claim["undone_by"] == [{"by": "consent", "preference": "personalised_ads"}]
    assert explanation["free_from"] is None


def test_consent_that_was_never_given_has_no_evidence() -> None:
    explanation = explained(request("tv"), policy=policy(consent={"mode": "opt_in"}))
    [claim] = explanation["claims"]
    assert (claim["reason"], claim["evidence"]) == ("no_consent", [])


@pytest.mark.parametrize(
    ("asked", "reason", "way"),
    [
        (
            request(candidate(interest_at=NOW - 30 * DAY)),
            "followed_too_long",
            {"by": "interest", "milliseconds": 21 * DAY},
        ),
        (
            request(candidate(basis="inferred")),
            "inferred_interest",
            {"by": "basis", "one_of": ["given", "observed"]},
        ),
        (
            request(candidate(interest_at=NOW - MINUTE), channel="email"),
            "too_soon",
            {"by": "channel", "none_of": ["email", "push"]},
        ),
        (
            request(candidate(categories=["health"])),
            "sensitive",
            {"by": "consent", "preference": "sensitive_topics", "sources": 2},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_request_itself_is_about_is_undone_by_another_request(
    asked: Request, reason: str, way: Json
) -> None:
    explanation = explained(asked, policy=policy(sensitive={"categories": ["health"]}))
    [claim] = explanation["claims"]
    assert (claim["reason"], claim["evidence"]) == (reason, [])
    assert claim["undone_by"][:2] == [way, {"by": "own_site"}]


# --- what was lifted, and what was undone --------------------------------------------------------


def test_a_price_that_is_low_enough_lifts_a_claim_and_the_threshold_is_told() -> None:
    explanation = explained(request(candidate("tv", price=15)), NOT_INTERESTED)
    [claim] = explanation["claims"]
    assert (explanation["verdict"], claim["state"]) == ("allowed", "lifted")
    assert claim["lifted"] == {
        "by": "price",
        "offered": 15,
        "offered_currency": None,
        "dismissed_at": 20,
        "currency": None,
        "at_least": 2,
        "at_most": 18,
    }


def test_a_price_that_is_not_low_enough_does_not_and_the_threshold_is_told() -> None:
    explanation = explained(request(candidate("tv", price=18.01)), NOT_INTERESTED)
    [claim] = explanation["claims"]
    assert (explanation["verdict"], claim["state"], claim["lifted"]) == (
        "suppressed",
        "stands",
        None,
    )
    assert {"by": "price", "at_least": 2, "at_most": 18} in claim["undone_by"]


def test_the_own_site_lifts_what_the_policy_names_and_nothing_else() -> None:
    asked = request(candidate("tv", basis="inferred"), own_site=True)
    explanation = explained(asked, purchase("tv"))
    assert [(claim["reason"], claim["state"]) for claim in explanation["claims"]] == [
        ("purchased", "stands"),
        ("inferred_interest", "lifted"),
    ]
    assert explanation["claims"][1]["lifted"] == {"by": "own_site"}


def test_an_order_that_came_back_is_told_though_it_has_no_effect() -> None:
    explanation = explained(request("tv", ts=NOW + 2), purchase("tv"), refund("tv", ts=NOW + 1))
    assert (explanation["verdict"], explanation["claims"]) == ("allowed", [])
    [line] = explanation["without_effect"]
    assert (line["order_id"], line["kept"]) == ("order", 0)
    assert line["returned"] == [{"event_id": "refunded", "ts": NOW + 1, "quantity": 1}]


def test_a_cancelled_order_is_told_though_it_has_no_effect() -> None:
    explanation = explained(request("tv", ts=NOW + 2), purchase("tv"), cancellation(ts=NOW + 1))
    [line] = explanation["without_effect"]
    assert (line["kept"], line["void_since"]) == (0, NOW + 1)


def test_an_order_that_was_reinstated_is_told_with_when() -> None:
    events = purchase("tv"), cancellation(ts=NOW + 1), reinstatement(ts=NOW + 2)
    explanation = explained(request("tv", ts=NOW + 3), *events)
    [[line]] = [claim["evidence"] for claim in explanation["claims"]]
    assert (line["kept"], line["void_since"], line["reinstated_at"]) == (1, NOW + 1, NOW + 2)


def test_a_reinstatement_of_what_came_back_later_is_not_told() -> None:
    events = purchase("tv"), reinstatement(ts=NOW + 1), cancellation(ts=NOW + 2)
    [line] = explained(request("tv", ts=NOW + 3), *events)["without_effect"]
    assert (line["kept"], line["reinstated_at"]) == (0, None)


def test_a_dismissal_that_was_taken_back_is_told_with_what_took_it_back() -> None:
    others = [restoration("of the radio", ts=NOW + 1, product_id="radio")]
    back = restoration("of the tv", ts=NOW + 2, product_id="tv")
    explanation = explained(request("tv", ts=NOW + 3), NOT_INTERESTED, *others, back)
    assert explanation["verdict"] == "allowed"
    [fact] = explanation["without_effect"]
    assert fact["restored"] == {"event_id": "of the tv", "ts": NOW + 2}


def test_of_several_restorations_the_first_is_what_took_it_back() -> None:
    backs = [
        restoration("a", ts=NOW + 2, product_id="tv"),
        restoration("b", ts=NOW + 1, product_id="tv"),
    ]
    explanation = explained(request("tv", ts=NOW + 3), NOT_INTERESTED, *backs)
    [fact] = explanation["without_effect"]
    assert fact["restored"] == {"event_id": "b", "ts": NOW + 1}


def test_what_was_undone_of_other_products_is_not_told() -> None:
    explanation = explained(request("radio", ts=NOW + 2), purchase("tv"), refund("tv", ts=NOW + 1))
    assert explanation["without_effect"] == []


def test_an_order_that_was_corrected_names_what_it_replaced() -> None:
    first = purchase("tv", event_id="first", ts=NOW)
    second = purchase(product("tv", quantity=2), event_id="second", ts=NOW + 1)
    explanation = explained(request("tv", ts=NOW + 1), second, first)
    [claim] = explanation["claims"]
    [line] = claim["evidence"]
    assert (line["event_id"], line["quantity"]) == ("second", 2)
    assert line["first"] == {"event_id": "first", "ts": NOW}
    assert line["replaced"] == [{"event_id": "first", "ts": NOW}]


def test_consent_that_was_granted_names_the_denial_that_it_replaced() -> None:
    events = (
        preference("no", ts=NOW, personalised_ads="denied"),
        preference("yes", ts=NOW + 1, personalised_ads="granted"),
    )
    explanation = explain(joined(*events), request("tv", ts=NOW + 1), events)
    [preferred] = explanation["preferences"]
    assert preferred["answer"] == "granted"
    assert preferred["replaced"] == [{"event_id": "no", "ts": NOW, "answer": "denied"}]


def test_who_is_in_the_holdout_is_told_what_would_have_happened() -> None:
    half = policy(holdout={"percent": 50})
    user_id = next(name for name in "abcdefgh" if half.in_holdout(name))
    join = joined(purchase("tv", user_id=user_id), policy=half)
    explanation = explain(join, request("tv", user_id=user_id))
    assert explanation["in_holdout"] is True
    [candidate] = explanation["candidates"]
    assert (candidate["verdict"], candidate["answer"]["reason"]) == ("ghosted", "purchased")


# --- evidence ------------------------------------------------------------------------------------


def test_of_an_order_only_the_products_that_make_the_claim_are_its_evidence() -> None:
    explanation = explained(request("tv"), purchase("tv", "radio"))
    [claim] = explanation["claims"]
    assert [line["product_id"] for line in claim["evidence"]] == ["tv"]


def test_lines_that_make_one_claim_are_its_evidence_together() -> None:
    known = catalog(black={"item_group_id": "tv"}, white={"item_group_id": "tv"})
    explanation = explained(request("white"), purchase("black", "white"), catalog=known)
    [claim] = explanation["claims"]
    assert [line["product_id"] for line in claim["evidence"]] == ["black", "white"]
    [way, _] = claim["undone_by"]
    assert [line["product_id"] for line in way["lines"]] == ["black", "white"]


def test_lines_of_one_order_that_end_at_different_times_are_evidence_of_claims_of_their_own() -> (
    None
):
    coffees = policy(purchase={"category": {"coffee": {"scope": "category"}}})
    known = catalog(
        strong={"categories": ["coffee"], "replenish_days": 10},
        mild={"categories": ["coffee"], "replenish_days": 20},
    )
    explanation = explained(
        request("mild"), purchase("strong", "mild"), policy=coffees, catalog=known
    )
    behind = {
        claim["until"]: [line["product_id"] for line in claim["evidence"]]
        for claim in explanation["claims"]
        if claim["reason"] == "purchased"
    }
    assert behind == {NOW + 10 * DAY: ["strong"], NOW + 20 * DAY: ["mild"]}


def test_dismissals_that_make_one_claim_have_all_to_be_taken_back() -> None:
    known = catalog(black={"item_group_id": "tv"}, white={"item_group_id": "tv"})
    explanation = explained(
        request("white"),
        dismissal("already_bought", "d1", product_id="black"),
        dismissal("already_bought", "d2", product_id="white"),
        catalog=known,
    )
    [claim] = explanation["claims"]
    [way, _] = claim["undone_by"]
    assert way["targets"] == [{"product_id": "black"}, {"product_id": "white"}]


def test_evidence_that_is_no_longer_kept_is_not_told() -> None:
    [over] = explained(request("tv", ts=NOW + 210 * DAY), purchase("tv"))["claims"]
    assert over["state"] == "ended"
    assert explained(request("tv", ts=NOW + 210 * DAY + 1), purchase("tv"))["claims"] == []


# --- when it ends --------------------------------------------------------------------------------


def test_it_is_free_when_the_last_of_the_claims_has_ended() -> None:
    explanation = explained(
        request("tv"),
        purchase("tv"),
        dismissal("seen_too_often", product_id="tv", ts=NOW),
        dismissal("inappropriate", event_id="d2", product_id="tv", ts=NOW),
    )
    assert explanation["claims"][0]["reason"] == "inappropriate"
    assert explanation["free_from"] == NOW + 365 * DAY


def test_it_is_free_when_no_claim_that_begins_later_joins_on() -> None:
    known = catalog(coffee={"replenish_days": 30})
    without_pause = policy(purchase={"open_days": 0})
    explanation = explained(
        request("coffee"), purchase("coffee"), policy=without_pause, catalog=known
    )
    assert explanation["free_from"] == NOW + 60 * DAY
    with_pause = explained(request("coffee"), purchase("coffee"), catalog=known)
    assert with_pause["free_from"] == NOW + 30 * DAY


def test_it_is_never_free_while_a_claim_has_no_end() -> None:
    assert explained(request("tv"), dismissal("opt_out_all"))["free_from"] is None


# --- the product ---------------------------------------------------------------------------------


def test_a_product_that_the_catalog_does_not_know_is_known_by_the_persons_newest_record() -> None:
    first = request(candidate("tv", brand="acme"), ts=NOW)
    then = purchase(product("tv", brand="zenith"), ts=NOW + 1)
    last = request(candidate("tv", price=9), ts=NOW + 2)
    events = (first, then, last)
    assert candidate_of("tv", joined(*events), "ann", events).brand == "zenith"
    assert candidate_of("tv", joined(*events), "ann", ()).brand == "zenith"
    assert candidate_of("tv", joined(), "ann", (first,)).brand == "acme"
    assert candidate_of("radio", joined(*events), "ann", events).brand is None


def test_what_is_known_of_the_product_is_told_the_catalog_winning() -> None:
    known = catalog(tv={"brand": "acme", "price": 100, "sensitive": True})
    asked = request(candidate("tv", brand="zenith", advertiser_id="shop", price=90))
    explanation = explained(asked, catalog=known)
    assert explanation["known"] == {
        "brand": "acme",
        "advertiser_id": "shop",
        "price": 90,
        "sensitive": True,
    }
