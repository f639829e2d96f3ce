"""OpenRTB: a bid request in, requests of SPEC 2; decisions and what is suppressed written back."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from schemas import generate
from schemas.decoding import InvalidRecord
from schemas.openrtb.answer import answered
from schemas.openrtb.bid_request import NOBODY, USER_IDS, BidRequest, read_bid_request
from schemas.openrtb.bits import SIX_BITS
from schemas.openrtb.consent import Consent
from schemas.openrtb.gpp import sections_of
from schemas.outputs import Decision, ListEntry
from schemas.records import Product, Request
from streams.recording.sources import open_source
from streams.suppression.policy import Policy
from tests.builders import NOW, as_json
from tests.property.decider import decide_from_list
from tests.recorded_data import recorded_data

EXAMPLES = Path(generate.__file__).parent / "examples" / "openrtb"
POLICY = Policy.default()
CHARACTERS = {bits: character for character, bits in SIX_BITS.items()}


def simple(**fields: Any) -> dict[str, Any]:
    """A bid request for one banner with one candidate."""
    imp = {"id": "1", "banner": {"w": 320, "h": 50}}
    imp["ext"] = {"unhaunt": {"candidates": [{"product_id": "mug"}]}}
    return {"id": "a1", "imp": [imp], "user": {"id": "ann"}, **fields}


def bid(**fields: Any) -> BidRequest:
    return read_bid_request(simple(**fields), NOW)


def decide(request: Request, entries: list[dict[str, Any]]) -> dict[str, Any]:
    products: Any = _Unknown()
    return decide_from_list(request, {"entries": entries, "granted": []}, POLICY, products)


class _Unknown(dict[str, Product]):
    def __missing__(self, product_id: str) -> Product:
        return Product()

    def get(self, product_id: str, default: Any = None) -> Any:
        return default or Product()


def outcome(shown: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The requests in an example's bid request, and the answer to it."""
    read = read_bid_request(
        shown["request"], shown["ts"], shown.get("persons", USER_IDS), shown.get("candidates", ())
    )
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
        (USER_IDS, "x"),
        (("user.buyeruid", "user.id"), "b"),
        (("device.ifa",), "i"),
        (("id.example",), "e26"),
        (("id5.example",), "e25"),
        (("unknown.example", "user.id"), "x"),
        (("unknown.example",), NOBODY),
    ],
)
def test_the_person_is_named_where_it_was_chosen(persons: tuple[str, ...], expected: str) -> None:
    fields = simple(
        user={
            "id": "x",
            "buyeruid": "b",
            "eids": [{"source": "id.example", "uids": [{"id": "e26"}]}],
            "ext": {"eids": [{"source": "id5.example", "uids": [{"id": "e25"}]}]},
        },
        device={"ifa": "i"},
    )
    read = read_bid_request(fields, NOW, persons)
    assert (read.user_id, read.requests["1"].user_id) == (expected, expected)


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


# --- consent -------------------------------------------------------------------------------------


def string_of(bits: str) -> str:
    bits += "0" * (-len(bits) % 6)
    return "".join(CHARACTERS[bits[at : at + 6]] for at in range(0, len(bits), 6))


def tcf(*purposes: int, version: int = 2) -> str:
    """A TCF string with consent to these purposes."""
    agreed = "".join("1" if purpose in purposes else "0" for purpose in range(1, 25))
    return string_of(f"{version:06b}{'0' * 146}{agreed}{'0' * 40}") + ".YAAA"


def us_section(at: int, value: int = 1) -> str:
    """A section of the US with one opt-out, two bits wide, at a place."""
    return string_of(f"{1:06b}{'0' * (at - 6)}{value:02b}{'0' * 40}")


def gpp(sections: dict[int, str]) -> str:
    """A GPP string; the ids as the specification's examples have them, one by one."""
    bits, last = f"{3:06b}{1:06b}{len(sections):012b}", 0
    for section in sections:
        bits += "0" + fibonacci(section - last)
        last = section
    return "~".join([string_of(bits), *sections.values()])


def fibonacci(number: int) -> str:
    values = [1, 2, 3, 5, 8, 13, 21]
    code = ""
    for value in reversed(values):
        if value <= number:
            number -= value
            code = "1" + code
        elif code:
            code = "0" + code
    return code + "1"


