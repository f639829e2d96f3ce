"""OpenRTB: a bid request in, requests of SPEC 2; decisions and what is suppressed written back."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from schemas import generate
from schemas.asked import MOST_IDS
from schemas.decoding import InvalidRecord
from schemas.openrtb.answer import answered
from schemas.openrtb.bid_request import NOBODY, USER_IDS, BidRequest, read_bid_request
from schemas.outputs import Decision, ListEntry
from streams.recording.sources import open_source
from tests.bid_requests import bid, decide, simple
from tests.builders import NOW, as_json
from tests.recorded_data import recorded_data

EXAMPLES = Path(generate.__file__).parent / "examples" / "openrtb"


def outcome(shown: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The requests in an example's bid request, and the answer to it."""
    read = read_bid_request(
        shown["request"], shown["ts"], shown.get("persons", USER_IDS), shown.get("candidates", ())
    )
    assert read.user_ids == shown.get("ids", [read.user_id])
    entries, denial = shown["entries"], read.denial()
    if denial is not None:
        entries = [*entries, as_json(denial)]
    decisions = {imp: decide(request, entries) for imp, request in read.requests.items()}
    requests = msgspec.to_builtins(list(read.requests.values()))
    return without_nulls(requests), answer(read, decisions, shown["entries"])


def answer(
    read: BidRequest, decisions: dict[str, Any], entries: list[dict[str, Any]]
) -> dict[str, Any]:
    """The answer by decisions and entries as their JSON reads."""
    typed = msgspec.convert(decisions, dict[str, Decision])
    return answered(read, typed, msgspec.convert(entries, list[ListEntry]))


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.stem)
def test_an_example_is_read_and_answered_as_shown(path: Path) -> None:
    shown = orjson.loads(path.read_bytes())
    requests, answer = outcome(shown)
    assert requests == shown["becomes"]
    assert orjson.loads(orjson.dumps(answer)) == shown["answer"]


# --- the request ---------------------------------------------------------------------------------


def test_each_impression_is_a_request_of_its_own() -> None:
    imps = [
        {"id": "1", "banner": {}},
        {"id": "2", "video": {}},
        {"id": "3", "native": {}},
        {"id": "4", "audio": {}},
    ]
    read = read_bid_request(simple(imp=imps), NOW, candidates=[{"product_id": "mug"}])
    assert {imp: request.channel for imp, request in read.requests.items()} == {
        "1": "display",
        "2": "video",
        "3": "native",
        "4": "display",
    }
    assert [request.request_id for request in read.requests.values()] == [
        "a1/1",
        "a1/2",
        "a1/3",
        "a1/4",
    ]


@pytest.mark.parametrize(
    ("persons", "expected"),
    [
        (USER_IDS, ["x", "b"]),
        (("user.buyeruid", "user.id"), ["b", "x"]),
        (("device.ifa",), ["i"]),
        (("id.example",), ["e26", "x"]),
        (("id5.example",), ["e25", "e24"]),
        (("unknown.example", "user.id"), ["x"]),
        (("unknown.example",), [NOBODY]),
        (("id.example", "user.id", "id5.example"), ["e26", "x", "e25", "e24"]),
    ],
)
def test_all_ids_count_that_are_named_where_it_was_chosen_each_once_and_in_that_order(
    persons: tuple[str, ...], expected: list[str]
) -> None:
    fields = simple(
        user={
            "id": "x",
            "buyeruid": "b",
            "eids": [
                {"source": "id.example", "uids": [{"id": "e26"}, {"id": "x"}, {"id": ""}]},
                {"source": "id5.example", "uids": [{"id": "e25"}, {"atype": 1}]},
            ],
            "ext": {"eids": [{"source": "id5.example", "uids": [{"id": "e24"}, {"id": "e25"}]}]},
        },
        device={"ifa": "i"},
    )
    read = read_bid_request(fields, NOW, persons)
    assert read.user_ids == expected
    assert read.requests["1"].user_id == expected[0]


def test_a_bid_request_names_a_person_by_only_so_many_ids() -> None:
    uids = [{"id": str(number)} for number in range(MOST_IDS + 1)]
    user = {"eids": [{"source": "id.example", "uids": uids}]}
    assert len(read_bid_request(simple(user=user), NOW).user_ids) == 1
    with pytest.raises(InvalidRecord, match="too_large: user: expected at most 20 ids of the"):
        read_bid_request(simple(user=user), NOW, ["id.example"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"site": {"domain": "a.example", "page": "https://b.example/"}}, "a.example"),
        ({"site": {"page": "https://b.example:8080/x?y"}}, "b.example"),
        ({"site": {"page": "http://[broken"}}, None),
        ({"app": {"bundle": "com.example.app", "domain": "c.example"}}, "com.example.app"),
        ({}, None),
    ],
    ids=repr,
)
def test_the_site_is_its_domain_or_an_apps_bundle(
    fields: dict[str, Any], expected: str | None
) -> None:
    assert bid(**fields).requests["1"].site == expected


