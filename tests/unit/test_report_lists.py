"""How the lists grow and shrink over time, as a report tells it."""

from typing import Any

import pytest

from tests.builders import (
    DAY,
    HOUR,
    NOW,
    dismissal,
    impressions,
    line,
    policy,
    preference,
    purchase,
    refund,
    request,
    restoration,
)
from tests.reports import report

SHORT = {"purchase": {"window_days": 2}}


def steps(*lines: dict[str, Any], **tables: Any) -> list[dict[str, Any]]:
    return report(lines, policy(**tables))["lists"]["steps"]


def changes(found: list[dict[str, Any]], what: str) -> list[int]:
    return [step[what] for step in found]


def total(found: list[dict[str, Any]]) -> tuple[int, int, int]:
    added, ended, undone = (sum(changes(found, what)) for what in ("added", "ended", "undone"))
    return added, ended, undone


def test_an_entry_comes_with_its_event_and_ends_with_its_time() -> None:
    found = steps(line(purchase(ts=NOW)), line(request(ts=NOW + 3 * DAY)), **SHORT)
    assert total(found) == (1, 1, 0)
    assert changes(found, "entries")[0] == changes(found, "persons")[0] == 1
    assert changes(found, "entries")[-1] == changes(found, "persons")[-1] == 0


def test_what_ends_after_the_recording_still_stands() -> None:
    found = steps(line(purchase(ts=NOW)), line(request(ts=NOW + DAY)), **SHORT)
    assert total(found) == (1, 0, 0)
    assert found[-1]["entries"] == 1


def test_what_is_sent_back_taken_back_or_granted_is_undone() -> None:
    found = steps(
        line(purchase(ts=NOW)),
        line(refund(ts=NOW + HOUR)),
        line(dismissal("opt_out_all", ts=NOW)),
        line(restoration(ts=NOW + 2 * HOUR)),
        line(preference("p1", NOW, personalised_ads="denied")),
        line(preference("p2", NOW + 3 * HOUR, personalised_ads="granted")),
    )
    assert total(found) == (3, 0, 3)
    assert (found[-1]["entries"], found[-1]["persons"]) == (0, 0)


def test_what_is_bought_again_while_it_stands_is_the_same_entry_for_longer() -> None:
    found = steps(
        line(purchase(event_id="e1", order_id="o1", ts=NOW)),
        line(purchase(event_id="e2", order_id="o2", ts=NOW + DAY)),
        line(request(ts=NOW + 2 * DAY + HOUR)),
        **SHORT,
    )
    assert total(found) == (1, 0, 0)


def test_what_is_bought_again_when_its_entry_has_ended_comes_again() -> None:
    found = steps(
        line(purchase(event_id="e1", order_id="o1", ts=NOW)),
        line(purchase(event_id="e2", order_id="o2", ts=NOW + 5 * DAY)),
        **SHORT,
    )
    assert total(found) == (2, 1, 0)


def test_an_order_whose_time_is_over_when_it_arrives_comes_onto_no_list() -> None:
    found = steps(
        line(purchase("radio", event_id="e0", order_id="o0", ts=NOW + 9 * DAY)),
        line(purchase("tv", ts=NOW)),
        **SHORT,
    )
    assert total(found) == (1, 0, 0)


def test_a_frequency_cap_that_is_filled_again_and_again_is_one_entry() -> None:
    shown = impressions(*(NOW + number * HOUR for number in range(4)))
    found = steps(*map(line, shown), frequency={"max": 2, "days": 1})
    assert total(found) == (1, 0, 0)


def test_persons_are_counted_while_they_have_any_entry() -> None:
    found = steps(
        line(purchase("tv", event_id="e1", order_id="o1", ts=NOW)),
        line(purchase("mug", event_id="e2", order_id="o2", ts=NOW + DAY)),
        line(purchase(ts=NOW + 4 * DAY, user_id="bob")),
        **SHORT,
    )
    assert max(changes(found, "persons")) == 1
    assert max(changes(found, "entries")) == 2


def test_what_is_forgotten_of_somebody_who_is_no_person_is_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("person", "surplus"):
        monkeypatch.setattr(f"streams.suppression.{module}.MOST_FACTS", 3)
    monkeypatch.setattr("streams.suppression.surplus.ROOM", 1)
    found = steps(
        *(
            line(purchase(f"p{number}", event_id=f"e{number}", order_id=f"o{number}", ts=NOW))
            for number in range(4)
        )
    )
    assert total(found) == (4, 0, 2)
    assert (found[-1]["entries"], found[-1]["persons"]) == (2, 1)


def test_steps_are_as_long_as_a_chart_needs() -> None:
    def step_hours(length: int) -> int:
        lines = [line(purchase(ts=NOW)), line(request(ts=NOW + length))]
        found = report(lines)["lists"]
        assert len(found["steps"]) <= 47
        return found["step_hours"]

    assert [step_hours(days * DAY) for days in (0, 1, 10, 40, 370, 4000)] == [
        1,
        1,
        6,
        24,
        336,
        2352,
    ]


def test_a_recording_without_evidence_has_no_steps() -> None:
    assert report([line(request())])["lists"] == {"step_hours": None, "steps": []}
