"""What a recording tells of one person, up to a time or to a request (SPEC 6)."""

from typing import Any

import pytest

from streams.errors import UserError
from streams.kafka.partitioner import partition_of
from streams.recording.one_person import Known, OnePerson
from streams.suppression.policy import Policy
from tests.builders import (
    DAY,
    NOW,
    catalog_line,
    dismissal,
    line,
    purchase,
    recorded,
    request,
)


def ann(*lines: dict[str, Any], policy: Policy | None = None) -> OnePerson:
    return OnePerson(recorded(lines), "ann", policy or Policy.default())


def orders(known: Known) -> list[str]:
    """The orders that are known of Ann."""
    person = known.join.persons.get("ann")
    return [] if person is None else sorted(line.order_id for line in person.evidence.lines)


def bought(order_id: str, ts: int, user_id: str = "ann") -> dict[str, Any]:
    return line(purchase(event_id=order_id, order_id=order_id, ts=ts, user_id=user_id))


def test_without_a_time_everything_counts_at_the_newest_event_time_of_the_partition() -> None:
    known = ann(bought("o1", NOW), line(request(user_id="bob", ts=NOW + 5))).at(None)
    assert orders(known) == ["o1"]
    assert known.join.newest == NOW + 5


def test_what_is_of_that_time_counts_and_what_is_later_does_not() -> None:
    person = ann(bought("o1", NOW), bought("o2", NOW + 1))
    assert orders(person.at(NOW - 1)) == []
    assert orders(person.at(NOW)) == ["o1"]
    assert orders(person.at(NOW + 1)) == ["o1", "o2"]


def test_what_came_after_the_clock_had_passed_the_time_was_not_known_though_it_is_older() -> None:
    person = ann(bought("o1", NOW), bought("o2", NOW + 9, "bob"), bought("late", NOW + 1))
    assert orders(person.at(NOW + 8)) == ["o1"]
    assert orders(person.at(NOW + 9)) == ["late", "o1"]


def test_the_clock_is_that_of_all_persons_but_only_of_valid_records() -> None:
    broken = {"topic": "purchases", "key": "bob", "timestamp": NOW + 300 * DAY, "value": {}}
    assert orders(ann(bought("o1", NOW), broken).at(None)) == ["o1"]
    others = line(request(user_id="bob", ts=NOW + 300 * DAY))
    known = ann(bought("o1", NOW), others, bought("o2", NOW)).at(None)
    assert known.join.newest == NOW + 300 * DAY
    assert orders(known) == ["o1", "o2"]  # until somebody looks: then both are over
    known.join.persons["ann"].expire(Policy.default(), known.join.catalog, NOW + 300 * DAY)
    assert orders(known) == []


def test_other_partitions_have_clocks_of_their_own() -> None:
    elsewhere = line(request(user_id="bob", ts=NOW + DAY), partition=1)
    assert ann(bought("o1", NOW), elsewhere).at(None).join.newest == NOW


def test_records_that_lie_in_a_wrong_partition_count_as_they_do_in_a_backtest() -> None:
    home = partition_of(b"ann", 2)
    astray = line(purchase(event_id="o2", order_id="o2", ts=NOW + 1), partition=1 - home)
    at_home = line(purchase(event_id="o1", order_id="o1", ts=NOW), partition=home)
    assert orders(ann(at_home, astray).at(None)) == ["o1", "o2"]


def test_a_request_is_found_with_what_was_known_before_it() -> None:
    person = ann(
        bought("o1", NOW),
        line(request(request_id="r1", ts=NOW + 1)),
        bought("o2", NOW + 2),
    )
    known = person.before("r1")
    assert orders(known) == ["o1"]
    assert known.request is not None
    assert known.request.ts == NOW + 1


def test_of_requests_with_one_id_the_last_is_meant() -> None:
    person = ann(
        line(request(request_id="r1", ts=NOW)),
        bought("o1", NOW + 1),
        line(request(request_id="r1", ts=NOW + 2)),
        line(request(request_id="r1", ts=NOW + 3, user_id="bob")),
    )
    assert orders(person.before("r1")) == ["o1"]


def test_a_request_that_is_not_there_is_a_mistake_that_names_it() -> None:
    with pytest.raises(UserError, match="'r9' of this person"):
        ann(line(request(request_id="r1"))).before("r9")


def test_the_catalog_is_known_wherever_its_lines_stand() -> None:
    known = ann(line(dismissal("spam_or_misleading", product_id="tv")),
                catalog_line("tv", brand="acme")).at(NOW)  # fmt: skip
    assert known.join.catalog.products["tv"].brand == "acme"


def test_nobody_is_known_of_a_person_of_whom_the_recording_does_not_speak() -> None:
    known = ann(bought("o1", NOW, "bob")).at(None)
    assert known.join.persons == {}
    assert known.join.newest == NOW
    assert ann().at(None).join.newest is None
