"""The verifier finds what it is there to find; so that it finds nothing says something."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from streams.kafka.partitioner import partition_of
from streams.recording.backtest import Backtest
from streams.recording.files import RecordedRecord, record_of
from streams.suppression.policy import Policy
from tests.builders import NOW, as_json, dismissal, line, purchase, recorded, request
from tests.chaos.observed import REROUTED, Observed
from tests.chaos.verifier import verify

PARTITIONS = 2
ANN, BOB = "ann", "bob"
HOME = partition_of(ANN.encode(), PARTITIONS)
AWAY = 1 - HOME
POLICY = Policy.default()
TOTALS = "consumed is not decided + joined + shared + dead + rerouted"
GONE = record_of(
    "suppressions", b"nobody", None, NOW, partition=partition_of(b"nobody", PARTITIONS)
)


def inputs() -> list[RecordedRecord]:
    """Ann buys, asks twice and buys again in a wrong partition; Bob rejects; one cannot be read."""
    bobs = partition_of(BOB.encode(), PARTITIONS)
    return recorded(
        [
            line(purchase("tv"), partition=HOME),
            line(request("tv", "radio", request_id="r1", ts=NOW + 1), partition=HOME),
            line(request("tv", "radio", request_id="r2", ts=NOW + 2), partition=HOME),
            line(purchase("book", event_id="again", order_id="other", ts=NOW + 3), partition=AWAY),
            line(dismissal("not_interested", product_id="tv", user_id=BOB), partition=bobs),
            {"topic": "purchases", "key": BOB, "partition": bobs, "timestamp": NOW, "value": []},
        ]
    )


def output(topic: str, user_id: str, value: object, offset: int) -> RecordedRecord:
    key = user_id.encode()
    content = None if value is None else orjson.dumps(value)
    home = partition_of(key, PARTITIONS)
    return record_of(topic, key, content, NOW, partition=home, offset=offset)


@pytest.fixture
def right() -> Observed:
    """What the topics hold after everything went well."""
    records = inputs()
    *_, misplaced, _, invalid = records
    backtest = Backtest(POLICY)
    decisions = as_json(list(backtest.run(records)))
    lists = as_json(list(backtest.lists()))
    ends = {(record.topic, record.partition): record.offset + 1 for record in records}
    letter = {"error": "not_an_object", "detail": "a list", "topic": "own.purchases"}
    letter |= {"partition": str(invalid.partition), "offset": str(invalid.offset)}
    return Observed(
        PARTITIONS,
        inputs=records,
        rerouted=[
            record_of(
                REROUTED,
                misplaced.key,
                misplaced.value,
                misplaced.timestamp,
                partition=HOME,
                offset=4,
                headers=[("unhaunt.topic", b"purchases")],
            )
        ],
        decisions=[
            output("decisions", ANN, {**decision, "as_of": {}}, offset)
            for offset, decision in enumerate(decisions)
        ],
        lists=[
            output("suppressions", suppression_list["user_id"], suppression_list, offset)
            for offset, suppression_list in enumerate(lists)
        ],
        dead_letters=[
            record_of(
                "dead-letters",
                invalid.key,
                invalid.value,
                NOW,
                headers=[(f"unhaunt.{name}", text.encode()) for name, text in letter.items()],
            )
        ],
        offsets={**ends, (REROUTED, HOME): 5},
    )


def kinds(observed: Observed) -> set[str]:
    return {finding.kind for finding in verify(observed, POLICY).findings}


def test_a_run_in_which_all_went_well_has_no_findings(right: Observed) -> None:
    report = verify(right, POLICY)
    assert not report.findings
    assert report.totals == {
        "consumed": 7,
        "decided": 2,
        "joined": 3,
        "dead": 1,
        "rerouted": 1,
        "shared": 0,
    }


def test_what_is_shared_twice_is_found(right: Observed) -> None:
    share = output("shares", ANN, {"user_id": ANN, "sender": BOB, "ts": NOW}, 0)
    again = output("shares", ANN, {"user_id": ANN, "sender": BOB, "ts": NOW + 1}, 1)
    offsets = {**right.offsets, ("shares", HOME): 2}
    assert not kinds(right._replace(shares=[share], offsets={**offsets, ("shares", HOME): 1}))
    found = kinds(right._replace(shares=[share, again], offsets=offsets))
    assert found == {"shared more than once"}


def test_the_whole_may_be_shared_again_where_it_was_asked_for(right: Observed) -> None:
    assert partition_of(BOB.encode(), PARTITIONS) == HOME
    whole: dict[str, Any] = {"user_id": ANN, "sender": BOB, "whole": True}
    asks: dict[str, Any] = {"user_id": BOB, "sender": ANN, "ts": NOW, "asks": True}
    for direction, times, asked, expected in (
        ("up", 2, 0, {"shared more than once"}),
        ("up", 2, 1, set()),
        ("down", 2, 1, {"shared more than once"}),
        ("down", 2, 2, set()),
    ):
        said = [{**whole, "direction": direction, "ts": NOW + number} for number in range(times)]
        said += [{**asks, "stated": [number, ""]} for number in range(asked)]
        shares = [output("shares", each["user_id"], each, n) for n, each in enumerate(said)]
        offsets = {**right.offsets, ("shares", HOME): len(shares)}
        assert kinds(right._replace(shares=shares, offsets=offsets)) == expected


def test_a_share_that_was_not_taken_is_found(right: Observed) -> None:
    share = output("shares", ANN, {"user_id": ANN, "sender": BOB, "ts": NOW}, 0)
    assert kinds(right._replace(shares=[share])) == {"offset not after the last record", TOTALS}


def test_a_missing_decision_is_found(right: Observed) -> None:
    found = kinds(right._replace(decisions=right.decisions[1:]))
    assert found == {"request without a decision", TOTALS}


def test_a_doubled_decision_is_found(right: Observed) -> None:
    found = kinds(right._replace(decisions=[*right.decisions, right.decisions[1]]))
    assert found == {"request decided more than once", TOTALS}


def test_a_decision_unlike_the_backtests_is_found(right: Observed) -> None:
    first, second = right.decisions
    other = orjson.loads(first.value or b"") | {"allowed": ["tv", "radio"], "suppressed": []}
    found = kinds(right._replace(decisions=[output("decisions", ANN, other, 0), second]))
    assert found == {"decision unlike the backtest's"}


def test_a_decision_that_nobody_asked_for_is_found(right: Observed) -> None:
    invented = orjson.loads(right.decisions[0].value or b"") | {"request_id": "r3"}
    decisions = [*right.decisions, output("decisions", ANN, invented, 2)]
    assert kinds(right._replace(decisions=decisions)) == {"decision that nobody asked for", TOTALS}


def test_decisions_in_another_order_than_their_requests_are_found(right: Observed) -> None:
    found = kinds(right._replace(decisions=right.decisions[::-1]))
    assert found == {"decision out of its order"}


def test_a_decision_in_another_partition_than_its_persons_is_found(right: Observed) -> None:
    for decision in right.decisions:
        decision.partition = AWAY
    assert "output in another partition than its person's" in kinds(right)


def test_a_stale_list_is_found(right: Observed) -> None:
    stale = Backtest(POLICY)
    list(stale.run(right.inputs[:1]))
    [suppression_list] = as_json(list(stale.lists()))
    lists = [*right.lists, output("suppressions", ANN, suppression_list, 9)]
    assert kinds(right._replace(lists=lists)) == {"last list unlike the backtest's"}


def test_a_missing_list_is_found(right: Observed) -> None:
    assert kinds(right._replace(lists=right.lists[1:])) == {"last list unlike the backtest's"}


@pytest.mark.parametrize(
    "change", [lambda lists: [*lists, lists[-1]], lambda lists: [GONE, *lists]]
)
def test_a_list_that_is_published_without_a_change_is_found(
    right: Observed, change: Callable[[list[RecordedRecord]], list[RecordedRecord]]
) -> None:
    found = kinds(right._replace(lists=change(right.lists)))
    assert found == {"list published without a change"}


def test_a_lost_dead_letter_is_found(right: Observed) -> None:
    assert kinds(right._replace(dead_letters=[])) == {"dead letter missing", TOTALS}


def test_a_doubled_dead_letter_is_found(right: Observed) -> None:
    found = kinds(right._replace(dead_letters=right.dead_letters * 2))
    assert found == {"dead letter more than once", TOTALS}


def test_a_dead_letter_with_other_bytes_is_found(right: Observed) -> None:
    [letter] = right.dead_letters
    other = record_of("dead-letters", letter.key, b"{}", NOW, headers=letter.headers)
    assert kinds(right._replace(dead_letters=[other])) == {"dead letter unlike its record"}


def test_a_misplaced_record_that_was_not_rerouted_is_found(right: Observed) -> None:
    found = kinds(right._replace(rerouted=[]))
    assert found == {"misplaced record that was not rerouted", TOTALS}


def test_a_record_that_was_rerouted_twice_is_found(right: Observed) -> None:
    found = kinds(right._replace(rerouted=right.rerouted * 2))
    assert "rerouted more than once, or without need" in found


def test_an_input_that_the_group_has_not_committed_is_found(right: Observed) -> None:
    offsets = {**right.offsets, ("impression-requests", HOME): 1}
    assert kinds(right._replace(offsets=offsets)) == {"offset not after the last record", TOTALS}
