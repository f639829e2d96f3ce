"""`unhaunt formats check`."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.command_line import run, words, write_recording

SEGMENT = {"UNHAUNT_FORMATS": "purchases=segment"}


def order(number: int, *products: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"m{number}",
        "properties": {"order_id": f"o{number}", "products": list(products), **properties},
    }


RIGHT = order(1, {"product_id": "lamp-4", "price": 75})
DEAR = order(2, {"product_id": "sofa-3", "price": "1.249,50"})
WRAPPED = order(3, {"product_id": "lamp-4", "price": "1,299.00"}, {"name": "Gift wrap"})
UNPLACED = order(4, {"name": "Gift wrap"})
PAGE = {"type": "page", "name": "Kitchen", "messageId": "m5", "anonymousId": "ann"}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    values = (RIGHT, DEAR, WRAPPED, PAGE, UNPLACED)
    lines = [("purchases", "ann", value) for value in values]
    return write_recording(
        tmp_path / "recording.jsonl", ("catalog", "lamp-4", {"brand": "Lumen"}), *lines
    )


def test_each_format_is_shown_with_what_became_of_its_records(recording: Path) -> None:
    shown = words(run("formats", "check", recording, **SEGMENT).stdout)
    assert "segment: 5 records: 3 used (purchases 3), 1 ignored, 1 buried" in shown
    assert "Ignored: Kitchen (1)" in shown


def test_what_is_most_frequent_comes_first_with_an_example(recording: Path) -> None:
    lines = run("formats", "check", recording, **SEGMENT).stdout.splitlines()
    rows = [words(line) for line in lines if "record " in line]
    assert rows[0] == (
        "2 corrected properties.products.price record 3: properties.products[0].price: "
        'got "1.249,50", read as 1249.5'
    )
    assert len(rows) == 3


def test_a_dead_letter_is_shown_with_its_code_and_fails_the_check(recording: Path) -> None:
    result = run("formats", "check", recording, **SEGMENT)
    assert result.exit_code == 1
    assert "buried: missing_field" in words(result.stdout)
    assert "1 of 5 records would go to the dead letters." in result.stderr


def test_a_statement_about_an_id_that_the_policy_blocks_is_one_as_it_is_for_a_worker(
    tmp_path: Path,
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[identity]\nblocked = ["shop"]\n')
    recording = write_recording(
        tmp_path / "recording.jsonl",
        *(
            (
                "identities",
                "b7e0",
                {**PAGE, "type": "identify", "anonymousId": "b7e0", "userId": hub},
            )
            for hub in ("shop", "ann")
        ),
    )
    formats = {"UNHAUNT_FORMATS": "identities=segment", "UNHAUNT_POLICY": str(policy)}
    result = run("formats", "check", recording, **formats)
    assert "1 used (identities 1), 0 ignored, 1 buried" in words(result.stdout)
    assert 'person_id: expected the id of one person, got "shop", a blocked one' in words(
        result.stdout
    )


def test_what_is_left_out_or_corrected_does_not_fail_the_check(tmp_path: Path) -> None:
    lines = [("purchases", "ann", value) for value in (RIGHT, DEAR, WRAPPED)]
    result = run("formats", "check", write_recording(tmp_path / "r.jsonl", *lines), **SEGMENT)
    assert (result.exit_code, result.stderr) == (0, "")


def test_json_has_the_same(recording: Path) -> None:
    result = run("formats", "check", recording, "--json", **SEGMENT)
    made = orjson.loads(result.stdout)["segment"]
    counts = {name: made[name] for name in ("records", "used", "ignored", "buried")}
    assert counts == {"records": 5, "used": 3, "ignored": 1, "buried": 1}
    assert made["events"] == {"purchases": 3}
    assert made["ignored_events"] == {"Kitchen": 1}
    buried = {
        "record": 6,
        "note": "properties.products[0].product_id: expected a string, got nothing",
    }
    assert made["problems"][1:] == [
        {
            "field": "properties.products.product_id",
            "kind": "buried",
            "code": "missing_field",
            "count": 1,
            "examples": [buried],
        },
        {
            "field": "properties.products.product_id",
            "kind": "left_out",
            "count": 1,
            "examples": [
                {
                    "record": 4,
                    "note": "properties.products[1].product_id: got nothing, left out",
                }
            ],
        },
    ]


def test_auto_counts_each_record_for_the_format_that_it_has(tmp_path: Path) -> None:
    own = {"event_id": "e1", "event": "order_cancelled", "order_id": "o9"}
    lines = [("purchases", "ann", RIGHT), ("purchases", "ann", own)]
    recording = write_recording(tmp_path / "r.jsonl", *lines)
    result = run("formats", "check", recording, "--json", UNHAUNT_FORMATS="purchases=auto")
    assert {name: each["used"] for name, each in orjson.loads(result.stdout).items()} == {
        "segment": 1,
        "unhaunt": 1,
    }


def test_without_a_format_all_is_read_as_our_own_and_that_is_said(recording: Path) -> None:
    result = run("formats", "check", recording)
    assert result.exit_code == 1
    assert "UNHAUNT_FORMATS names no topic" in result.stderr
    assert "unhaunt: 5 records: 0 used, 0 ignored, 5 buried" in words(result.stdout)


def test_a_recording_without_an_input_is_a_mistake(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "r.jsonl", ("catalog", "lamp-4", {"brand": "Lumen"}))
    result = run("formats", "check", recording, **SEGMENT)
    assert result.exit_code == 2
    assert "no record of an input topic" in result.stderr


def test_what_turns_a_terminal_is_escaped(tmp_path: Path) -> None:
    turning = order(1, {"product_id": "lamp-4", "price": "\u202e\u009b31m"})
    recording = write_recording(tmp_path / "r.jsonl", ("purchases", "ann", turning))
    shown = run("formats", "check", recording, **SEGMENT).stdout
    assert "\u202e" not in shown
    assert "\u009b" not in shown
