"""Ids that the catalog names as aliases are read as their products (SPEC 2)."""

from typing import Any

import pytest

from schemas.decoding import InvalidRecord, decode_product
from schemas.records import MOST_ALIASES, Event, Product
from streams.suppression.catalog import Catalog
from streams.suppression.explanation import explain, held
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from streams.suppression.surplus import MOST_FACTS, ROOM
from tests.builders import (
    DAY,
    HOUR,
    NOW,
    as_json,
    catalog,
    dismissal,
    impression,
    product,
    purchase,
    reasons,
    refund,
    request,
    restoration,
)

TV = catalog(tv={"aliases": ["sku", "0012"]})


def known(**aliases: list[str]) -> Catalog:
    return catalog(**{product_id: {"aliases": named} for product_id, named in aliases.items()})


def joined(*events: Event, catalog: Catalog = TV) -> Join:
    join = Join(Policy.default(), catalog)
    for event in events:
        join.apply(event)
    return join


def answers(join: Join, *asked: str) -> list[str]:
    decision = join.apply(request(*asked, ts=NOW + HOUR))
    assert decision is not None
    return [answer.product_id for answer in decision.suppressed]


# --- the catalog ---------------------------------------------------------------------------------


def test_an_alias_is_read_as_the_product_that_names_it() -> None:
    assert TV.product_id_of("sku") == "tv"
    assert TV.product_id_of("tv") == "tv"
    assert TV.product_id_of("SKU") == "SKU"
    assert TV.ids_of("0012") == ("tv", "sku", "0012")


def test_an_id_with_a_record_of_its_own_is_that_product() -> None:
    changing = known(tv=["sku"])
    changing.put("sku", Product())
    assert changing.product_id_of("sku") == "sku"
    assert changing.ids_of("tv") == ("tv",)
    changing.put("sku", None)
    assert changing.product_id_of("sku") == "tv"


def test_of_several_products_that_name_an_alias_the_least_has_it_as_long_as_it_does() -> None:
    changing = known(b=["sku"], a=["sku"], c=["sku"])
    assert changing.product_id_of("sku") == "a"
    changing.put("a", Product(aliases=["other"]))
    assert changing.product_id_of("sku") == "b"
    changing.put("b", None)
    assert changing.product_id_of("sku") == "c"
    changing.put("c", None)
    assert changing.product_id_of("sku") == "sku"
    assert changing.aliases == {"other": "a"}


def test_a_product_may_name_an_alias_twice_or_itself() -> None:
    changing = known(tv=["sku", "sku", "tv"])
    assert changing.ids_of("sku") == ("tv", "sku")
    changing.put("tv", None)
    assert not changing.aliases


def test_a_product_has_at_most_a_thousand_aliases() -> None:
    many = b"[" + b",".join(b'"%d"' % number for number in range(MOST_ALIASES)) + b"]"
    assert decode_product(b"tv", b'{"aliases":%b}' % many)[1] is not None
    with pytest.raises(InvalidRecord) as refused:
        decode_product(b"tv", b'{"aliases":%b,"1"]}' % many[:-1])
    assert refused.value.code == "unknown_value"
    assert refused.value.detail == "aliases: expected at most 1000, got 1001"


# --- evidence ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bought", ["tv", "sku", "0012"])
@pytest.mark.parametrize("asked", ["tv", "sku", "0012"])
def test_what_was_bought_by_one_id_is_not_shown_by_another(bought: str, asked: str) -> None:
    assert reasons(request(asked), purchase(bought), catalog=TV) == {asked: "purchased"}


def test_an_order_line_comes_back_by_any_of_its_ids() -> None:
    assert answers(joined(purchase("sku"), refund("0012")), "tv") == []
    assert answers(joined(refund("0012"), purchase("sku")), "tv") == []


def test_ids_of_one_product_in_one_order_add_up() -> None:
    join = joined(purchase("sku", "0012"), refund("tv"))
    assert answers(join, "tv") == ["tv"]
    join.apply(refund("sku", event_id="back-2"))
    assert answers(join, "tv") == []


