"""One person asked for by several ids over HTTP: their lists count together (SPEC 9)."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from streams.view.openrtb_options import OpenRtbOptions
from tests.builders import NOW, policy, preference, published, purchase
from tests.served import FixedView, Served, asked, bid, metric, served

OLD = {"partition": 4, "age": 7.5, "level_at": NOW - 7_500, "newest": NOW - 9}


@pytest.fixture
def view() -> FixedView:
    return FixedView(ann=published(purchase("tv")) or {}, bob=published(purchase("mug")) or {})


@pytest.fixture
def service(view: FixedView) -> Iterator[Served]:
    with served(view) as service:
        yield service


def asked_by(*user_ids: str, **fields: Any) -> dict[str, Any]:
    """A request on a TV, a mug and tea."""
    request = asked("tv", "mug", "tea", **fields)
    del request["user_id"]
    return {**request, "user_ids": [*user_ids]}


def suppressed(answer: dict[str, Any]) -> list[str]:
    return [each["product_id"] for each in answer["suppressed"]]


def test_what_any_of_the_ids_has_on_its_list_is_suppressed(service: Served) -> None:
    answer = service.post("/v1/decide", asked_by("ann", "nobody", "bob")).body
    assert suppressed(answer) == ["tv", "mug"]
    assert answer["allowed"] == ["tea"]


def test_a_decision_names_the_first_id(service: Served) -> None:
    assert service.post("/v1/decide", asked_by("bob", "ann")).body["user_id"] == "bob"


def test_one_id_with_a_list_makes_a_person_known(service: Served) -> None:
    assert service.post("/v1/decide", asked_by("nobody", "ann")).body["known"] is True
    assert service.post("/v1/decide", asked_by("nobody", "no one")).body["known"] is False
    decided = 'served_decided_requests_total{known="%s"}'
    assert metric(service, decided % "true") == metric(service, decided % "false") == 1


def test_an_answer_is_as_old_as_the_oldest_copy(service: Served, view: FixedView) -> None:
    view.fresh_of["bob"] = view.fresh._replace(**OLD)
    assert service.post("/v1/decide", asked_by("ann", "bob")).body["fresh"] == OLD
    assert service.post("/v1/decide", asked_by("ann", "nobody")).body["fresh"]["age"] == 0.25


def test_where_one_copy_is_too_old_none_counts(service: Served, view: FixedView) -> None:
    view.policy = policy(stale={"purchased": {"seconds": 5, "fails": "open"}})
    view.fresh_of["nobody"] = view.fresh._replace(**OLD)
    assert suppressed(service.post("/v1/decide", asked_by("ann", "nobody")).body) == []


def test_a_grant_of_any_of_the_ids_counts(service: Served, view: FixedView) -> None:
    view.policy = policy(consent={"mode": "opt_in"})
    granted = published(preference(personalised_ads="granted"), policy=view.policy)
    view.lists["zoe"] = orjson.dumps(granted)
    assert service.post("/v1/decide", asked_by("nobody")).body["allowed"] == []
    assert service.post("/v1/decide", asked_by("nobody", "zoe")).body["suppressed"] == []


def test_the_holdout_goes_by_the_first_id(service: Served, view: FixedView) -> None:
    view.policy = policy(holdout={"percent": 18.83})  # ann's number is 1,882
    assert service.post("/v1/decide", asked_by("ann", "zoë")).body["ghosted"]
    assert suppressed(service.post("/v1/decide", asked_by("zoë", "ann")).body) == ["tv"]


def test_requests_of_a_batch_may_be_asked_by_one_id_or_by_several(service: Served) -> None:
    answers = service.post("/v1/decide", [asked_by("ann", "bob"), asked("mug")]).body
    assert [suppressed(each) for each in answers] == [["tv", "mug"], []]


def test_what_is_wrong_with_ids_is_told_with_the_place_in_the_batch(service: Served) -> None:
    answer = service.post("/v1/decide", [asked("tv"), asked_by()])
    expected = "[1] user_ids: expected at least one, got none"
    assert (answer.status, answer.body["detail"]) == (400, expected)


def test_a_bid_request_is_decided_by_all_ids_that_it_names(view: FixedView) -> None:
    eids = [{"source": "ids.example", "uids": [{"id": "nobody"}, {"id": "bob"}]}]
    user = {"id": "ann", "buyeruid": "x", "eids": eids}
    view.fresh_of["x"] = view.fresh._replace(**OLD)
    places = ["user.id", "user.buyeruid", "ids.example"]
    with served(view, OpenRtbOptions(places)) as service:
        answer = service.post("/v1/openrtb", bid("tv", "mug", "tea", user=user))
    decision = answer.body["imp"][0]["ext"]["unhaunt"]["decision"]
    assert (suppressed(decision), decision["allowed"]) == (["tv", "mug"], ["tea"])
    assert (answer.headers["Unhaunt-Known"], answer.headers["Unhaunt-Age"]) == ("true", "7.500")
