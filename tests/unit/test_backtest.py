"""A recording decided without a broker (SPEC 6 to 8)."""

from pathlib import Path

import pytest

from streams.kafka.partitioner import partition_of
from streams.recording.backtest import Backtest
from streams.recording.files import Writer, read
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests.builders import (
    DAY,
    NOW,
    as_json,
    backtest,
    catalog_line,
    dismissal,
    impression,
    line,
    policy,
    preference,
    purchase,
    recorded,
    request,
)


def answered(decisions: list[dict], request_id: str = "asked") -> list[str]:
    """Why the candidates of a request are suppressed."""
    [decision] = [each for each in decisions if each["request_id"] == request_id]
    return [answer["reason"] for answer in decision["suppressed"]]


# --- decisions and lists -------------------------------------------------------------------------


def test_a_recording_gives_a_decision_for_each_request_and_a_list_for_each_person() -> None:
    decisions, lists, _ = backtest([line(purchase(ts=NOW)), line(request(ts=NOW + 1))])
    assert answered(decisions) == ["purchased"]
    assert [entry["value"] for entry in lists["ann"]["entries"]] == ["tv"]


def test_decisions_stand_without_as_of_since_two_runs_are_to_be_compared() -> None:
    [decision], _, _ = backtest([line(purchase()), line(request())])
    assert "as_of" not in decision


def test_a_person_whose_list_would_be_a_tombstone_has_an_empty_one() -> None:
    _, lists, _ = backtest([line(impression(ts=NOW))])
    assert lists == {
        "ann": {"user_id": "ann", "ts": NOW, "policy": "default", "granted": [], "entries": []}
    }


def test_a_person_who_only_made_requests_has_no_list() -> None:
    assert backtest([line(request())])[1] == {}


def test_a_person_whose_evidence_is_gone_in_the_end_has_no_list() -> None:
    _, lists, _ = backtest([line(impression(ts=NOW)), line(request(ts=NOW + 38 * DAY))])
    assert lists == {}


def test_the_policy_is_the_one_that_was_given() -> None:
    [decision], _, _ = backtest(
        [line(request())], policy(version="strict", consent={"mode": "opt_in"})
    )
    assert decision["policy"] == "strict"
    assert answered([decision]) == ["no_consent"]


def test_lists_come_by_partition_and_then_by_person() -> None:
    lines = [
        line(purchase(user_id="zoe"), partition=0),
        line(purchase(user_id="ann"), partition=0),
        line(purchase(user_id="bob"), partition=1),
    ]
    assert list(backtest(lines)[1]) == ["ann", "zoe", "bob"]


# --- order ---------------------------------------------------------------------------------------


def test_records_are_taken_by_time_not_in_the_order_of_the_lines() -> None:
    decisions, _, _ = backtest(
        [
            line(request(request_id="after", ts=NOW + 1)),
            line(purchase(ts=NOW)),
        ]
    )
    assert answered(decisions, "after") == ["purchased"]


def test_at_one_time_the_evidence_comes_first() -> None:
    decisions, _, _ = backtest([line(request(ts=NOW)), line(purchase(ts=NOW))])
    assert answered(decisions) == ["purchased"]


def test_offsets_say_in_which_order_a_partitions_records_lie() -> None:
    late = line(request(request_id="late", ts=NOW - 1), offset=1)
    early = line(request(request_id="early", ts=NOW + 1), offset=0)
    bought = line(purchase(ts=NOW + 1))
    decisions, _, _ = backtest([late, early, bought])
    assert [decision["request_id"] for decision in decisions] == ["early", "late"]


def test_decisions_of_all_partitions_come_in_the_order_of_their_places() -> None:
    lines = [
        line(request(request_id="third", user_id="a", ts=NOW + 3), partition=0),
        line(request(request_id="first", user_id="b", ts=NOW + 1), partition=1),
        line(request(request_id="second", user_id="c", ts=NOW + 2), partition=2),
        line(request(request_id="last", user_id="b", ts=NOW + 3), partition=1),
    ]
    decisions, _, _ = backtest(lines)
    assert [each["request_id"] for each in decisions] == ["first", "second", "third", "last"]


def test_each_partition_has_a_clock_of_its_own() -> None:
    # Bob's partition has seen the far future; Ann's evidence is not over for that.
    lines = [
        line(dismissal("removed_from_cart", ts=NOW, product_id="tv"), partition=0),
        line(request(request_id="bob", user_id="bob", ts=NOW + 900 * DAY), partition=1),
        line(request(ts=NOW + DAY), partition=0),
    ]
    assert answered(backtest(lines)[0]) == ["removed_from_cart"]


def test_a_dead_record_does_not_move_the_clock() -> None:
    lines = [
        line(request(request_id="first", ts=NOW)),
        {"topic": "impression-requests", "key": "ann", "timestamp": NOW + DAY, "value": {}},
        line(request(request_id="second", ts=NOW + 1)),
        line(purchase(ts=NOW + 2)),
    ]
    decisions, _, counts = backtest(lines)
    assert answered(decisions, "second") == []
    assert counts.dead == {"missing_field": 1}


# --- misplaced persons ---------------------------------------------------------------------------


def misplaced(home: int) -> list[dict]:
    """A purchase where Ann does not live, and her later request where she does."""
    return [
        line(purchase(ts=NOW), partition=1 - home),
        line(request(ts=NOW + 1), partition=home),
    ]


