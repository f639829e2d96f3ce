"""The difference between what is expected of a case and what comes out, in words."""

from typing import Any

import msgspec
import pytest

from schemas.outputs import Decision, SuppressionList
from streams.recording.differences import Difference, differences
from streams.recording.golden import Outcome
from tests.builders import DAY, NOW

ANSWER = {
    "product_id": "tv",
    "reason": "purchased",
    "scope": "group",
    "value": "tvs",
    "since": NOW,
    "until": NOW + DAY,
    "because": ["e1"],
}
ENTRY = {name: value for name, value in ANSWER.items() if name != "product_id"}
TITLE = "request asked of ann, 2023-11-14 22:13:20"
SUPPRESSED = (
    "suppressed: purchased, group tvs, since 2023-11-14 22:13:20 until 2023-11-15 22:13:20, "
    "because of e1"
)
CLAIMED = SUPPRESSED.removeprefix("suppressed: ").replace("group tvs, ", "")


def decision(*suppressed: dict[str, Any], allowed: tuple[str, ...] = (), **fields: Any) -> Decision:
    defaults = {
        "request_id": "asked",
        "user_id": "ann",
        "ts": NOW,
        "policy": "default",
        "suppressed": suppressed,
        "allowed": allowed,
        "ghosted": [],
    }
    return msgspec.convert(defaults | fields, Decision)


def a_list(*entries: dict[str, Any], **fields: Any) -> SuppressionList:
    defaults = {"user_id": "ann", "ts": NOW, "policy": "default", "granted": [], "entries": entries}
    return msgspec.convert(defaults | fields, SuppressionList)


def between(expected: list[Any], got: list[Any]) -> list[Difference]:
    """The differences between decisions, or lists, or both."""

    def outcome(values: list[Any]) -> Outcome:
        return Outcome(
            [each for each in values if isinstance(each, Decision)],
            [each for each in values if isinstance(each, SuppressionList)],
        )

    return list(differences(outcome(expected), outcome(got)))


def test_what_is_the_same_does_not_differ() -> None:
    values = [decision(ANSWER, allowed=("mug",)), a_list(ENTRY)]
    assert between(values, values) == []


def test_the_version_of_the_policy_is_not_compared() -> None:
    expected = [decision(ANSWER), a_list(ENTRY)]
    got = [decision(ANSWER, policy="v2"), a_list(ENTRY, policy="v2")]
    assert between(expected, got) == []


def test_what_a_decision_could_know_is_not_compared() -> None:
    assert between([decision(ANSWER, as_of={"purchases": NOW})], [decision(ANSWER)]) == []


def test_a_candidate_that_fares_otherwise_differs() -> None:
    found = between([decision(ANSWER, allowed=("mug",))], [decision(allowed=("tv", "mug"))])
    assert found == [Difference(TITLE, "tv", SUPPRESSED, "allowed")]


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("reason", "already_bought", "already_bought"),
        ("scope", "product", "product"),
        ("value", "televisions", "televisions"),
        ("since", NOW + 1, "22:13:20.001"),
        ("until", None, "until undone"),
        ("until", 2**63 - 1, str(2**63 - 1)),
        ("because", ["e1", "e2"], "because of e1, e2"),
        ("because", [], "until 2023-11-15 22:13:20"),
    ],
)
def test_every_field_of_an_answer_is_compared(field: str, value: Any, word: str) -> None:
    [found] = between([decision(ANSWER)], [decision(ANSWER | {field: value})])
    assert (found.expected, found.got == SUPPRESSED) == (SUPPRESSED, False)
    assert word in found.got


def test_a_candidate_that_is_ghosted_is_not_merely_allowed() -> None:
    expected = decision(allowed=("tv", "tv"), ghosted=[ANSWER])
    [found] = between([expected], [decision(allowed=("tv", "tv"))])
    assert found.expected == SUPPRESSED.replace("suppressed", "ghosted")
    assert found.got == "allowed"


def test_a_product_that_is_a_candidate_twice_is_compared_twice() -> None:
    expected = decision(ANSWER, allowed=("tv",))
    [found] = between([expected], [decision(allowed=("tv", "tv"))])
    assert found == Difference(TITLE, "tv", SUPPRESSED, "allowed")


def test_candidates_in_another_order_differ() -> None:
    [found] = between([decision(allowed=("tv", "mug"))], [decision(allowed=("mug", "tv"))])
    assert found == Difference(TITLE, "in this order", "tv, mug", "mug, tv")


def test_a_decision_that_is_missing_or_too_many_differs() -> None:
    one, other = decision(allowed=("tv",)), decision(ANSWER, request_id="again")
    assert between([one, other], [one]) == [
        Difference(TITLE.replace("asked", "again"), "tv", SUPPRESSED, "nothing")
    ]
    assert between([one], [one, one]) == [Difference(TITLE, "tv", "nothing", "allowed")]


def test_decisions_in_another_order_differ_where_they_first_do() -> None:
    one, other = decision(allowed=("tv",)), decision(allowed=("tv",), request_id="again")
    other_title = TITLE.replace("asked", "again")
    assert between([one, one, other], [one, other, one]) == [
        Difference("order of the decisions", "number 2", TITLE, other_title)
    ]


def test_an_entry_that_is_otherwise_differs() -> None:
    [found] = between([a_list(ENTRY)], [a_list(ENTRY | {"price": 20})])
    assert found == Difference("list of ann", "group tvs", CLAIMED, f"{CLAIMED}, price 20")


@pytest.mark.parametrize(
    ("fields", "what", "expected", "got"),
    [
        ({"granted": ["sensitive_topics"]}, "granted", "nothing", "sensitive_topics"),
        ({"forgotten": 7}, "forgotten", "nothing", "7"),
        ({"ts": NOW + DAY}, "time", "2023-11-14 22:13:20", "2023-11-15 22:13:20"),
    ],
)
def test_every_field_of_a_list_is_compared(
    fields: dict[str, Any], what: str, expected: str, got: str
) -> None:
    found = between([a_list(ENTRY)], [a_list(ENTRY, **fields)])
    assert found == [Difference("list of ann", what, expected, got)]


def test_a_list_that_is_missing_differs_even_if_it_is_empty() -> None:
    assert between([a_list()], []) == [
        Difference("list of ann", "time", "2023-11-14 22:13:20", "nothing")
    ]


def test_ids_that_would_tear_a_line_apart_are_quoted() -> None:
    [found] = between([decision(allowed=("a\nb",))], [decision(allowed=("a",))])[:1]
    assert found.what == "'a\\nb'"
