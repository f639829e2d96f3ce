"""When a better price lifts a dismissal, what a list has of it, and why a price lifts nothing."""

from itertools import permutations
from typing import Any

import pytest
from msgspec import UNSET

from schemas.openrtb.bid_request import read_bid_request
from schemas.records import Dismissal, Request
from streams.suppression.catalog import Catalog
from streams.suppression.explanation import explain
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from tests.builders import (
    NOW,
    as_json,
    candidate,
    catalog,
    dismissal,
    policy,
    published,
    purchase,
    reasons,
    request,
    the_claim,
)

Json = dict[str, Any]


def rejected(event_id: str = "dismissed", **fields: Any) -> Dismissal:
    """The TV, at a price of 100 unless a test names another."""
    return dismissal("not_interested", event_id, **{"product_id": "tv", "price": 100, **fields})


def is_lifted(offer: Json, *events: Dismissal, **known: Any) -> bool:
    return not reasons(request(candidate(**offer)), *events, **known)


# --- the decision --------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "lifted"), [(10, True), (9.99, False), (0, False)])
def test_a_price_that_is_more_than_ninety_percent_lower_is_taken_for_a_mistake(
    price: float, lifted: bool
) -> None:
    assert is_lifted({"price": price}, rejected()) is lifted


def test_the_policy_says_how_much_lower_is_a_mistake() -> None:
    anything = policy(price_drop={"max_percent": 100})
    assert is_lifted({"price": 0}, rejected(), policy=anything)


@pytest.mark.parametrize("price", [40, 50, 60])
def test_where_too_much_is_less_than_enough_no_price_lifts_a_dismissal(price: int) -> None:
    none = policy(price_drop={"percent": 60, "max_percent": 40})
    assert not is_lifted({"price": price}, rejected(), policy=none)


@pytest.mark.parametrize(
    ("dismissed", "offered", "lifted"),
    [("EUR", "EUR", True), ("EUR", "USD", False), ("EUR", None, True), (None, "USD", True)],
)
def test_a_price_lifts_unless_its_currency_is_known_to_be_another(
    dismissed: str | None, offered: str | None, lifted: bool
) -> None:
    event = rejected(currency=dismissed)
    assert is_lifted({"price": 80, "currency": offered}, event) is lifted
    shop = catalog(tv={"price": 80, "currency": offered})
    assert is_lifted({}, event, catalog=shop) is lifted


def test_a_currency_goes_with_its_price() -> None:
    shop = catalog(tv={"price": 80, "currency": "SEK"})
    assert is_lifted({"price": 80}, rejected(currency="EUR"), catalog=shop)
    assert not is_lifted({"currency": "EUR"}, rejected(currency="EUR"), catalog=shop)


def test_a_bid_request_has_its_candidates_prices_in_their_own_currency() -> None:
    offered = [{"product_id": "a", "price": 9, "currency": "SEK"}, {"product_id": "b", "price": 9}]
    imp = {"id": "1", "bidfloorcur": "USD", "ext": {"unhaunt": {"candidates": offered}}}
    read = read_bid_request({"id": "b1", "cur": ["USD"], "imp": [imp]}, NOW)
    assert [each.currency for each in read.requests["1"].candidates] == ["SEK", None]


# --- the list ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (rejected(), {"price": 100}),
        (rejected(currency="EUR"), {"price": 100, "currency": "EUR"}),
        (rejected(price=None, currency="EUR"), {}),
        (dismissal("already_bought", product_id="tv", price=100, currency="EUR"), {}),
    ],
    ids=["a price alone", "both", "a currency alone", "a reason that no price lifts"],
)
def test_an_entry_that_has_a_price_has_its_currency_if_one_was_said(
    event: Dismissal, expected: Json
) -> None:
    listed = published(event)
    assert listed is not None
    [entry] = listed["entries"]
    assert {name: entry[name] for name in ("price", "currency") if name in entry} == expected


@pytest.mark.parametrize(
    ("currencies", "merged"),
    [
        (("EUR", "EUR", "EUR"), (80, "EUR")),
        (("EUR", None, None), (80, "EUR")),
        ((None, None, None), (80, UNSET)),
        (("EUR", "SEK", None), (UNSET, UNSET)),
        (("EUR", None, "SEK"), (UNSET, UNSET)),
    ],
)
def test_dismissals_that_say_the_same_have_a_price_only_where_they_agree_in_the_currency(
    currencies: tuple[str | None, ...], merged: Any
) -> None:
    pieces = [
        rejected(f"d{number}", price=price, currency=currency)
        for number, (price, currency) in enumerate(zip((100, 80, 90), currencies, strict=True))
    ]
    for order in permutations(pieces):
        claim = the_claim(*order)
        assert (claim.price, claim.currency) == merged


# --- the explanation -----------------------------------------------------------------------------


def explained(asked: Request, event: Any, by: Policy | None = None) -> Json:
    """The claim that an event makes on the only candidate."""
    join = Join(by or Policy.default(), Catalog())
    join.apply(event)
    [only] = as_json(explain(join, asked))["candidates"]
    [claim] = only["claims"]
    return claim


@pytest.mark.parametrize(
    ("why", "offer", "fields"),
    [
        ("too_high", {"price": 91}, {}),
        ("too_low", {"price": 9.99}, {}),
        ("currency", {"price": 80, "currency": "USD"}, {}),
        ("not_priced", {"price": 80}, {"price": None}),
    ],
)
def test_why_a_price_does_not_lift_a_claim_is_told(why: str, offer: Json, fields: Json) -> None:
    event = rejected(**{"currency": "EUR", **fields})
    claim = explained(request(candidate("tv", **offer)), event)
    assert (claim["state"], claim["lifted"], claim["not_lifted"]["by"]) == ("stands", None, why)


def test_where_no_price_is_offered_nothing_is_told_of_one() -> None:
    assert explained(request("tv"), rejected())["not_lifted"] is None


def test_that_the_policy_lets_no_price_lift_a_claim_is_told() -> None:
    none = policy(price_drop={"percent": 95})
    claim = explained(request(candidate("tv", price=4)), rejected(), none)
    assert claim["not_lifted"]["by"] == "percents"
    assert "price" not in [way["by"] for way in claim["undone_by"]]


def test_a_claim_in_a_currency_is_undone_by_a_price_in_it() -> None:
    claim = explained(request(candidate("tv", price=100)), rejected(currency="EUR"))
    way = {"by": "price", "at_least": 10, "at_most": 90, "currency": "EUR"}
    assert way in claim["undone_by"]


def test_of_a_claim_that_no_price_may_lift_nothing_is_told_of_prices() -> None:
    assert explained(request(candidate("tv", price=80)), purchase("tv"))["not_lifted"] is None
