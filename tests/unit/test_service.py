"""The view over HTTP: what is asked, what is answered, and what is said when something is wrong."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from schemas.openapi import MOST_AT_ONCE, document
from streams.errors import UserError
from tests.builders import NOW, dismissal, published, purchase
from tests.served import FixedView, Served, served

BOUGHT = published(purchase("tv"))
FRESH = {"partition": 3, "age": 0.25, "level_at": NOW, "newest": NOW - 1}


def asked(*product_ids: str, user_id: str = "ann", **fields: Any) -> dict[str, Any]:
    candidates = [{"product_id": each} for each in product_ids]
    return {"request_id": "r1", "user_id": user_id, "ts": NOW, "candidates": candidates, **fields}


@pytest.fixture
def view() -> FixedView:
    return FixedView(ann=BOUGHT or {})


@pytest.fixture
def service(view: FixedView) -> Iterator[Served]:
    with served(view) as service:
        yield service


# --- lists ---------------------------------------------------------------------------------------


def test_a_persons_list_is_the_one_that_was_published(service: Served) -> None:
    answer = service.get("/v1/persons/ann")
    assert (answer.status, answer.body) == (200, BOUGHT)
    assert answer.headers["Content-Type"].startswith("application/json")


def test_a_list_says_how_fresh_it_is(service: Served) -> None:
    headers = service.get("/v1/persons/ann").headers
    assert (headers["Unhaunt-Age"], headers["Unhaunt-Level-At"]) == ("0.250", str(NOW))


def test_a_list_that_is_known_already_is_not_sent_again(service: Served) -> None:
    tag = service.get("/v1/persons/ann").headers["ETag"]
    answer = service.get("/v1/persons/ann", **{"If-None-Match": tag})
    assert (answer.status, answer.body) == (304, None)
    assert answer.headers["Unhaunt-Age"] == "0.250"


def test_a_list_that_changed_is_sent(service: Served, view: FixedView) -> None:
    tag = service.get("/v1/persons/ann").headers["ETag"]
    view.lists["ann"] = orjson.dumps(published(dismissal("opt_out_all")))
    assert service.get("/v1/persons/ann", **{"If-None-Match": tag}).status == 200


def test_who_has_no_list_is_not_found_which_is_fresh_as_well(service: Served) -> None:
    answer = service.get("/v1/persons/bob")
    assert (answer.status, answer.body["error"]) == (404, "no_list")
    assert answer.headers["Unhaunt-Age"] == "0.250"


@pytest.mark.parametrize("user_id", ["zoë", "a b", "a/b", "100%", "{x}", "a?b#c"])
def test_an_id_may_be_any_text(user_id: str) -> None:
    with served(FixedView(**{user_id: BOUGHT or {}})) as service:
        assert service.get("/v1/persons/" + user_id.replace("/", "%2F")).status in (200, 404)
        assert service.post("/v1/decide", asked("tv", user_id=user_id)).body["suppressed"]


# --- decisions -----------------------------------------------------------------------------------


def test_a_request_is_answered_with_the_decision_and_how_fresh_it_is(service: Served) -> None:
    answer = service.post("/v1/decide", asked("tv", "mug"))
    assert answer.status == 200
    assert [each["reason"] for each in answer.body["suppressed"]] == ["purchased"]
    assert answer.body["allowed"] == ["mug"]
    assert answer.body["fresh"] == FRESH


def test_several_requests_are_answered_in_their_order(service: Served) -> None:
    batch = [asked("tv", request_id="r1"), asked("tv", request_id="r2", user_id="bob")]
    answers = service.post("/v1/decide", batch).body
    assert [each["request_id"] for each in answers] == ["r1", "r2"]
    assert [each["allowed"] for each in answers] == [[], ["tv"]]


def test_no_requests_are_answered_with_no_decisions(service: Served) -> None:
    assert service.post("/v1/decide", []).body == []


def test_a_request_without_a_time_is_of_now(service: Served) -> None:
    answer = service.post("/v1/decide", {**asked("mug"), "ts": None})
    assert answer.body["ts"] > NOW


@pytest.mark.parametrize(
    ("body", "error", "detail"),
    [
        (b"{", "not_json", "value: expected JSON"),
        (b"[{]", "not_json", "value: expected JSON"),
        (b"3", "not_an_object", "value: expected an object, got"),
        (b"[3]", "not_an_object", "[0] value: expected an object, got"),
        (b"{}", "missing_field", "user_id: expected"),
        (
            {**asked("tv"), "candidates": [{"product_id": "tv", "price": "10"}]},
            "wrong_type",
            "candidates[0].price: expected a number, got a string",
        ),
        (
            [asked("tv"), {**asked("tv"), "channel": "fax"}],
            "unknown_value",
            "[1] channel: expected one of",
        ),
        ([asked("tv")] * (MOST_AT_ONCE + 1), "too_large", "expected at most 1,000 requests"),
    ],
)
def test_what_breaks_the_contract_is_told_as_a_dead_letter_would(
    service: Served, body: Any, error: str, detail: str
) -> None:
    answer = service.post("/v1/decide", body)
    assert (answer.status, answer.body["error"]) == (400, error)
    assert detail in answer.body["detail"]


def test_a_body_that_is_too_large_is_refused(service: Served) -> None:
    answer = service.post("/v1/decide", b" " * (9 << 20))
    assert (answer.status, answer.body["error"]) == (413, "request_entity_too_large")


# --- health --------------------------------------------------------------------------------------


def test_before_it_has_caught_up_it_lives_but_is_not_ready(
    service: Served, view: FixedView
) -> None:
    view.is_caught_up = False
    assert service.get("/health/live").status == 200
    assert service.get("/health/ready").status == 503
    answer = service.get("/v1/persons/ann")
    assert (answer.status, answer.body["error"]) == (503, "not_caught_up")
    assert service.post("/v1/decide", asked("tv")).status == 503


def test_when_it_has_it_is_ready_and_tells_how_fresh_its_partitions_are(service: Served) -> None:
    answer = service.get("/health/ready")
    assert (answer.status, answer.body) == (200, {"ready": True, "partitions": [FRESH]})


def test_a_view_that_has_ended_says_why(service: Served, view: FixedView) -> None:
    view.failure, view.is_caught_up = UserError("The disk is full."), False
    answer = service.post("/v1/decide", asked("tv"))
    assert (answer.status, answer.body) == (503, {"error": "ended", "detail": "The disk is full."})
    assert service.get("/health/live").status == 503


# --- what else there is --------------------------------------------------------------------------


def test_it_describes_itself(service: Served) -> None:
    assert service.get("/openapi.json").body == document()


def test_there_is_nothing_else(service: Served) -> None:
    assert service.get("/").status == 404
    answer = service.get("/v1/decide")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert answer.body["error"] == "method_not_allowed"
