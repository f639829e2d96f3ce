"""What dismissals claim, and which of them restorations end (SPEC 4)."""

from typing import Any

import pytest
from msgspec import UNSET

from streams.suppression.claims import Claim
from streams.suppression.policy_document import DEFAULTS
from tests.builders import (
    DAY,
    NOW,
    catalog,
    claims,
    dismissal,
    preference,
    purchase,
    restoration,
    the_claim,
)

TARGETS: dict[str, dict[str, Any]] = {
    "product": {"scope": "product", "value": "tv"},
    "group": {"scope": "group", "value": "tvs"},
    "category": {"scope": "category", "value": "electronics.tv"},
    "brand": {"scope": "brand", "value": "acme"},
    "advertiser": {"scope": "advertiser", "value": "shop"},
    "all": {"scope": "all", "value": "*"},
}
SHOP = catalog(
    tv={
        "item_group_id": "tvs",
        "categories": ["electronics", "electronics.tv"],
        "brand": "acme",
        "advertiser_id": "shop",
    }
)


@pytest.mark.parametrize(
    ("reason", "scope", "days"),
    [
        ("opt_out_all", "all", 0),
        ("sensitive_topic", "category", 0),
        ("inappropriate", "category", 365),
        ("spam_or_misleading", "advertiser", 365),
        ("block_advertiser", "advertiser", 0),
        ("block_brand", "brand", 0),
        ("block_category", "category", 0),
        ("already_bought", "group", 180),
        ("not_interested", "group", 90),
        ("removed_from_cart", "product", 14),
        ("seen_too_often", "group", 30),
    ],
)
def test_each_reason_claims_the_scope_and_the_days_of_its_table(
    reason: str, scope: str, days: int
) -> None:
    claim = the_claim(dismissal(reason, product_id="tv", ts=NOW), catalog=SHOP)
    until = None if days == 0 else NOW + days * DAY
    assert claim == Claim(
        **TARGETS[scope], reason=reason, since=NOW, until=until, because=("dismissed",)
    )


def test_covered_content_says_something_of_the_place_and_claims_nothing() -> None:
    assert claims(dismissal("covered_content", product_id="tv")) == []
    assert claims(dismissal("covered_content")) == []


@pytest.mark.parametrize("reason", DEFAULTS["dismissal"])
def test_only_two_reasons_may_be_lifted_by_a_better_price(reason: str) -> None:
    price = the_claim(dismissal(reason, product_id="tv", price=100)).price
    assert price == (100 if reason in ("not_interested", "removed_from_cart") else UNSET)


# --- restorations --------------------------------------------------------------------------------

NOT_INTERESTED = dismissal("not_interested", ts=NOW, product_id="tv")


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"product_id": "tv"},
        {"reason": "not_interested"},
        {"product_id": "tv", "reason": "not_interested"},
    ],
)
def test_a_restoration_ends_the_dismissals_that_have_what_it_names(names: dict[str, str]) -> None:
    assert claims(NOT_INTERESTED, restoration(ts=NOW + 1, **names)) == []


@pytest.mark.parametrize(
    "names",
    [
        {"product_id": "radio"},
        {"brand": "tv"},
        {"reason": "already_bought"},
        {"product_id": "tv", "reason": "already_bought"},
    ],
)
def test_a_restoration_leaves_the_dismissals_that_lack_what_it_names(
    names: dict[str, str],
) -> None:
    assert len(claims(NOT_INTERESTED, restoration(ts=NOW + 1, **names))) == 1


def test_a_restoration_ends_a_dismissal_of_its_own_time() -> None:
    assert claims(NOT_INTERESTED, restoration(ts=NOW)) == []


def test_a_dismissal_after_the_restoration_stands() -> None:
    assert len(claims(NOT_INTERESTED, restoration(ts=NOW - 1))) == 1


def test_a_restoration_that_arrives_first_ends_the_dismissal_all_the_same() -> None:
    assert claims(restoration(ts=NOW + 1), NOT_INTERESTED) == []


def test_a_restoration_names_the_same_field_not_the_same_products() -> None:
    of_brand = dismissal("block_brand", ts=NOW, brand="acme")
    of_its_product = restoration(ts=NOW + 1, product_id="tv", brand="acme")
    assert len(claims(of_brand, of_its_product, catalog=SHOP)) == 1


def test_a_restoration_does_not_undo_a_purchase_or_a_preference() -> None:
    kept = purchase(), preference(personalised_ads="denied")
    assert len(claims(*kept, restoration(ts=NOW + DAY))) == 2
