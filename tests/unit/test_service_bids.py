"""Bid requests over HTTP: answered with themselves, and with what is suppressed in them."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from streams.view.openrtb_options import OpenRtbOptions
from tests.builders import dismissal, policy, published, purchase
from tests.served import FixedView, Served, bid, served

BOUGHT = published(purchase("tv"))


@pytest.fixture
def view() -> FixedView:
    return FixedView(ann=BOUGHT or {})


@pytest.fixture
def service(view: FixedView) -> Iterator[Served]:
    with served(view) as service:
        yield service


def decided(answer: Any) -> dict[str, Any]:
    """The decision on the impression."""
    decision: dict[str, Any] = answer.body["imp"][0]["ext"]["unhaunt"]["decision"]
    return decision


def test_a_bid_request_is_answered_with_itself_and_the_decision_on_each_impression(
    service: Served,
) -> None:
    answer = service.post("/v1/openrtb", bid("tv", "mug", tmax=100))
    assert (answer.status, answer.body["id"], answer.body["tmax"]) == (200, "b1", 100)
    assert [each["reason"] for each in decided(answer)["suppressed"]] == ["purchased"]
    assert decided(answer)["allowed"] == ["mug"]
    assert answer.headers["Unhaunt-Age"] == "0.250"


def test_its_categories_and_advertisers_are_widened_by_the_persons_list(
    service: Served, view: FixedView
) -> None:
    blocked = [
        dismissal("inappropriate", "e1", category="IAB7-39"),
        dismissal("block_advertiser", "e2", advertiser_id="lumen.example"),
    ]
    view.lists["ann"] = orjson.dumps(published(*blocked))
    answer = service.post("/v1/openrtb", bid(bcat=["IAB26"])).body
    assert (answer["bcat"], answer["badv"]) == (["IAB26", "IAB7-39"], ["lumen.example"])


def test_what_the_own_site_lifts_widens_nothing_there(service: Served, view: FixedView) -> None:
    own = policy(own_site={"lifts": ["inappropriate"]})
    view.policy = own
    view.lists["ann"] = orjson.dumps(
        published(dismissal("inappropriate", category="IAB7-39"), policy=own)
    )
    assert "bcat" in service.post("/v1/openrtb", bid()).body
    on_own_site = bid(ext={"unhaunt": {"own_site": True}})
    assert "bcat" not in service.post("/v1/openrtb", on_own_site).body


def test_what_the_holdout_is_to_see_widens_nothing(service: Served, view: FixedView) -> None:
    view.lists["ann"] = orjson.dumps(published(dismissal("inappropriate", category="IAB7-39")))
    for percent, is_off in ((18.82, True), (18.83, False)):  # ann's number is 1,882
        view.policy = policy(holdout={"percent": percent, "reasons": ["inappropriate"]})
        assert ("bcat" in service.post("/v1/openrtb", bid()).body) is is_off


@pytest.mark.parametrize(("user_id", "known"), [("ann", "true"), ("bob", "false")])
def test_a_bid_request_and_a_list_are_answered_with_whether_there_is_a_list(
    service: Served, user_id: str, known: str
) -> None:
    answer = service.post("/v1/openrtb", bid("tv", user={"id": user_id}))
    assert answer.headers["Unhaunt-Known"] == known
    assert service.get(f"/v1/persons/{user_id}").headers["Unhaunt-Known"] == known


def test_consent_that_a_bid_request_denies_is_held_against_all_of_it(service: Served) -> None:
    answer = service.post("/v1/openrtb", bid("mug", device={"lmt": 1}))
    assert [each["reason"] for each in decided(answer)["suppressed"]] == ["no_consent"]
    assert answer.body["ext"]["unhaunt"] == {"denied": ["device.lmt"], "all": "no_consent"}


def test_a_denial_counts_however_old_the_copy_is(service: Served, view: FixedView) -> None:
    view.policy = policy(stale={"no_consent": {"seconds": 0, "fails": "open"}})
    answer = service.post("/v1/openrtb", bid("mug", device={"lmt": 1}))
    assert decided(answer)["allowed"] == []


def test_where_consent_is_needed_and_was_not_given_a_bid_request_is_told_that_all_is_off(
    service: Served, view: FixedView
) -> None:
    view.policy = policy(consent={"mode": "opt_in"})
    answer = service.post("/v1/openrtb", bid("mug", user={"id": "bob"}))
    assert answer.body["ext"]["unhaunt"] == {"all": "no_consent"}


def test_the_person_and_the_candidates_of_bid_requests_are_found_where_the_service_is_told(
    view: FixedView,
) -> None:
    user = {"id": "bob", "eids": [{"source": "ids.example", "uids": [{"id": "ann"}]}]}
    with served(view, OpenRtbOptions(["ids.example"], [{"product_id": "tv"}])) as service:
        answer = service.post("/v1/openrtb", bid(user=user))
    assert [each["reason"] for each in decided(answer)["suppressed"]] == ["purchased"]


@pytest.mark.parametrize(
    ("body", "error", "detail"),
    [
        (b"[]", "not_an_object", "value: expected an object, got an array"),
        (
            {"id": "b1", "imp": [{"id": str(number)} for number in range(201)]},
            "too_large",
            "imp: expected at most 200, got 201",
        ),
        (bid(bcat=["IAB1"] * 25_000), "too_large", "value: expected at most 25,000 JSON values"),
        ({"id": "b1"}, "missing_field", "imp: expected an array of at least one"),
        (
            bid("tv", ext={"unhaunt": {"own_site": 3}}),
            "wrong_type",
            "imp[0].ext.unhaunt.own_site: expected",
        ),
        (
            b'{"id": "b1", "imp": [{"id": "1"}], "x": ' + b"[" * 500 + b"]" * 500 + b"}",
            "not_json",
            "value: ",
        ),
    ],
)
def test_what_is_no_bid_request_is_told(
    service: Served, body: Any, error: str, detail: str
) -> None:
    answer = service.post("/v1/openrtb", body)
    assert (answer.status, answer.body["error"]) == (400, error)
    assert detail in answer.body["detail"]
