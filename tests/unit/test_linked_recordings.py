"""Backtests of recordings of people with several ids (SPEC 8 and 9)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.errors import UserError
from streams.recording.backtest import Backtest
from streams.recording.linked_ids import NOBODY, linked_ids
from streams.recording.one_person import OnePerson
from streams.recording.person_slice import PersonSlice
from streams.suppression.policy import Policy
from tests.builders import DAY, NOW, backtest, dismissal, line, purchase, recorded, refund, request
from tests.linked import ids_of, linked, placed, shares_of, unlinked
from tests.reports import report

ACCOUNT, PHONE, LAPTOP = ids_of(2, "account", "phone", "laptop")
ONE_PERSON = (linked(PHONE, ACCOUNT, NOW), linked(LAPTOP, ACCOUNT, NOW + 1))
BOUGHT = purchase("tv", user_id=PHONE, ts=NOW + 2)
ASKED = request("tv", user_id=LAPTOP, ts=NOW + 9)


def suppressed(decision: Mapping[str, Any]) -> list[str]:
    return [each["reason"] for each in decision["suppressed"]]


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


# --- shares that are made ------------------------------------------------------------------------


def test_what_was_bought_on_one_id_is_no_longer_shown_on_another_in_another_partition() -> None:
    [decision], lists, _ = backtest(placed(*ONE_PERSON, BOUGHT, ASKED))
    assert suppressed(decision) == ["purchased"]
    assert [entry["via"] for entry in lists[LAPTOP]["entries"]] == ["person"]
    assert "via" not in lists[PHONE]["entries"][0]


def test_a_refund_on_one_id_lifts_what_was_bought_on_another() -> None:
    back = refund(user_id=LAPTOP, ts=NOW + 3)
    [decision], lists, _ = backtest(
        placed(*ONE_PERSON, BOUGHT, back, request("tv", user_id=PHONE, ts=NOW + 4))
    )
    assert suppressed(decision) == []
    assert lists[PHONE]["entries"] == lists[LAPTOP]["entries"] == []


def test_an_id_of_which_nothing_else_was_recorded_has_a_list() -> None:
    _, lists, _ = backtest(placed(linked(PHONE, ACCOUNT), BOUGHT))
    assert [entry["reason"] for entry in lists[ACCOUNT]["entries"]] == ["purchased"]


def test_shares_are_no_records_of_the_recording() -> None:
    _, _, counts = backtest(placed(*ONE_PERSON, BOUGHT, ASKED))
    assert (counts.joined, counts.decided, counts.all_records) == (3, 1, 4)


def test_what_was_shared_goes_with_the_link() -> None:
    said = placed(*ONE_PERSON, BOUGHT, unlinked(PHONE, ACCOUNT, NOW + 3))
    _, lists, _ = backtest(said)
    assert [entry["reason"] for entry in lists[PHONE]["entries"]] == ["purchased"]
    assert not lists.get(LAPTOP, {}).get("entries")


def test_a_blocked_id_links_nobody() -> None:
    said = [linked(PHONE, "Guest"), linked(LAPTOP, "Guest")]
    [decision], _, counts = backtest(placed(*said, BOUGHT, ASKED))
    assert suppressed(decision) == []
    assert counts.dead == {"unknown_value": 2}


def test_a_statement_that_lies_where_the_other_id_belongs_is_rerouted() -> None:
    sent = {**line(linked(PHONE, ACCOUNT), partition=0), "key": ACCOUNT}
    formats = {"identities": "segment"}
    run = Backtest(Policy.default(), formats=formats)
    sent["value"] = {
        "type": "identify",
        "messageId": "m1",
        "anonymousId": PHONE,
        "userId": ACCOUNT,
        "timestamp": "2023-11-14T22:13:20Z",
    }
    list(run.run(recorded([sent, *placed(BOUGHT)])))
    assert run.counts.rerouted == 1
    assert {each.user_id for each in run.lists()} == {PHONE, ACCOUNT}


# --- shares that were recorded -------------------------------------------------------------------


def test_shares_that_were_recorded_are_taken_as_they_are() -> None:
    lines = placed(*ONE_PERSON, BOUGHT, ASKED)
    derived = backtest(lines)
    recording = backtest([*lines, *shares_of(lines)])
    assert recording[:2] == derived[:2]


def test_a_recording_with_shares_makes_none_of_its_own() -> None:
    lines = placed(*ONE_PERSON, BOUGHT, ASKED)
    [_, *others] = shares_of(lines)
    other_than_laptop = [share for share in others if share["key"] != LAPTOP]
    [decision], lists, _ = backtest([*lines, *other_than_laptop])
    assert suppressed(decision) == []
    assert not lists.get(LAPTOP, {}).get("entries")


def test_a_share_that_cannot_be_read_is_a_dead_letter_as_it_is_for_a_worker() -> None:
    lines = placed(*ONE_PERSON, BOUGHT, ASKED)
    broken = shares_of(lines)
    for each in broken:
        each["value"]["put"] = {"lines": [["o1"]]}
    _, _, counts = backtest(lines + broken)
    assert counts.dead == {"wrong_type": len(broken)}


def test_a_share_stands_after_what_it_rests_on_though_the_senders_partition_is_idle() -> None:
    shares = shares_of(placed(linked(PHONE, ACCOUNT), linked(LAPTOP, ACCOUNT, NOW + DAY)))
    down = [each for each in shares if each["key"] == LAPTOP]
    assert [each["value"]["ts"] for each in down] == [NOW + DAY + 2]


def test_a_share_does_not_move_the_clock_of_its_partition() -> None:
    lines = placed(*ONE_PERSON, BOUGHT)
    late = [{**share, "value": {**share["value"], "ts": NOW + 900 * DAY}}
            for share in shares_of(lines)]  # fmt: skip
    _, lists, _ = backtest([*lines, *late])
    assert [entry["reason"] for entry in lists[PHONE]["entries"]] == ["purchased"]
    assert [entry["reason"] for entry in lists[LAPTOP]["entries"]] == ["purchased"]


# --- several processes ---------------------------------------------------------------------------


def test_linked_ids_fall_into_one_slice(tmp_path: Path) -> None:
    lines = placed(*ONE_PERSON, linked("tablet", "other"), BOUGHT)
    ids = linked_ids([write(tmp_path / "one.jsonl", lines)], {}, Policy.default())
    for number in range(3):
        assert len({PersonSlice(number, 3, ids).holds(each.encode())
                    for each in (ACCOUNT, PHONE, LAPTOP)}) == 1  # fmt: skip
    assert ids[PHONE.encode()] == ids[LAPTOP.encode()] != ids[b"tablet"]


def test_without_statements_nobody_is_linked(tmp_path: Path) -> None:
    assert (
        linked_ids(
            [write(tmp_path / "one.jsonl", placed(BOUGHT, ASKED))], {}, Policy.default().is_blocked
        )
        is NOBODY
    )


def test_with_recorded_shares_every_id_may_be_anywhere(tmp_path: Path) -> None:
    lines = placed(*ONE_PERSON, BOUGHT)
    path = write(tmp_path / "one.jsonl", [*lines, *shares_of(lines)])
    assert linked_ids([path], {}, Policy.default()) is NOBODY


# --- commands ------------------------------------------------------------------------------------


def test_one_person_is_known_by_what_all_their_ids_said() -> None:
    lines = placed(*ONE_PERSON, BOUGHT, ASKED, request("tv", user_id=PHONE, request_id="other"))
    person = OnePerson(recorded(lines), LAPTOP, Policy.default())
    known = person.before("asked")
    assert [type(event).__name__ for event in known.events] == ["Identity"]
    claims = known.join.persons[LAPTOP].index(known.join.policy, known.join.catalog).claims()
    assert [claim.reason for claim in claims] == ["purchased"]
    with pytest.raises(UserError, match="no request 'other' of this person"):
        person.before("other")


def test_one_person_is_known_as_of_a_time() -> None:
    person = OnePerson(recorded(placed(*ONE_PERSON, BOUGHT, ASKED)), LAPTOP, Policy.default())
    before = person.at(NOW + 1).join
    laptop = before.persons[LAPTOP]
    assert laptop.index(before.policy, before.catalog).claims() == []


def test_a_report_counts_the_lists_that_grow_by_what_others_share() -> None:
    alone = report(placed(BOUGHT, ASKED))["lists"]["steps"]
    shared = report(placed(*ONE_PERSON, BOUGHT, ASKED))["lists"]["steps"]
    assert [(step["added"], step["persons"]) for step in alone] == [(1, 1)]
    assert [(step["added"], step["persons"]) for step in shared] == [(3, 3)]


def test_an_opt_out_on_one_id_holds_on_the_others() -> None:
    [decision], _, _ = backtest(placed(*ONE_PERSON, dismissal("opt_out_all", user_id=PHONE), ASKED))
    assert suppressed(decision) == ["opt_out_all"]