def test_a_person_whose_records_lie_apart_meets_them_where_kafkas_clients_put_her() -> None:
    home = partition_of(b"ann", 2)
    decisions, lists, counts = backtest(misplaced(home))
    assert answered(decisions) == ["purchased"]
    assert list(lists) == ["ann"]
    assert counts.rerouted == 1


def test_a_person_whose_records_lie_together_stays_where_she_is() -> None:
    away = 1 - partition_of(b"ann", 2)
    lines = [line(purchase(ts=NOW), partition=away), line(request(ts=NOW), partition=away)]
    decisions, _, counts = backtest(lines)
    assert answered(decisions) == ["purchased"]
    assert counts.rerouted == 0


def test_a_misplaced_record_comes_after_the_others_of_its_time() -> None:
    home = partition_of(b"ann", 2)
    lines = [
        line(purchase(ts=NOW), partition=1 - home),
        line(request(ts=NOW), partition=home),
    ]
    assert answered(backtest(lines)[0]) == []


def test_a_misplaced_record_does_not_move_the_clock_of_the_partition_it_lay_in() -> None:
    home = partition_of(b"ann", 2)
    lines = [
        line(request(request_id="ann", ts=NOW), partition=home),
        line(purchase(ts=NOW + DAY), partition=1 - home),
        line(purchase(ts=NOW, user_id="bob"), partition=1 - home),
        line(request(request_id="bob", ts=NOW + 1, user_id="bob"), partition=1 - home),
    ]
    assert answered(backtest(lines)[0], "bob") == ["purchased"]


# --- the catalog ---------------------------------------------------------------------------------


def test_catalog_lines_are_read_first_wherever_they_stand() -> None:
    lines = [
        line(purchase("tv", ts=NOW)),
        line(request("big_tv", ts=NOW + 1)),
        catalog_line("tv", item_group_id="tvs"),
        catalog_line("big_tv", item_group_id="tvs"),
    ]
    decisions, _, counts = backtest(lines)
    assert answered(decisions) == ["purchased"]
    assert counts.products == 2


def test_a_products_last_line_counts() -> None:
    lines = [
        catalog_line("tv", sensitive=True),
        line(request(ts=NOW)),
        catalog_line("tv", sensitive=False),
    ]
    assert answered(backtest(lines)[0]) == []


def test_a_null_removes_a_product() -> None:
    removal = {"topic": "catalog", "key": "tv", "timestamp": NOW, "value": None}
    lines = [catalog_line("tv", sensitive=True), line(request()), removal]
    assert answered(backtest(lines)[0]) == []


# --- every record is accounted for ---------------------------------------------------------------


def test_every_record_is_decided_joined_dead_or_none_of_ours() -> None:
    lines = [
        catalog_line("tv", price=5),
        line(purchase()),
        line(impression()),
        line(preference(personalised_ads="granted")),
        line(request()),
        {"topic": "purchases", "key": "ann", "timestamp": NOW, "value": {"event_id": 1}},
        {"topic": "dismissals", "key": "ann", "timestamp": NOW, "value_base64": "bm90IEpTT04="},
        {"topic": "catalog", "key": "tv", "timestamp": NOW, "value": []},
        {"topic": "decisions", "key": "ann", "timestamp": NOW, "value": {}},
    ]
    _, _, counts = backtest(lines)
    assert (counts.decided, counts.joined, counts.products) == (1, 3, 1)
    assert counts.dead == {"wrong_type": 1, "not_json": 1, "not_an_object": 1}
    assert counts.ignored == {"decisions": 1}
    assert counts.records == {
        "catalog": 2,
        "purchases": 2,
        "impressions": 1,
        "preferences": 1,
        "impression-requests": 1,
        "dismissals": 1,
    }


def test_an_event_without_a_time_has_that_of_its_record() -> None:
    bought = line(purchase(ts=NOW))
    del bought["value"]["ts"], bought["value"]["user_id"]
    [entry] = backtest([bought])[1]["ann"]["entries"]
    assert entry["since"] == NOW


# --- several files -------------------------------------------------------------------------------


def test_several_files_are_one_recording(tmp_path: Path) -> None:
    files = {
        "shop.jsonl": [catalog_line("tv", item_group_id="tvs"), line(purchase("tv", ts=NOW))],
        "ads.jsonl.zst": [line(request("tvs", ts=NOW + 1))],
    }
    for name, lines in files.items():
        with Writer(tmp_path / name) as writer:
            for record in recorded(lines):
                writer.write(record)
    run = Backtest(Policy.default())
    decisions = as_json(list(run.run(read(tmp_path / name for name in files))))
    assert answered(decisions) == ["purchased"]


# --- what nobody means ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "products",
    [
        [{"product_id": "tv", "quantity": 9 * 10**18}],
        [{"product_id": "radio", "quantity": 9 * 10**18}] * 3,
    ],
    ids=["lasts beyond 64 bits", "adds up beyond 64 bits"],
)
def test_a_quantity_that_nobody_means_stops_nothing(products: list[dict]) -> None:
    bought = line(purchase())
    bought["value"]["products"] = products
    run = Backtest(Policy.default())
    list(run.run(recorded([catalog_line("tv", replenish_days=30), bought])))
    as_json(list(run.lists()))
    for (join,) in run.joins.values():
        for person in join.persons.values():
            assert Person.from_bytes(person.to_bytes()).to_bytes() == person.to_bytes()
