"""Bid requests that people have in files."""

from pathlib import Path
from typing import Any

from tests.bid_requests import simple
from tests.builders import NOW
from tests.importing import imported, lines, values


def bids(folder: Path, *requests: dict[str, Any], **options: Any) -> Any:
    return imported(folder, lines(*requests), kind="openrtb", time="ext.at", **options)


def test_a_bid_request_becomes_a_request_for_each_impression(tmp_path: Path) -> None:
    first = simple()["imp"][0]
    bid = simple(imp=[first, {**first, "id": "2"}], ext={"at": NOW})
    records, _ = bids(tmp_path, bid)
    assert {(r.topic, r.key, r.timestamp) for r in records} == {
        ("impression-requests", b"ann", NOW)
    }
    assert [each["request_id"] for each in values(records)] == ["a1/1", "a1/2"]
    assert values(records)[0]["candidates"] == [{"product_id": "mug"}]


def test_bid_requests_of_nobody_and_impressions_without_candidates_are_counted(
    tmp_path: Path,
) -> None:
    bare = {"id": "2", "banner": {}}
    records, summary = bids(
        tmp_path,
        simple(ext={"at": NOW}, imp=[simple()["imp"][0], bare]),
        simple(ext={"at": NOW}, user={}),
    )
    assert len(records) == 1
    assert summary.skipped == {
        "impressions without candidates": 1,
        "bid requests that name nobody": 1,
    }


def test_candidates_may_be_given_for_impressions_that_bring_none(tmp_path: Path) -> None:
    bare = simple(ext={"at": NOW}, imp=[{"id": "1"}])
    records, _ = bids(tmp_path, bare, candidates=[{"product_id": "tv"}])
    assert values(records)[0]["candidates"] == [{"product_id": "tv"}]


def test_a_bid_request_may_name_the_person_elsewhere(tmp_path: Path) -> None:
    bid = simple(ext={"at": NOW}, user={"eids": [{"uids": [{"id": "x1"}]}]})
    [record], _ = bids(tmp_path, bid, key="user.eids.0.uids.0.id")
    assert (record.key, values([record])[0]["user_id"]) == (b"x1", "x1")


def test_denials_of_consent_which_a_recording_cannot_hold_are_counted(tmp_path: Path) -> None:
    denied = simple(ext={"at": NOW}, regs={"coppa": 1})
    _, summary = bids(tmp_path, denied)
    assert summary.skipped == {"denials of consent, which hold for one bid request": 1}
