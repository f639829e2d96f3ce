"""`unhaunt dead-letters …` against a broker: seeing what was wrong, and sending it back."""

from pathlib import Path

import orjson
import pytest
from confluent_kafka import Producer

from streams.commands.dead_letter_views import iso
from streams.kafka.topics import create, plan
from streams.settings import Settings
from tests.builders import NOW
from tests.command_line import json_lines, run_process
from tests.integration.conftest import Deploy
from tests.integration.letters import ORDER, PARTITIONS, Letters

pytestmark = pytest.mark.kafka

DISMISSAL = orjson.dumps({"event_id": "e2", "reason": "not_interested", "product_id": "mug"})
NO_JSON = b'{"event_id": \xff'


@pytest.fixture
def letters(settings: Settings) -> Letters:
    create(settings, plan(settings, PARTITIONS, 1))
    return Letters(settings)


# --- list ----------------------------------------------------------------------------------------


def test_the_list_says_of_each_letter_what_was_wrong_and_where_it_was_found(
    letters: Letters,
) -> None:
    letter_id = letters.put(written=NOW)
    result = letters.run("list")
    assert result.exit_code == 0
    header, row, total = result.stdout.splitlines()
    columns = ["Written", "Letter", "Topic", "Partition", "Offset", "Code", "Detail"]
    assert header.split() == columns
    topic = letters.settings.topic("purchases")
    found = [iso(NOW), letter_id, topic, "1", "101", "wrong_type"]
    assert row.split()[:6] == found
    assert row.rstrip().endswith("ts: expected an integer, got a string")
    assert total == "Dead letters: 1, wrong_type 1"


def test_the_list_is_sorted_by_time_and_its_limit_keeps_the_newest(letters: Letters) -> None:
    letter_ids = [
        letters.put(partition=number % 2, written=NOW + 1_000 * minute)
        for number, minute in enumerate((5, 2, 9, 1))
    ]
    shown = json_lines(letters.run("list", "--json", "--limit", 3).stdout)
    assert [letter["letter"] for letter in shown] == [letter_ids[1], letter_ids[0], letter_ids[2]]


def test_the_totals_count_all_that_are_meant_and_not_only_those_that_are_shown(
    letters: Letters,
) -> None:
    for error in ("not_json", "not_json", "too_large"):
        letters.put(error=error)
    result = letters.run("list", "--limit", 1)
    total = "Dead letters: 3, not_json 2, too_large 1 (the newest 1 are shown)"
    assert result.stdout.splitlines()[-1] == total


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (("--error", "not_json"), 1),
        (("--error", "not_json", "--error", "wrong_type"), 3),
        (("--topic", "dismissals"), 1),
        (("--topic", "dismissals", "--error", "not_json"), 0),
        (("--since", "1h"), 2),
        (("--since", iso(NOW)), 3),
        (("--since", "2100-01-01"), 0),
    ],
    ids=str,
)
def test_the_list_can_be_narrowed(letters: Letters, option: tuple[str, ...], expected: int) -> None:
    letters.put(written=NOW)
    letters.put("dismissals")
    letters.put(error="not_json")
    assert len(json_lines(letters.run("list", "--json", *option).stdout)) == expected


def test_keys_are_shown_to_those_who_ask_for_them_alone(letters: Letters) -> None:
    detail = 'user_id: expected the record\'s key, "ann", got "bob"'
    letters.put(error="key_mismatch", detail=detail)
    for form in ((), ("--json",)):
        without, asked = letters.run("list", *form), letters.run("list", "--keys", *form)
        assert "ann" not in without.stdout
        assert "bob" not in without.stdout
        assert "ann" in asked.stdout
        assert "bob" in asked.stdout


def test_records_that_are_no_dead_letters_are_counted_apart(letters: Letters) -> None:
    producer = Producer({"bootstrap.servers": letters.settings.kafka.brokers})
    producer.produce(letters.settings.topic("dead-letters"), b"{}", partition=0)
    assert producer.flush(60) == 0
    lines = letters.run("list").stdout.splitlines()
    assert lines[0] == "No dead letters."
    assert lines[1].startswith("Records that no worker wrote there")
    assert lines[1].endswith(": 1")


def test_where_there_is_no_topic_it_says_which_command_creates_it(settings: Settings) -> None:
    result = Letters(settings).run("list")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{settings.topic('dead-letters')}: there is no such topic")
    assert "unhaunt topics apply" in result.stderr


# --- show ----------------------------------------------------------------------------------------


def test_a_letter_is_shown_with_its_key_its_own_headers_and_its_value(letters: Letters) -> None:
    letters.put()
    letter_id = letters.put(headers=(("trace", b"t-1"), ("flags", b"\xff")))
    shown = letters.run("show", letter_id).stdout
    assert f"Letter     {letter_id}\n" in shown
    assert "Error      wrong_type\n" in shown
    assert f"Found in   {letters.settings.topic('purchases')}, partition 1, offset 102\n" in shown
    assert f"Timestamp  {NOW} ({iso(NOW)})\n" in shown
    assert "Key        ann\n" in shown
    assert "Header     trace: t-1\nHeader     flags: b'\\xff'\n" in shown
    assert shown.endswith(f"Value      {len(ORDER)} bytes\n{ORDER.decode()}\n")


