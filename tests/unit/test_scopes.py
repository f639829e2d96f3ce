"""What a scope comes to for a product, and what a claim covers (SPEC 4, "Scope of a product")."""

from typing import Any

import pytest

from schemas.records import Event, Product
from streams.suppression.catalog import Catalog, scope_of
from streams.suppression.facts import Attributes
from tests.builders import (
    NOW,
    candidate,
    catalog,
    dismissal,
    policy,
    product,
    purchase,
    reasons,
    request,
    the_claim,
)


def claimed(event: Event, **read_by: Any) -> tuple[str, str]:
    """The scope and the value of the only claim that an event makes."""
    claim = the_claim(event, **read_by)
    return claim.scope, claim.value


KNOWN = Attributes("tvs", ["electronics", "electronics.tv"], "acme", "shop")
UNKNOWN = Attributes()


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("product", ("product", "tv")),
        ("group", ("group", "tvs")),
        ("category", ("category", "electronics.tv")),
        ("brand", ("brand", "acme")),
        ("advertiser", ("advertiser", "shop")),
        ("all", ("all", "*")),
    ],
)
def test_a_scope_takes_its_value_from_the_product(scope: str, expected: tuple[str, str]) -> None:
    assert scope_of(scope, "tv", KNOWN) == expected


@pytest.mark.parametrize("scope", ["category", "brand", "advertiser"])
def test_a_product_that_lacks_the_attribute_falls_back_to_its_group(scope: str) -> None:
    assert scope_of(scope, "tv", Attributes(item_group_id="tvs")) == ("group", "tvs")


@pytest.mark.parametrize("scope", ["group", "category", "brand", "advertiser"])
def test_a_product_without_a_group_is_a_group_of_its_own(scope: str) -> None:
    assert scope_of(scope, "tv", UNKNOWN) == ("group", "tv")


def test_an_empty_list_of_categories_is_no_category() -> None:
    assert scope_of("category", "tv", Attributes(categories=[])) == ("group", "tv")


# --- purchases -----------------------------------------------------------------------------------

TV = product(categories=["electronics", "electronics.tv"], item_group_id="tvs")


def test_a_purchase_claims_the_category_whose_entry_set_the_scope() -> None:
    by_category = policy(purchase={"category": {"electronics": {"scope": "category"}}})
    assert claimed(purchase(TV), policy=by_category) == ("category", "electronics")


def test_a_purchase_claims_its_narrowest_category_where_no_entry_set_the_scope() -> None:
    general = policy(
        purchase={"scope": "category", "category": {"electronics": {"window_days": 3}}}
    )
    assert claimed(purchase(TV), policy=general) == ("category", "electronics.tv")


def test_a_purchase_without_categories_claims_its_group_instead() -> None:
    general = policy(purchase={"scope": "category"})
    assert claimed(purchase("tv"), policy=general) == ("group", "tv")


# --- dismissals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"category": "electronics"}, ("category", "electronics")),
        ({"brand": "acme"}, ("brand", "acme")),
        ({"advertiser_id": "shop"}, ("advertiser", "shop")),
        ({"product_id": "tv"}, ("group", "tv")),
    ],
)
def test_a_dismissal_that_names_no_product_has_the_scope_that_it_names(
    target: dict[str, str], expected: tuple[str, str]
) -> None:
    assert claimed(dismissal("not_interested", **target)) == expected


@pytest.mark.parametrize("target", [{}, {"product_id": "tv"}, {"brand": "acme"}])
def test_opting_out_of_all_is_about_all_whatever_it_names(target: dict[str, str]) -> None:
    assert claimed(dismissal("opt_out_all", **target)) == ("all", "*")


