"""The lists of several ids of one person, read as one (SPEC 9)."""

from typing import Any

import msgspec
import pytest

from schemas.outputs import SuppressionList
from streams.suppression.list_union import union_of
from tests.builders import DAY, NOW, as_json, dismissal, preference, published, purchase


def listed(*events: Any, user_id: str = "ann", **fields: Any) -> SuppressionList:
    content = {**(published(*events) or {}), "user_id": user_id, **fields}
    return msgspec.convert(content, SuppressionList)


def entry(**fields: Any) -> dict[str, Any]:
    bought = {"scope": "group", "value": "tv", "reason": "purchased", "because": ["e1"]}
    return {**bought, "since": NOW, "until": NOW + DAY, **fields}


def with_entries(*entries: dict[str, Any]) -> SuppressionList:
    fields = {"user_id": "ann", "ts": NOW, "policy": "default", "granted": []}
    return msgspec.convert({**fields, "entries": entries}, SuppressionList)


def entries_of(*lists: SuppressionList) -> Any:
    return as_json(union_of(lists))["entries"]


def test_without_lists_there_is_none() -> None:
    assert union_of([]) is None


def test_the_only_list_is_itself() -> None:
    only = listed(purchase("tv"))
    assert union_of([only]) is only


def test_it_is_of_the_first_id_and_of_the_time_and_the_policy_of_the_newest_list() -> None:
    lists = [
        listed(purchase("tv"), user_id="ann"),
        listed(purchase("tv", ts=NOW + 1), user_id="cookie", policy="newer"),
        listed(purchase("tv"), user_id="phone", policy="older"),
    ]
    union = union_of(lists)
    assert union is not None
    assert (union.user_id, union.ts, union.policy) == ("ann", NOW + 1, "newer")


def test_its_entries_are_those_of_all_lists_in_the_order_of_lists() -> None:
    one = listed(purchase("tv"), dismissal("opt_out_all"))
    other = listed(purchase("mug"), dismissal("block_brand", brand="acme"))
    scopes = [(each["scope"], each["value"]) for each in entries_of(one, other)]
    assert scopes == [("group", "mug"), ("group", "tv"), ("brand", "acme"), ("all", "*")]


def test_what_any_of_them_grants_is_granted_once_and_sorted() -> None:
    one = listed(preference(sensitive_topics="granted"))
    other = listed(preference(sensitive_topics="granted", personalised_ads="granted"))
    union = union_of([one, other])
    assert union is not None
    assert union.granted == ["personalised_ads", "sensitive_topics"]


def test_equal_entries_are_one_because_of_the_evidence_of_all() -> None:
    one, other = with_entries(entry(because=["b", "d"])), with_entries(entry(because=["a", "b"]))
    assert entries_of(one, other) == [entry(because=["a", "b", "d"])]


@pytest.mark.parametrize("field", ["value", "reason", "since", "until"])
def test_entries_that_differ_are_two(field: str) -> None:
    others = {"value": "mug", "reason": "already_bought", "since": NOW - 1, "until": None}
    one, other = with_entries(entry()), with_entries(entry(**{field: others[field]}))
    assert len(entries_of(one, other)) == 2


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"price": 20}, {"price": 18.5}, {"price": 18.5}),
        ({"price": 20}, {}, {}),
        ({"price": 20, "currency": "EUR"}, {"price": 18}, {"price": 18, "currency": "EUR"}),
        ({"price": 20, "currency": "EUR"}, {"price": 18, "currency": "USD"}, {}),
        ({"via": "person"}, {"via": "person"}, {"via": "person"}),
        ({"via": "person"}, {}, {}),
    ],
)
def test_an_equal_entry_has_a_price_and_comes_by_way_of_the_person_only_if_all_of_it_does(
    one: dict[str, Any], other: dict[str, Any], expected: dict[str, Any]
) -> None:
    lists = [with_entries(entry(**fields)) for fields in (one, other)]
    assert entries_of(*lists) == entries_of(*reversed(lists)) == [entry(**expected)]


def test_what_is_no_longer_kept_of_any_of_them_is_missing() -> None:
    kept, one, other = (listed(purchase("tv"), **more) for more in ({}, *[{"forgotten": 2}] * 2))
    assert as_json(union_of([kept, one, other]))["forgotten"] == 4
    assert "forgotten" not in as_json(union_of([kept, kept]))
