"""What becomes of somebody of whom there is more evidence than is kept of anybody."""

from collections import Counter
from typing import Any

import pytest

from schemas.records import Event
from streams.suppression import surplus
from streams.suppression.catalog import Catalog
from streams.suppression.evidence import find
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from streams.suppression.surplus import MOST_FACTS, ROOM
from tests.builders import (
    DAY,
    NOW,
    as_json,
    cancellation,
    dismissal,
    impression,
    purchase,
    refund,
    reinstatement,
    request,
    restoration,
)


def flooded(*first: Event, many: int = MOST_FACTS + 1) -> Join:
    """A join in which, after what comes first, somebody buys a great many things."""
    joined = Join(Policy.default(), Catalog())
    for event in first:
        joined.apply(event)
    for number in range(many):
        joined.apply(purchase(f"p{number}", order_id=f"o{number}", ts=NOW + number))
    return joined


def evidence_of(joined: Join) -> Any:
    return joined.persons["ann"].evidence


def current_list(joined: Join) -> dict[str, Any]:
    [(_, _, current)] = joined.prepare()
    assert current is not None
    return as_json(current)


def test_as_many_facts_as_are_allowed_are_all_kept() -> None:
    joined = flooded(many=MOST_FACTS)
    assert len(evidence_of(joined).lines) == MOST_FACTS
    assert not joined.forgotten
    assert "forgotten" not in current_list(joined)


def test_beyond_that_the_oldest_of_what_stands_are_forgotten_and_counted() -> None:
    joined = flooded()
    lines = {line.identity_of(line) for line in evidence_of(joined).lines}
    assert len(lines) == MOST_FACTS - ROOM
    assert joined.forgotten == Counter(lines=ROOM + 1)
    assert ("o0", "p0") not in lines
    assert (f"o{MOST_FACTS}", f"p{MOST_FACTS}") in lines


def test_all_kinds_of_facts_have_one_bound_together() -> None:
    joined = flooded(many=MOST_FACTS - 1)
    joined.apply(dismissal("not_interested", "d1", NOW, product_id="radio"))
    assert not joined.forgotten
    joined.apply(dismissal("not_interested", "d2", NOW, product_id="piano"))
    assert evidence_of(joined).size == MOST_FACTS - ROOM


def test_what_has_ended_goes_before_what_stands_though_that_is_older() -> None:
    in_force = dismissal("block_brand", "stands", NOW - 20 * DAY, brand="acme")
    ended = [
        dismissal("removed_from_cart", "cart", NOW - 15 * DAY, product_id="radio"),
        dismissal("covered_content", "no claim", NOW - 10 * DAY),
        impression("shown", "radio", NOW - 8 * DAY),
    ]
    joined = flooded(in_force, *ended, many=MOST_FACTS - 3)
    assert joined.forgotten == Counter(dismissals=2, impressions=1, lines=ROOM - 2)
    assert [fact.event_id for fact in evidence_of(joined).dismissals] == ["stands"]


def test_a_refund_outlives_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surplus, "ROOM", 0)
    joined = flooded(
        purchase("tv", order_id="returned", ts=NOW - DAY),
        refund("tv", order_id="returned", ts=NOW - DAY),
        many=MOST_FACTS - 1,
    )
    assert joined.forgotten == Counter(lines=1)
    assert len(evidence_of(joined).refunds) == 1


def test_a_cancellation_outlives_the_lines_of_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surplus, "ROOM", 0)
    joined = flooded(
        purchase("tv", order_id="returned", ts=NOW - DAY),
        cancellation(order_id="returned", ts=NOW - DAY),
        many=MOST_FACTS - 1,
    )
    assert joined.forgotten == Counter(lines=1)
    assert [fact.order_id for fact in evidence_of(joined).voided] == ["returned"]


def test_a_reinstatement_outlives_the_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surplus, "ROOM", 0)
    joined = flooded(
        purchase("tv", order_id="returned", ts=NOW - DAY),
        cancellation(order_id="returned", ts=NOW - DAY),
        reinstatement(order_id="returned", ts=NOW - DAY + 1),
        many=MOST_FACTS - 1,
    )
    assert joined.forgotten == Counter(lines=1, voided=1)
    assert [fact.order_id for fact in evidence_of(joined).reinstated] == ["returned"]


def test_a_restoration_outlives_what_it_took_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surplus, "ROOM", 0)
    joined = flooded(
        dismissal("block_brand", "blocked", NOW - DAY, brand="acme"),
        restoration("unblocked", NOW - DAY, brand="acme"),
        many=MOST_FACTS - 1,
    )
    assert joined.forgotten == Counter(dismissals=1)
    assert [fact.event_id for fact in evidence_of(joined).restorations] == ["unblocked"]


def test_a_forgotten_line_suppresses_no_more_and_a_kept_one_still_does() -> None:
    joined = flooded()
    decision = joined.apply(request("p0", f"p{MOST_FACTS}", ts=NOW + MOST_FACTS))
    assert decision is not None
    assert decision.allowed == ["p0"]
    assert [answer.product_id for answer in decision.suppressed] == [f"p{MOST_FACTS}"]


def test_a_forgotten_line_that_comes_again_is_a_line_again() -> None:
    joined = flooded(many=MOST_FACTS + 1)
    joined.apply(purchase("p0", order_id="o0", ts=NOW))
    decision = joined.apply(request("p0", ts=NOW + MOST_FACTS))
    assert decision is not None
    assert [answer.product_id for answer in decision.suppressed] == ["p0"]


def test_a_wish_to_be_left_alone_outlives_any_number_of_other_dismissals() -> None:
    joined = Join(Policy.default(), Catalog())
    joined.apply(dismissal("opt_out_all", event_id="leave me alone", ts=NOW))
    for number in range(MOST_FACTS):
        joined.apply(dismissal("block_brand", f"d{number}", NOW + 1 + number, brand=f"b{number}"))
    assert find(evidence_of(joined).dismissals, "leave me alone") is not None
    assert joined.forgotten == Counter(dismissals=ROOM + 1)


def test_the_list_says_how_many_facts_are_no_longer_kept() -> None:
    joined = flooded()
    assert current_list(joined)["forgotten"] == ROOM + 1


def test_impressions_that_need_not_be_kept_do_not_count_as_forgotten() -> None:
    joined = flooded(many=MOST_FACTS - 8)
    for number in range(20):  # of one product the newest 7 are kept
        joined.apply(impression(f"i{number}", "tv", NOW + number))
    assert not joined.forgotten
    assert evidence_of(joined).size == MOST_FACTS - 1