# --- what a claim covers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "covered"),
    [
        ({"category": "electronics"}, {"tv", "phone"}),
        ({"category": "electronics.tv"}, {"tv"}),
        ({"brand": "acme"}, {"tv", "kettle"}),
        ({"advertiser_id": "shop"}, {"phone", "kettle"}),
    ],
)
def test_a_claim_covers_every_product_that_has_its_value(
    target: dict[str, str], covered: set[str]
) -> None:
    shop = catalog(
        tv={"categories": ["electronics", "electronics.tv"], "brand": "acme"},
        phone={"categories": ["electronics"], "advertiser_id": "shop"},
        kettle={"brand": "acme", "advertiser_id": "shop"},
        unknown={},
    )
    asked = request("tv", "phone", "kettle", "unknown", "never heard of")
    blocked = dismissal("block_category", **target)
    assert set(reasons(asked, blocked, catalog=shop)) == covered


def test_a_claim_on_a_group_covers_its_variants() -> None:
    shop = catalog(tv={"item_group_id": "tvs"}, big_tv={"item_group_id": "tvs"}, radio={})
    assert set(reasons(request("tv", "big_tv", "radio"), purchase("tv"), catalog=shop)) == {
        "tv",
        "big_tv",
    }


def test_a_claim_on_a_product_leaves_its_variants_alone() -> None:
    shop = catalog(tv={"item_group_id": "tvs"}, big_tv={"item_group_id": "tvs"})
    removed = dismissal("removed_from_cart", product_id="tv")
    assert set(reasons(request("tv", "big_tv"), removed, catalog=shop)) == {"tv"}


def test_a_product_whose_id_is_the_name_of_a_group_belongs_to_that_group() -> None:
    shop = catalog(tv={"item_group_id": "tvs"})
    assert set(reasons(request("tvs"), purchase("tv"), catalog=shop)) == {"tvs"}


def test_a_product_with_an_empty_group_is_covered_by_its_own_purchase() -> None:
    shop = catalog(tv={"item_group_id": ""})
    assert set(reasons(request("tv"), purchase("tv"), catalog=shop)) == {"tv"}


@pytest.mark.parametrize(
    "target", [{"brand": ""}, {"advertiser_id": ""}], ids=["brand", "advertiser"]
)
def test_a_claim_on_an_empty_name_does_not_cover_what_has_no_name(target: dict[str, str]) -> None:
    assert reasons(request("tv"), dismissal("block_brand", **target)) == {}


# --- what the catalog knows ----------------------------------------------------------------------


def test_attribute_by_attribute_the_catalog_wins() -> None:
    shop = catalog(tv={"brand": "acme", "categories": ["electronics"]})
    reported = candidate(brand="zenith", item_group_id="tvs", advertiser_id="shop")
    assert shop.attributes("tv", reported) == Attributes("tvs", ["electronics"], "acme", "shop")


def test_a_product_that_the_catalog_does_not_know_is_what_the_record_says() -> None:
    reported = candidate(brand="zenith", item_group_id="tvs")
    assert Catalog().attributes("tv", reported) == reported


def test_a_product_of_which_nothing_is_known_has_no_attributes() -> None:
    assert Catalog().attributes("tv", None) == Attributes()


def test_a_change_of_the_catalog_reads_the_evidence_anew() -> None:
    bought = purchase(product(item_group_id="tvs"))
    assert the_claim(bought).value == "tvs"
    assert the_claim(bought, catalog=catalog(tv={"item_group_id": "screens"})).value == "screens"


def test_a_removed_product_is_known_no_more() -> None:
    shop = catalog(tv={"brand": "acme"})
    shop.put("tv", None)
    assert shop.attributes("tv", None).brand is None


def test_the_generation_grows_with_changes_only() -> None:
    shop = catalog(tv={"brand": "acme"})
    before = shop.generation
    shop.put("tv", Product(brand="acme"))
    shop.put("radio", None)
    assert shop.generation == before
    shop.put("tv", Product(brand="zenith"))
    shop.put("tv", None)
    assert shop.generation == before + 2


def test_a_dismissed_product_keeps_the_attributes_that_came_with_the_dismissal() -> None:
    dismissed = dismissal("block_brand", ts=NOW, product_id="tv", brand="acme")
    assert claimed(dismissed) == ("brand", "acme")
    assert claimed(dismissed, catalog=catalog(tv={"brand": "zenith"})) == ("brand", "zenith")