def test_the_advertisers_own_site_is_said_in_the_extension() -> None:
    assert bid(ext={"unhaunt": {"own_site": True}}).requests["1"].own_site


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"id": None}, "id: expected a string, got nothing"),
        ({"imp": []}, "imp: expected an array of at least one, got nothing"),
        ({"imp": [{"banner": {}}]}, "imp[0].id: expected a string, got nothing"),
        (
            {"imp": [{"id": "1"}, {"id": 1}]},
            'imp[1].id: expected each once, got "1" again',
        ),
        (
            {"imp": [{"id": "1", "ext": {"unhaunt": {"candidates": [{"price": 1}]}}}]},
            "imp[0].ext.unhaunt.candidates[0].product_id: expected a string, got nothing",
        ),
        (
            {"imp": [{"id": "1", "ext": {"unhaunt": {"candidates": "mug"}}}]},
            "imp[0].ext.unhaunt.candidates: expected an array, got a string",
        ),
        ({"user": "ann"}, "user: expected an object, got a string"),
        ({"device": {"lmt": "yes"}}, "device.lmt: expected a number, got a string"),
    ],
    ids=repr,
)
def test_what_is_no_bid_request_is_refused_with_the_fields_path(
    fields: dict[str, Any], detail: str
) -> None:
    with pytest.raises(InvalidRecord) as refused:
        bid(**fields)
    assert refused.value.detail == detail


# --- the answer ----------------------------------------------------------------------------------


def entry(scope: str, value: str, **times: Any) -> dict[str, Any]:
    defaults = {"reason": "block_category", "since": NOW - 1, "until": None, "because": ["e1"]}
    return {"scope": scope, "value": value, **defaults, **times}


@pytest.mark.parametrize(
    ("fields", "entries", "expected"),
    [
        ({}, [entry("category", "IAB7-39")], {"bcat": ["IAB7-39"]}),
        ({"cattax": 1}, [entry("category", "IAB7")], {"bcat": ["IAB7"]}),
        ({"cattax": 1}, [entry("category", "223")], {}),
        ({"cattax": 6}, [entry("category", "223")], {"bcat": ["223"]}),
        ({"cattax": 6}, [entry("category", "IAB7")], {}),
        ({}, [entry("category", "Electronics.TV")], {}),
        ({}, [entry("advertiser", "lumen.example")], {"badv": ["lumen.example"]}),
        ({}, [entry("advertiser", "4711")], {}),
        ({}, [entry("brand", "lumen.example"), entry("group", "IAB7")], {}),
        ({"bcat": ["IAB26"]}, [entry("category", "IAB7")], {"bcat": ["IAB26", "IAB7"]}),
        ({"bcat": ["IAB7"]}, [entry("category", "IAB7")], {"bcat": ["IAB7"]}),
        ({}, [entry("category", "IAB7", until=NOW)], {}),
        ({}, [entry("category", "IAB7", since=NOW + 1)], {}),
    ],
    ids=repr,
)
def test_categories_and_advertisers_are_blocked_where_they_are_named_alike(
    fields: dict[str, Any], entries: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    answer_to = answer(bid(**fields), {}, entries)
    assert {name: answer_to[name] for name in ("bcat", "badv") if name in answer_to} == expected


def test_what_the_request_held_stays_and_is_not_changed_itself() -> None:
    fields = simple(ext={"prebid": {"debug": True}}, regs={"coppa": 1})
    before = deepcopy(fields)
    read = read_bid_request(fields, NOW)
    decision = decide(read.requests["1"], [])
    answer_to = answer(read, {"1": decision}, [entry("all", "*", reason="opt_out_all")])
    assert fields == before
    assert answer_to["ext"] == {
        "prebid": {"debug": True},
        "unhaunt": {"denied": ["regs.coppa"], "all": "opt_out_all"},
    }
    [imp] = answer_to["imp"]
    assert imp["banner"] == before["imp"][0]["banner"]
    assert imp["ext"]["unhaunt"]["candidates"] == [{"product_id": "mug"}]
    assert imp["ext"]["unhaunt"]["decision"]["allowed"] == ["mug"]


@pytest.mark.data
def test_datacratics_auctions_are_read_once_they_are_named_as_openrtb_names_them() -> None:
    read = 0
    with open_source(recorded_data("datacratic_auctions.jsonl.xz"), (".jsonl",)) as lines:
        for _, line in zip(range(500), lines, strict=False):
            auction = orjson.loads(line)
            user = (auction.get("userIds") or {}).get("xchg")
            fields = {
                "id": auction["id"],
                "site": {"page": auction.get("url")},
                "user": {"id": user},
                "imp": [{"id": spot["id"], "banner": {}} for spot in auction["spots"]],
            }
            asked = read_bid_request(
                fields, round(auction["timestamp"] * 1000), candidates=[{"product_id": "mug"}]
            )
            assert asked.user_ids == [user or NOBODY]
            assert len(asked.requests) == len(auction["spots"])
            read += 1
    assert read == 500


def test_an_impression_that_is_named_by_a_number_has_its_decision() -> None:
    [imp] = simple()["imp"]
    read = read_bid_request(simple(imp=[imp | {"id": 7.0}]), NOW)
    decisions = {"7": decide(read.requests["7"], [])}
    [answered_imp] = answer(read, decisions, [])["imp"]
    assert answered_imp["ext"]["unhaunt"]["decision"]["allowed"] == ["mug"]
