"""`unhaunt catalog check`."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.recording.backtest import Backtest
from streams.recording.files import read
from streams.suppression.policy import Policy
from tests.command_line import json_lines, run, words, write_recording


def order(*product_ids: str) -> dict[str, Any]:
    products = [{"product_id": product_id} for product_id in product_ids]
    return {"event_id": "e1", "event": "order_completed", "order_id": "o1", "products": products}


ASKED = {"request_id": "r1", "candidates": [{"product_id": "1953"}]}
CATALOG = (
    ("catalog", "1953", {"brand": "acme", "season": 24, "aliases": ["jacket-m"]}),
    ("catalog", "1954", {}),
    ("catalog", "1954", {"brand": "zenith"}),
)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(
        tmp_path / "recording.jsonl",
        ("purchases", "ann", order("wc_post_id_1953", "wc_post_id_1954", "jacket-m", "gift-card")),
        *CATALOG,
        ("impression-requests", "ann", ASKED),
    )


def test_it_says_how_many_ids_are_unknown_and_which_and_what_they_look_like(
    recording: Path,
) -> None:
    shown = words(run("catalog", "check", recording).stdout)
    assert "purchases: 4 ids, 3 not in the catalog (75.0 %), 1 by an alias" in shown
    assert "Most often: gift-card (1), wc_post_id_1953 (1), wc_post_id_1954 (1)" in shown
    assert "They look like this: beginning with wc_post_id_ (2)" in shown
    assert "impression-requests: 1 id, 0 not in the catalog (0.0 %)" in shown


def test_it_shows_what_they_may_be(recording: Path) -> None:
    shown = words(run("catalog", "check", recording).stdout)
    assert "1 wc_post_id_1953 1953 without the prefix wc_post_id_" in shown


def test_unknown_ids_fail_the_check_unless_they_are_allowed(recording: Path) -> None:
    failed = run("catalog", "check", recording)
    assert failed.exit_code == 1
    assert "The catalog does not know 75.0 % of the ids in purchases." in failed.stderr
    assert run("catalog", "check", recording, "--allow", 75).exit_code == 0
    assert run("catalog", "check", recording, "--allow", 74.9).exit_code == 1


def test_proposals_say_all_that_the_catalog_did(recording: Path, tmp_path: Path) -> None:
    proposals = tmp_path / "aliases.jsonl"
    run("catalog", "check", recording, "--proposals", proposals)
    made = json_lines(proposals.read_text())
    assert [(each["topic"], each["key"], each["value"]) for each in made] == [
        (
            "catalog",
            "1953",
            {"brand": "acme", "season": 24, "aliases": ["jacket-m", "wc_post_id_1953"]},
        ),
        ("catalog", "1954", {"brand": "zenith", "aliases": ["wc_post_id_1954"]}),
    ]


def test_with_what_was_proposed_the_purchase_stops_the_ad(recording: Path, tmp_path: Path) -> None:
    proposals = tmp_path / "aliases.jsonl"
    run("catalog", "check", recording, "--proposals", proposals)
    [before] = Backtest(Policy.default()).run(read([recording]))
    [after] = Backtest(Policy.default()).run(read([recording, proposals]))
    assert before.suppressed[0].because == ("e1",)  # by the alias that was there
    assert after.suppressed[0].product_id == "1953"
    again = run("catalog", "check", recording, proposals, "--allow", 25)
    assert again.exit_code == 0
    assert "purchases: 4 ids, 1 not in the catalog (25.0 %), 3 by an alias" in words(again.stdout)


def test_proposals_may_go_to_standard_output_alone(recording: Path) -> None:
    result = run("catalog", "check", recording, "--proposals", "-")
    assert [each["key"] for each in json_lines(result.stdout)] == ["1953", "1954"]


def test_json_has_the_same(recording: Path) -> None:
    made = orjson.loads(run("catalog", "check", recording, "--json").stdout)
    assert made["products"] == 2
    assert [topic["unknown"] for topic in made["topics"]] == [3, 0]
    assert made["proposals"][0] == {
        "alias": "wc_post_id_1953",
        "times": 1,
        "product_id": "1953",
        "prefix": "wc_post_id_",
        "is_shorter": False,
        "why": "without the prefix wc_post_id_",
    }


def test_events_are_read_in_their_format(tmp_path: Path) -> None:
    value = {
        "type": "track", "event": "Order Completed", "messageId": "m1",
        "properties": {"order_id": "o1", "products": [{"product_id": "WC_1953"}]},
    }  # fmt: skip
    recording = write_recording(tmp_path / "r.jsonl", *CATALOG, ("purchases", "ann", value))
    shown = run("catalog", "check", recording, UNHAUNT_FORMATS="purchases=segment").stdout
    assert "Most often: WC_1953 (1)" in words(shown)


def test_what_breaks_the_contract_is_passed_over(tmp_path: Path) -> None:
    recording = write_recording(
        tmp_path / "r.jsonl",
        ("catalog", "1953", {"aliases": "x"}),
        *CATALOG,
        ("purchases", "ann", {"event": 1}),
        ("purchases", "ann", order("1953")),
    )
    result = run("catalog", "check", recording)
    assert result.exit_code == 0
    assert result.stdout.strip() == "purchases: 1 id, 0 not in the catalog (0.0 %)"


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([("purchases", "ann", order("tv"))], "There is no product in the catalog"),
        ([*CATALOG, ("preferences", "ann", {"event_id": "e"})], "no event that names a product"),
    ],
)
def test_what_cannot_be_checked_is_a_mistake(
    tmp_path: Path, records: list[Any], message: str
) -> None:
    result = run("catalog", "check", write_recording(tmp_path / "r.jsonl", *records))
    assert result.exit_code == 2
    assert message in result.stderr
