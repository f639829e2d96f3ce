"""What in a bid request denies personalised ads, and what cannot be read."""

from typing import Any

import pytest

from schemas.openrtb.bits import SIX_BITS
from schemas.openrtb.consent import Consent
from schemas.openrtb.gpp import sections_of
from tests.bid_requests import bid, decide
from tests.builders import as_json

CHARACTERS = {bits: character for character, bits in SIX_BITS.items()}


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