def test_what_is_no_text_is_shown_so_that_each_byte_can_be_told(letters: Letters) -> None:
    shown = letters.run("show", letters.put(value=NO_JSON + b"\x1b[2J", key=None)).stdout
    assert "Key        none\n" in shown
    assert shown.endswith("b'{\"event_id\": \\xff\\x1b[2J'\n")


def test_raw_writes_the_bytes_of_the_value_and_nothing_else(letters: Letters) -> None:
    value = NO_JSON + bytes(range(256))
    result = letters.run("show", letters.put(value=value), "--raw")
    assert result.stdout_bytes == value


@pytest.mark.parametrize("letter_id", ["1/7", "9/0"])
def test_where_no_letter_lies_it_says_so(letters: Letters, letter_id: str) -> None:
    letters.put()
    result = letters.run("show", letter_id)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{letter_id}: no dead letter lies there.")


# --- replay --------------------------------------------------------------------------------------


def test_a_replayed_record_is_what_had_been_found_without_what_was_said_of_it(
    letters: Letters,
) -> None:
    letters.put(headers=(("trace", b"t-1"),))
    result = letters.run("replay", "--yes")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "Replayed: 1"
    [record] = letters.replayed()
    assert (record.partition(), record.key(), record.value()) == (1, b"ann", ORDER)
    assert record.timestamp()[1] == NOW
    assert record.headers() == [("trace", b"t-1")]


def test_what_was_replayed_is_not_sent_again_but_what_came_since_is(letters: Letters) -> None:
    letters.put()
    letters.run("replay", "--yes")
    letters.put(partition=0)
    result = letters.run("replay", "--yes")
    assert "Left where they are, replayed before: 1\n" in result.stdout
    assert len(letters.replayed()) == 2


def test_a_record_that_was_buried_twice_is_replayed_once(letters: Letters) -> None:
    letters.put(offset=5)
    letters.put(offset=5)
    letters.run("replay", "--yes")
    assert len(letters.replayed()) == 1


def test_what_was_left_out_of_one_replay_is_sent_by_the_next(letters: Letters) -> None:
    letters.put(error="not_json")
    letters.put(error="wrong_type")
    letters.run("replay", "--yes", "--error", "wrong_type")
    assert len(letters.replayed()) == 1
    letters.run("replay", "--yes")
    assert len(letters.replayed()) == 2


def test_what_the_decoders_still_refuse_is_left_where_it_is(letters: Letters) -> None:
    letters.put(value=NO_JSON)
    letters.put("dismissals", DISMISSAL)
    result = letters.run("replay", "--yes")
    assert "Left where they are, still invalid: 1\n" in result.stdout
    assert letters.replayed() == []
    assert len(letters.replayed("dismissals")) == 1


def test_a_record_of_the_catalog_goes_back_only_when_it_is_asked_for(letters: Letters) -> None:
    letters.put("catalog", b'{"brand": "acme"}', key=b"tv")
    assert "only with --topic catalog: 1\n" in letters.run("replay", "--yes").stdout
    assert letters.replayed("catalog") == []
    letters.run("replay", "--yes", "--topic", "catalog")
    assert len(letters.replayed("catalog")) == 1


def test_a_letter_of_another_deployment_is_left_where_it_is(letters: Letters) -> None:
    letters.put("decisions")
    result = letters.run("replay", "--yes")
    assert "Left where they are, of no input topic of this deployment: 1\n" in result.stdout


def test_a_dry_run_shows_what_would_be_replayed_and_replays_nothing(letters: Letters) -> None:
    letter_id = letters.put()
    result = letters.run("replay", "--dry-run")
    assert result.exit_code == 0
    assert letter_id in result.stdout
    assert result.stdout.splitlines()[-1] == "Fit to be replayed: 1"
    assert letters.replayed() == []


def test_without_anybody_to_ask_nothing_is_replayed(letters: Letters) -> None:
    letters.put()
    result = run_process("dead-letters", "replay", **letters.environment)
    assert result.returncode == 2
    assert result.stderr.startswith("Nothing was replayed: nobody is there to ask. --yes")
    assert len(result.stderr.splitlines()) == 1
    assert letters.replayed() == []


def test_a_worker_joins_what_was_replayed(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(PARTITIONS)
    letters = Letters(deployment.settings)
    letters.put()
    with deployment.worker() as worker:
        letters.run("replay", "--yes")
        deployment.wait_until(lambda: "ann" in deployment.lists(), "ann's list", worker)
    [entry] = deployment.lists()["ann"]["entries"]
    assert (entry["reason"], entry["because"]) == ("purchased", ["e1"])
