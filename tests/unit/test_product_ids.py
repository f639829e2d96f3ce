"""Whether the catalog knows the ids of products, and what those look like that it does not."""

from collections import Counter
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import EventGroup
from streams.agents.counts import SuppressCounts
from streams.agents.intake import Ignored
from streams.agents.product_ids import EVERY, ProductIdSample
from streams.suppression import product_ids
from streams.suppression.catalog import Catalog
from streams.suppression.product_ids import (
    IdCounts,
    ProductIds,
    found_as,
    looks,
    looks_in_words,
    looks_of,
    prefix_of,
)
from tests.builders import NOW, catalog, dismissal, impression, preference, purchase, request

SHOP = catalog(tv={"aliases": ["sku"]})


def test_an_id_is_a_products_an_alias_or_unknown() -> None:
    assert [found_as(each, SHOP) for each in ("tv", "sku", "SKU")] == [
        "product",
        "alias",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("product_id", "looked", "prefix"),
    [
        ("1953", "digits", None),
        ("04012345678901", "digits", None),
        ("wc_post_id_1953", "prefixed", "wc_post_id_"),
        ("shopify_DE_12_34", "prefixed", "shopify_DE_"),
        ("SKU7", "prefixed", "SKU"),
        ("jacket-red", "other", None),
        ("7up", "other", None),
        ("", "other", None),
        ("\N{ARABIC-INDIC DIGIT THREE}", "other", None),
    ],
)
def test_what_an_id_looks_like(product_id: str, looked: str, prefix: str | None) -> None:
    assert looks_of(product_id) == looked
    assert prefix_of(product_id) == prefix


def test_ids_are_counted_by_topic_with_the_most_frequent_of_the_unknown() -> None:
    counted = ProductIds()
    for event in (
        purchase("tv", "sku", "wc_1", "wc_2"),
        purchase("wc_1"),
        dismissal("not_interested", product_id="wc_3"),
        dismissal("block_brand", brand="acme"),
        dismissal("opt_out_all"),
        preference(personalised_ads="denied"),
        request("tv", "9"),
    ):
        counted.count(event, SHOP)
    bought, rejected, offered = counted.figures()
    assert (bought["topic"], bought["named"], bought["by_alias"], bought["unknown"]) == (
        "purchases", 5, 1, 3,
    )  # fmt: skip
    assert bought["most_frequent"] == [{"id": "wc_1", "count": 2}, {"id": "wc_2", "count": 1}]
    assert bought["prefixes"] == [{"prefix": "wc_", "count": 3}]
    assert (rejected["topic"], rejected["unknown"]) == ("dismissals", 1)
    assert (offered["named"], offered["digits_only"]) == (2, 1)


def test_a_prefix_of_a_few_ids_among_many_is_not_common() -> None:
    ids = {f"sku{number}": 1 for number in range(95)} | {f"old-{number}": 1 for number in range(5)}
    assert looks(ids)["prefixes"] == [{"prefix": "sku", "count": 95}]


def test_what_ids_look_like_in_words() -> None:
    assert looks_in_words(looks({"12": 2, "wc_1": 1, "wc_2": 1_000})) == (
        "digits only (2), beginning with wc_ (1,001)"
    )
    assert looks_in_words(looks({"a": 1})) == "nothing in common"


# --- however many ids there are ------------------------------------------------------------------

ids = st.lists(st.sampled_from([f"id{number}" for number in range(12)]), max_size=60)


@given(ids, ids)
def test_counts_of_the_ids_that_are_kept_are_exact_and_the_same_for_any_parts(
    first: list[str], other: list[str]
) -> None:
    with patch.object(product_ids, "MOST_IDS", 4):
        whole, parts = IdCounts(), [IdCounts(), IdCounts()]
        for each in (*other, *first):
            whole.add(each)
        for part, named in zip(parts, (first, other), strict=True):
            for each in named:
                part.add(each)
        parts[0].update(parts[1])
        every = Counter([*first, *other])
        assert whole.kept() == parts[0].kept()
        assert whole.is_sample == parts[0].is_sample == (len(every) > 4)
        assert len(whole.kept()) == min(4, len(every))
        assert whole.kept() <= every
        assert all(every[each] == count for each, count in whole.kept().items())


def test_no_more_ids_are_held_than_twice_what_is_kept() -> None:
    with patch.object(product_ids, "MOST_IDS", 10):
        counts = IdCounts()
        for number in range(1_000):
            counts.add(f"id{number}")
            assert len(counts.counts) <= 20


# --- in a worker ---------------------------------------------------------------------------------


def sampled(records: list[Any], known: Catalog = SHOP, size: int = 1_000) -> Counter[Any]:
    counts = SuppressCounts()
    sample = ProductIdSample(known, counts)
    batch: list[Any] = [((0, 0, 0), (record, 0)) for record in records]
    for at in range(0, len(batch), size):
        sample.look_at(batch[at : at + size])
    return counts.product_ids


@pytest.mark.parametrize("size", [1, 5, 16, 100])
def test_a_worker_looks_at_one_record_in_so_many_however_they_are_batched(size: int) -> None:
    counted = sampled([request("tv", "wc_1")] * (10 * EVERY), size=size)
    assert counted == {
        ("impression-requests", "product", "other"): 10,
        ("impression-requests", "unknown", "prefixed"): 10,
    }


def test_a_worker_looks_into_groups_and_past_what_is_not_joined() -> None:
    group = EventGroup("ann", NOW, [purchase("sku"), impression("i1", "77")])
    counted = sampled([group] + [Ignored("purchases")] * EVERY)
    assert counted == {("purchases", "alias", "other"): 1, ("impressions", "unknown", "digits"): 1}


def test_without_a_catalog_a_worker_counts_nothing() -> None:
    assert not sampled([purchase("tv")] * EVERY, Catalog())
