"""The view over HTTP: what is asked, what is answered, and what is said when something is wrong."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.openapi import MOST_AT_ONCE, document
from schemas.records import Product
from streams.errors import UserError
from streams.suppression.policy import Policy
from streams.view.metrics import METRICS
from streams.view.recorded import RecordedView
from tests.builders import (
    NOW,
    dismissal,
    line,
    published,
    purchase,
    recorded,
    request,
)
from tests.served import FixedView, Served, asked, bid, metric, served

BOUGHT = published(purchase("tv"))
FRESH = {"partition": 3, "age": 0.25, "level_at": NOW, "newest": NOW - 1}


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
        assert service.get(f"/v1/persons/{user_id}").status == 200
        assert service.post("/v1/decide", asked("tv", user_id=user_id)).body["suppressed"]


# --- decisions -----------------------------------------------------------------------------------


def test_a_request_is_answered_with_the_decision_and_how_fresh_it_is(service: Served) -> None:
    answer = service.post("/v1/decide", asked("tv", "mug"))
    assert answer.status == 200
    assert [each["reason"] for each in answer.body["suppressed"]] == ["purchased"]
    assert answer.body["allowed"] == ["mug"]
    assert answer.body["fresh"] == FRESH


def test_a_decision_says_whether_there_is_a_list_of_the_person(service: Served) -> None:
    assert service.post("/v1/decide", asked("tv")).body["known"] is True
    assert service.post("/v1/decide", asked("tv", user_id="bob")).body["known"] is False


def test_several_requests_are_answered_in_their_order(service: Served) -> None:
    batch = [asked("tv", request_id="r1"), asked("tv", request_id="r2", user_id="bob")]
    answers = service.post("/v1/decide", batch).body
    assert [each["request_id"] for each in answers] == ["r1", "r2"]
    assert [each["allowed"] for each in answers] == [[], ["tv"]]


def test_a_product_may_be_named_by_an_alias(service: Served, view: FixedView) -> None:
    view.catalog.put("tv", Product(aliases=["sku-7"]))
    answer = service.post("/v1/decide", asked("sku-7", "tv")).body
    assert [each["product_id"] for each in answer["suppressed"]] == ["sku-7", "tv"]
    offered = service.post("/v1/openrtb", bid("sku-7", "mug")).body["imp"][0]["ext"]["unhaunt"]
    assert [each["product_id"] for each in offered["decision"]["suppressed"]] == ["sku-7"]
    assert offered["decision"]["allowed"] == ["mug"]


def test_no_requests_are_answered_with_no_decisions(service: Served) -> None:
    assert service.post("/v1/decide", []).body == []


def test_a_request_without_a_time_is_of_now(service: Served) -> None:
    answer = service.post("/v1/decide", {**asked("mug"), "ts": None})
    assert answer.body["ts"] == NOW


@pytest.mark.parametrize(
    ("body", "error", "detail"),
    [
        (b"{", "not_json", "value: expected JSON"),
        (b"[{]", "not_json", "value: expected JSON"),
        (b"3", "not_an_object", "value: expected an object, got"),
        (b"[3]", "not_an_object", "[0] value: expected an object, got"),
        pytest.param(b"[" * 200_000, "not_json", "value: expected JSON", id="[[["),
        pytest.param(b'{"a":' * 20_000, "not_json", "value: expected JSON", id='{"a":'),
        pytest.param(b'[{"a":' + b"[" * 200_000, "not_json", "value: ", id="[{[[["),
        (b"{}", "missing_field", "user_id: expected"),
        (
            asked("tv", x=[0] * 25_000),
            "too_large",
            "value: expected at most 25,000 JSON values, got 25,0",
        ),
        (
            [asked("a"), asked("tv", x=[0] * 25_000)],
            "too_large",
            "[1] value: expected at most 25,000 JSON values, got 25,0",
        ),
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


# --- a recording ---------------------------------------------------------------------------------


def test_without_a_deployment_it_answers_by_the_lists_at_the_end_of_a_recording() -> None:
    lines = [line(purchase("tv")), line(request("mug", ts=NOW + 7))]
    with served(RecordedView(recorded(lines), Policy.default())) as service:
        assert service.get("/v1/persons/ann").body["entries"] == (BOUGHT or {})["entries"]
        assert service.get("/v1/persons/bob").status == 404
        assert service.get("/health/ready").status == 200
        answer = service.post("/v1/decide", {**asked("tv"), "ts": None}).body
    assert (answer["ts"], answer["allowed"]) == (NOW + 7, [])


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


# --- metrics -------------------------------------------------------------------------------------


def test_what_was_answered_is_counted_by_path_and_status(service: Served) -> None:
    service.get("/v1/persons/ann")
    service.get("/v1/persons/bob")
    service.post("/v1/decide", asked("tv"))
    service.post("/v1/openrtb", b"[]")
    service.get("/nowhere")
    persons = 'served_requests_total{path="/v1/persons/{user_id}",status="%s"}'
    assert metric(service, persons % 200) == metric(service, persons % 404) == 1
    assert metric(service, 'served_requests_total{path="/v1/decide",status="200"}') == 1
    assert metric(service, 'served_requests_total{path="/v1/openrtb",status="400"}') == 1
    assert metric(service, "served_request_seconds_count") == 4


def test_candidates_are_counted_by_what_was_decided_on_them(service: Served) -> None:
    service.post("/v1/decide", [asked("tv", "mug"), asked("tv")])
    service.post("/v1/openrtb", bid("tv", "mug"))
    assert metric(service, 'served_suppressed_candidates_total{reason="purchased"}') == 3
    assert metric(service, "served_allowed_candidates_total") == 2


def test_requests_are_counted_by_whether_their_person_is_known(service: Served) -> None:
    decided = 'served_decided_requests_total{known="%s"}'
    assert metric(service, decided % "true") == metric(service, decided % "false") == 0
    service.post("/v1/decide", [asked("tv"), asked("tv", user_id="bob")])
    service.post("/v1/openrtb", bid("tv"))
    assert (metric(service, decided % "true"), metric(service, decided % "false")) == (2, 1)


def test_the_copy_is_told_with_its_age(service: Served, view: FixedView) -> None:
    assert metric(service, "copy_age_seconds") == 0.25
    assert metric(service, "copy_lists") == 1
    assert metric(service, "copy_caught_up") == 1
    view.is_caught_up = False
    assert metric(service, "copy_caught_up") == 0


def test_its_labels_have_only_values_that_they_may_have(service: Served) -> None:
    service.post("/v1/decide", asked("tv"))
    allowed = {each.full_name: each for each in METRICS}
    for family in text_string_to_metric_families(service.get("/metrics").body):
        known = allowed.get(family.name) or allowed.get(f"{family.name}_total")
        for sample in family.samples if known else ():
            for label in known.labels if known else ():
                assert not label.values or sample.labels[label.name] in label.values


# --- what else there is --------------------------------------------------------------------------


def test_it_describes_itself(service: Served) -> None:
    assert service.get("/openapi.json").body == document()


@pytest.mark.parametrize("path", ["/health/live", "/metrics", "/v1/persons/ann", "/nowhere"])
def test_it_says_no_version_of_what_it_is_made_of(service: Served, path: str) -> None:
    assert service.get(path).headers["Server"] == "unhaunt"


def test_there_is_nothing_else(service: Served) -> None:
    assert service.get("/").status == 404
    answer = service.get("/v1/decide")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert answer.body["error"] == "method_not_allowed"


def test_what_may_be_got_may_be_asked_for_without_its_body(service: Served) -> None:
    connection = HTTPConnection(service.address.removeprefix("http://"), timeout=10)
    with closing(connection):
        connection.request("HEAD", "/v1/persons/ann")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        assert answer.headers["ETag"]


def test_a_client_that_offers_http_2_is_answered_in_the_http_that_it_asked_in(
    service: Served,
) -> None:
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEA"}
    connection = HTTPConnection(service.address.removeprefix("http://"), timeout=10)
    with closing(connection):
        connection.request("POST", "/v1/decide", orjson.dumps(asked("tv")), offer)
        answer = connection.getresponse()
        assert (answer.status, orjson.loads(answer.read())["allowed"]) == (200, [])