def test_the_newest_report_of_a_line_counts_whatever_id_it_names() -> None:
    three = purchase(product("sku", quantity=3), event_id="e1", ts=NOW)
    one = purchase("0012", event_id="e2", ts=NOW + 1)
    for events in ((three, one), (one, three)):
        assert answers(joined(*events, refund("tv")), "tv") == []


def test_an_order_that_is_reported_again_by_another_id_is_no_newer_purchase() -> None:
    join = joined(purchase("sku", event_id="e1"), purchase("0012", event_id="e2", ts=NOW + DAY))
    [(_, _, current)] = join.prepare()
    assert current is not None
    assert [(entry.since, entry.because) for entry in current.entries] == [(NOW, ("e1", "e2"))]


def test_a_restoration_by_one_id_takes_back_a_dismissal_by_another() -> None:
    join = joined(dismissal("not_interested", product_id="sku"))
    assert answers(join, "tv") == ["tv"]
    join.apply(restoration(product_id="0012"))
    assert answers(join, "tv") == []


def test_impressions_by_all_ids_count_together() -> None:
    shown = [impression(f"i{number}", ["tv", "sku"][number % 2], NOW) for number in range(7)]
    assert answers(joined(*shown), "0012") == ["0012"]
    assert answers(joined(*shown[:6], impression("i0", "sku", NOW)), "0012") == []


def test_the_list_is_of_the_product_and_the_state_of_the_ids_that_were_reported() -> None:
    join = joined(purchase("sku"))
    [(_, person, current)] = join.prepare()
    assert current is not None
    assert [(entry.scope, entry.value) for entry in current.entries] == [("group", "tv")]
    assert [line.product_id for line in person.evidence.lines] == ["sku"]


def test_evidence_is_read_anew_when_the_aliases_change() -> None:
    changing = catalog(tv={})
    join = joined(purchase("sku"), dismissal("not_interested", product_id="tv"), catalog=changing)
    assert answers(join, "sku", "tv") == ["sku", "tv"]
    changing.put("tv", Product(aliases=["sku"]))
    decision = join.apply(request("sku", "tv", ts=NOW + HOUR))
    assert decision is not None
    assert {answer.reason for answer in decision.suppressed} == {"purchased"}
    changing.put("tv", Product())
    join.apply(refund("sku"))
    assert answers(join, "sku", "tv") == ["tv"]


def test_evidence_by_an_alias_goes_when_it_no_longer_matters() -> None:
    join = joined(purchase("sku"), purchase("0012", order_id="other", event_id="e2"))
    join.newest = NOW + 400 * DAY
    [(_, person, current)] = [*joined_review(join)]
    assert current is None
    assert not person.evidence


def joined_review(join: Join) -> list[Any]:
    join.review("ann")
    return join.prepare()


def test_a_flood_by_aliases_has_the_same_bound() -> None:
    bought = [purchase(f"p{number}", order_id=f"o{number}", ts=NOW) for number in range(MOST_FACTS)]
    join = joined(purchase("sku", ts=NOW + 1), *bought)
    assert join.persons["ann"].evidence.size == MOST_FACTS - ROOM
    assert answers(join, "tv") == ["tv"]


# --- explanations --------------------------------------------------------------------------------


def test_an_explanation_names_the_product_and_the_ids_that_were_reported() -> None:
    join = joined(
        purchase("sku", "tv", "0012"),
        dismissal("not_interested", product_id="sku"),
        impression("i1", "tv"),
    )
    explained = as_json(explain(join, request("0012")))["candidates"][0]
    assert (explained["product_id"], explained["alias_of"]) == ("0012", "tv")
    evidence = {fact["kind"]: fact for claim in explained["claims"] for fact in claim["evidence"]}
    line, rejection = evidence["order_line"], evidence["dismissal"]
    assert (line["product_id"], line["named"], line["quantity"]) == ("tv", ["0012", "sku", "tv"], 3)
    assert (rejection["target"], rejection["named"]) == ({"product_id": "tv"}, ["sku"])


def test_what_was_reported_by_the_products_own_id_has_no_other_name() -> None:
    facts = as_json(held(joined(purchase("tv"), impression("i1", "sku")), "ann", NOW))["evidence"]
    assert ["named" in fact for fact in facts] == [False, True]
