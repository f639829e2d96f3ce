"""Which products unknown ids may stand for."""

import pytest

from streams.recording.alias_proposals import propose
from tests.builders import catalog


def proposed(*unknown: str, **products: dict[str, list[str]]) -> dict[str, str]:
    counts = dict.fromkeys(unknown, 1)
    return {each.alias: each.product_id for each in propose(counts, catalog(**products))}


@pytest.mark.parametrize(
    ("alias", "product_id"),
    [
        ("wc_post_id_1953", "1953"),
        ("gid://shopify/Product/1953", "1953"),
        ("SKU1953", "1953"),
        ("shopify_DE_77_1953", "1953"),
        ("0001953", "1953"),
        ("post-001953", "1953"),
        ("JACKET-m", "jacket-M"),
        (" jacket-m ", "jacket-M"),
        ("shop:JACKET-M", "jacket-M"),
    ],
)
def test_an_id_that_differs_by_prefix_case_or_zeros_is_proposed(
    alias: str, product_id: str
) -> None:
    assert proposed(alias, **{product_id: {}}) == {alias: product_id}


@pytest.mark.parametrize("unknown", ["", "0", "1954", "19", "jackets", "1953-red", "x1953y"])
def test_what_differs_otherwise_is_not(unknown: str) -> None:
    assert proposed(unknown, **{"1953": {}, "jacket": {}}) == {}


def test_zeros_alone_are_an_id_like_others() -> None:
    assert proposed("000", **{"0": {}}) == {}
    assert proposed("id-000", **{"000": {}}) == {"id-000": "000"}


def test_what_may_be_two_products_is_not_proposed() -> None:
    assert proposed("sku_7", **{"7": {}, "07": {}}) == {}
    assert proposed("TV", **{"tv": {}, "Tv": {}}) == {}


def test_the_longest_rest_that_is_known_counts() -> None:
    assert proposed("shop_a_1", **{"a_1": {}, "1": {}}) == {"shop_a_1": "a_1"}


def test_what_is_like_an_alias_is_the_product_of_that() -> None:
    assert proposed("SKU-a", tv={"aliases": ["sku-A"]}) == {"SKU-a": "tv"}


def test_a_prefix_that_the_catalog_has_may_be_missing() -> None:
    products = {"DE_1": {}, "DE_2": {}, "DE_3": {}, "other": {}}
    assert proposed("2", "4", **products) == {"2": "DE_2"}
    assert proposed("2", **{"DE_2": {}, "FR_1": {}, "x": {}, "y": {}}) == {}


def test_a_prefix_that_hardly_ever_fits_is_none() -> None:
    sizes = [f"size-{number}" for number in range(40)]
    assert proposed(*sizes, **{"7": {}}) == {}
    assert proposed("size-7", "wc_7", **{"7": {}}) == {"size-7": "7", "wc_7": "7"}


def test_the_most_frequent_come_first_and_say_why() -> None:
    made = propose({"wc_1": 2, "TV": 5, "wc_2": 2}, catalog(**{"1": {}, "2": {}, "tv": {}}))
    assert [(each.alias, each.why) for each in made] == [
        ("TV", "by case or leading zeros"),
        ("wc_1", "without the prefix wc_"),
        ("wc_2", "without the prefix wc_"),
    ]
