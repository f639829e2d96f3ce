"""What was wrong with the input, as a report tells it."""

from typing import Any

from schemas.records import Identity
from tests.builders import (
    HOUR,
    NOW,
    dismissal,
    impression,
    line,
    preference,
    purchase,
    request,
)
from tests.reports import report


def topics(*lines: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["topic"]: each for each in report(lines)["problems"]["topics"]}


def test_an_event_is_late_by_what_its_partition_had_shown_already() -> None:
    found = topics(
        line(purchase(event_id="e1", ts=NOW + 3 * HOUR)),
        line(purchase(event_id="e2", ts=NOW)),
        line(purchase(event_id="e3", ts=NOW + 2 * HOUR)),
        line(purchase(event_id="e4", ts=NOW + 3 * HOUR)),
    )["purchases"]
    assert (found["events"], found["late"]) == (4, 2)
    assert (found["late_median_seconds"], found["late_most_seconds"]) == (3600, 3 * 3600)


def test_an_id_that_the_person_had_already_is_a_repeat() -> None:
    events = [
        Identity(event_id="bought", user_id="ann", ts=NOW, action="signed_out"),
        purchase(),
        dismissal("opt_out_all", "bought"),
        preference("bought", personalised_ads="granted"),
        impression("bought"),
        request(request_id="bought"),
    ]
    found = topics(*map(line, [*events, *events, *events]))
    assert {topic: each["repeated"] for topic, each in found.items()} == dict.fromkeys(found, 2)


def test_an_id_that_stands_for_something_else_is_told() -> None:
    found = topics(
        line(purchase("tv")),
        line(purchase("tv")),
        line(purchase("tv", "mug")),
        line(dismissal("not_interested", product_id="tv")),
    )
    assert (found["purchases"]["repeated"], found["purchases"]["contradictions"]) == (2, 1)
    assert found["dismissals"]["contradictions"] == 0


def test_an_id_of_another_person_topic_or_product_is_none() -> None:
    found = topics(
        line(purchase(event_id="e1")),
        line(purchase(event_id="e1", user_id="bob")),
        line(dismissal("opt_out_all", "e1")),
        line(impression("i1", "tv")),
        line(impression("i1", "radio")),
    )
    assert all(each["repeated"] == 0 for each in found.values())


def test_what_the_run_counted_is_told_by_its_name() -> None:
    made = report(
        [
            line(request()),
            {"topic": "purchases", "key": "ann", "timestamp": NOW, "value": {"event_id": 1}},
            {"topic": "purchases", "key": "ann", "timestamp": NOW, "value_base64": "bm90IEpTT04="},
            {"topic": "weather", "key": "ann", "timestamp": NOW, "value": {}},
            line(purchase(), partition=1),
        ]
    )
    assert made["records"] == 5
    problems = made["problems"]
    assert problems["dead_letters"] == {"not_json": 1, "wrong_type": 1}
    assert problems["ignored"] == {"weather": 1}
    assert problems["rerouted"] == 1


def test_ids_that_the_catalog_does_not_know_are_told_by_topic() -> None:
    lines = [
        {"topic": "catalog", "key": "tv", "timestamp": NOW, "value": {"aliases": ["sku"]}},
        line(purchase("sku", "wc_1")),
        line(purchase("wc_1", user_id="bob")),
        line(request("tv")),
    ]
    for slices in (1, 3):
        bought, offered = report(lines, slices=slices)["problems"]["product_ids"]
        assert (bought["named"], bought["by_alias"], bought["unknown"]) == (3, 1, 2)
        assert bought["most_frequent"] == [{"id": "wc_1", "count": 2}]
        assert (offered["topic"], offered["unknown"]) == ("impression-requests", 0)


def test_without_a_catalog_no_id_is_unknown() -> None:
    assert report([line(purchase("tv"))])["problems"]["product_ids"] == []