@pytest.mark.parametrize(
    ("fields", "denied"),
    [
        ({"regs": {"coppa": 1}}, "regs.coppa"),
        ({"device": {"lmt": 1}}, "device.lmt"),
        ({"device": {"dnt": 1}}, "device.dnt"),
        ({"regs": {"gpc": 1}}, "regs.gpc"),
        ({"regs": {"ext": {"gpc": "1"}}}, "regs.ext.gpc"),
        ({"regs": {"us_privacy": "1YYN"}}, "regs.us_privacy"),
        ({"regs": {"ext": {"us_privacy": "1NYN"}}}, "regs.us_privacy"),
        ({"regs": {"gdpr": 1}}, "user.consent"),
        ({"regs": {"gdpr": 1}, "user": {"consent": "nonsense"}}, "user.consent"),
        ({"regs": {"gdpr": 1}, "user": {"consent": tcf(1, 2, 3, 5)}}, "user.consent"),
        ({"regs": {"gdpr": 1}, "user": {"consent": tcf(4)}}, "user.consent"),
        ({"regs": {"gdpr": 1}, "user": {"consent": tcf(3, 4, version=1)}}, "user.consent"),
        ({"regs": {"ext": {"gdpr": 1}}, "user": {"ext": {"consent": tcf(1)}}}, "user.consent"),
        ({"regs": {"gpp": gpp({2: tcf(1)}), "gpp_sid": [2]}}, "regs.gpp#2"),
        ({"regs": {"gpp": gpp({6: "1YYN"}), "gpp_sid": [6]}}, "regs.gpp#6"),
        ({"regs": {"gpp": gpp({7: us_section(18)}), "gpp_sid": [7]}}, "regs.gpp#7"),
        ({"regs": {"gpp": gpp({7: us_section(22)}), "gpp_sid": [7]}}, "regs.gpp#7"),
        ({"regs": {"gpp": gpp({8: us_section(14)})}}, "regs.gpp#8"),
        ({"regs": {"gpp": gpp({2: tcf(3, 4), 11: us_section(16)})}}, "regs.gpp#11"),
        ({"regs": {"gpp": gpp({9: us_section(12, 2) + ".YA"})}}, "regs.gpp#9"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_denies_personalised_ads_is_named(fields: dict[str, Any], denied: str) -> None:
    read = bid(**fields)
    assert read.consent == Consent(denied=(denied,))
    denial = read.denial()
    assert denial is not None
    assert denial.because == (denied,)
    [answer] = decide(read.requests["1"], [as_json(denial)])["suppressed"]
    assert answer["reason"] == "no_consent"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"regs": {"coppa": 0, "gdpr": 0}, "device": {"lmt": 0, "dnt": 0}},
        {"regs": {"gdpr": 0}, "user": {"id": "ann", "consent": "nonsense"}},
        {"regs": {"gdpr": 1}, "user": {"id": "ann", "consent": tcf(1, 3, 4)}},
        {"regs": {"us_privacy": "1YNN"}},
        {"regs": {"us_privacy": "1---"}},
        {"regs": {"gpc": 0, "ext": {"gpc": "0"}}},
        {"regs": {"gpp": gpp({7: us_section(18)}), "gpp_sid": [6]}},
        {"regs": {"gpp": gpp({7: us_section(18)}), "gpp_sid": [-1]}},
        {"regs": {"gpp": gpp({7: us_section(18, 2)}), "gpp_sid": [7]}},
        {"regs": {"gpp": gpp({8: us_section(14, 0) + ".QA"}), "gpp_sid": [8]}},
    ],
    ids=repr,
)
def test_where_nothing_denies_nothing_is_taken_for_a_denial(fields: dict[str, Any]) -> None:
    read = bid(**fields)
    assert read.consent == Consent()
    assert read.denial() is None


@pytest.mark.parametrize(
    ("regs", "unread"),
    [
        ({"us_privacy": "2YYN"}, "regs.us_privacy"),
        ({"gpp": "nonsense"}, "regs.gpp"),
        ({"gpp": "~1YNN"}, "regs.gpp"),
        ({"gpp": gpp({6: "1YNN"}) + "~extra"}, "regs.gpp"),
        ({"gpp": gpp({5: "CPXxRfA"})}, "regs.gpp#5"),
        ({"gpp": gpp({7: "BV"})}, "regs.gpp#7"),
        ({"gpp": gpp({6: "1Y"})}, "regs.gpp#6"),
        ({"gpp": gpp({6: "1" * 10_000})}, "regs.gpp"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_named_and_does_not_deny(regs: dict[str, Any], unread: str) -> None:
    assert bid(regs=regs).consent == Consent(unread=(unread,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DBABM~A", [2]),
        ("DBACNY~A~1YNN", [2, 6]),
        ("DBACNYA~A~1YNN", [2, 6]),
        ("DBABjw~A~1YNN", [5, 6]),
    ],
)
def test_headers_name_their_sections_alone_or_in_groups(text: str, expected: list[int]) -> None:
    assert list(sections_of(text)) == expected


def test_a_header_whose_number_does_not_end_is_given_up() -> None:
    with pytest.raises(ValueError, match="no section with so large a number"):
        sections_of(f"DBAB{'A' * 1_000}")


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
    with open_source(recorded_data("datacratic_auctions.jsonl.xz"), (".xz",)) as lines:
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
            assert asked.user_id == (user or NOBODY)
            assert len(asked.requests) == len(auction["spots"])
            read += 1
    assert read == 500


def test_an_impression_that_is_named_by_a_number_has_its_decision() -> None:
    [imp] = simple()["imp"]
    read = read_bid_request(simple(imp=[imp | {"id": 7.0}]), NOW)
    decisions = {"7": decide(read.requests["7"], [])}
    [answered_imp] = answer(read, decisions, [])["imp"]
    assert answered_imp["ext"]["unhaunt"]["decision"]["allowed"] == ["mug"]
