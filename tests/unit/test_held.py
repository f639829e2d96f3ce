"""All that is held about a person, and for how long."""

from typing import Any

from schemas.records import Event
from streams.suppression.catalog import Catalog
from streams.suppression.explanation import held
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from tests.builders import (
    DAY,
    NOW,
    as_json,
    cancellation,
    dismissal,
    impressions,
    preference,
    purchase,
    refund,
    restoration,
)


def held_about_ann(*events: Event, at: int = NOW) -> dict[str, Any]:
    """All that is held about Ann."""
    join = Join(Policy.default(), Catalog())
    for event in events:
        join.apply(event)
    return as_json(held(join, "ann", at, events))


def test_every_kind_of_evidence_is_told_the_oldest_first() -> None:
    events = [
        preference(ts=NOW, sensitive_topics="granted"),
        purchase("tv", ts=NOW + 1),
        refund("tv", ts=NOW + 2),
        purchase("radio", order_id="other", event_id="bought too", ts=NOW + 3),
        cancellation(order_id="other", ts=NOW + 4),
        dismissal("not_interested", product_id="mug", ts=NOW + 5),
        restoration(product_id="mug", ts=NOW + 6),
        *impressions(NOW + 7),
    ]
    assert [fact["kind"] for fact in held_about_ann(*events, at=NOW + 7)["evidence"]] == [
        "preference",
        "order_line",
        "refund",
        "order_line",
        "void_order",
        "dismissal",
        "restoration",
        "impression",
    ]


def test_each_piece_of_evidence_says_until_when_it_is_kept() -> None:
    bought = purchase("tv")
    opted_out = dismissal("opt_out_all", ts=NOW + 1)
    line, dismissed = held_about_ann(bought, opted_out, at=NOW + 1)["evidence"]
    assert line["kept_until"] == NOW + 210 * DAY
    assert dismissed["kept_until"] is None


def test_evidence_is_kept_until_then_and_no_longer() -> None:
    bought = purchase("tv")
    assert held_about_ann(bought, at=NOW + 210 * DAY)["evidence"] != []
    assert held_about_ann(bought, at=NOW + 210 * DAY + 1)["evidence"] == []


def test_the_claims_and_the_list_are_told() -> None:
    holdings = held_about_ann(
        purchase("tv"), dismissal("not_interested", product_id="tv"), at=NOW + 100 * DAY
    )
    assert [(claim["reason"], claim["state"]) for claim in holdings["claims"]] == [
        ("purchased", "stands"),
        ("not_interested", "ended"),
    ]
    assert [entry["reason"] for entry in holdings["list"]["entries"]] == [
        "purchased",
        "not_interested",
    ]


def test_of_somebody_of_whom_nothing_is_known_nothing_is_held() -> None:
    holdings = held_about_ann()
    assert (holdings["evidence"], holdings["claims"], holdings["list"]) == ([], [], None)
    assert holdings["newest"] is None
