"""What an anonymised recording decides, and what it can give away.

All that the hashes lose is the order of ids. Where that decides, between events of one time and
between claims that differ only in what they are based on, another outcome may come of it: so there
are two properties. With ids whose hashes happen to have their order, everything is as it was,
under other names. With any ids, but no two events at one time, it is so but for the `since` and
`because` of the answers.
"""

from collections import defaultdict
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.recording.anonymising import Anonymiser, Homes, Pseudonyms, homes_of
from streams.recording.files import RecordedRecord, record_of
from streams.suppression import policy_document
from streams.suppression.policy import Policy
from tests.builders import NOW, backtest_of_records, recorded
from tests.oracle.generate import random_recording
from tests.oracle.validation import PERSON_TOPIC_IDS
from tests.property.bad_input import INPUTS, VALID_VALUES

seeds = st.integers(0, 2**32 - 1)
often = settings(max_examples=60, deadline=None)

KEY = b"for tests: 32 bytes of a secret."

KINDS = {
    "user_id": "person",
    "person_id": "person",
    "order_id": "order",
    "event_id": "event",
    "request_id": "request",
    "impression_id": "impression",
    "product_id": "product",
    "item_group_id": "product",
    "brand": "brand",
    "advertiser_id": "advertiser",
    "site": "site",
    "sources": "source",
}
KINDS_OF_SCOPES = {
    "product": "product",
    "group": "product",
    "brand": "brand",
    "advertiser": "advertiser",
}

Lines = list[dict[str, Any]]
Rename = Callable[[str, str], str]


def recording(seed: int) -> tuple[Lines, Policy]:
    """A random recording, and a policy without a holdout: who is in that depends on the id."""
    lines, tables = random_recording(seed)
    return lines, Policy(policy_document.complete({**(tables or {}), "holdout": {}}))


def anonymised(lines: Lines) -> tuple[list[RecordedRecord], Rename]:
    """The records without ids, and what each id was replaced by."""
    homes = homes_of(recorded(lines))
    anonymiser = Anonymiser(KEY, homes)
    anonymised = [anonymiser.anonymise(record) for record in recorded(lines)]
    return [record for record in anonymised if record is not None], Pseudonyms(KEY, homes).of


# --- other names ---------------------------------------------------------------------------------


def renamed(value: Any, rename: Rename, kind: str | None = None) -> Any:
    """A JSON value in which every text that names something has another name."""
    if isinstance(value, dict):
        return {name: renamed(each, rename, KINDS.get(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [renamed(each, rename, kind) for each in value]
    return rename(kind, value) if kind is not None and isinstance(value, str) else value


def renamed_claim(claim: dict[str, Any], rename: Rename) -> dict[str, Any]:
    scope, based_on = claim["scope"], "event"
    if claim["reason"] == "frequency_cap":
        based_on = "impression"
    other = renamed(claim, rename)
    if scope in KINDS_OF_SCOPES:
        other["value"] = rename(KINDS_OF_SCOPES[scope], claim["value"])
    return other | {"because": sorted(rename(based_on, each) for each in claim["because"])}


def renamed_decision(decision: dict[str, Any], rename: Rename) -> dict[str, Any]:
    return {
        **renamed(decision, rename),
        "allowed": [rename("product", product_id) for product_id in decision["allowed"]],
        "suppressed": [renamed_claim(answer, rename) for answer in decision["suppressed"]],
        "ghosted": [renamed_claim(answer, rename) for answer in decision["ghosted"]],
    }


def renamed_lists(lists: dict[str, dict[str, Any]], rename: Rename) -> dict[str, dict[str, Any]]:
    return {
        rename("person", user_id): {
            **renamed(each, rename),
            "entries": [renamed_claim(entry, rename) for entry in each["entries"]],
        }
        for user_id, each in lists.items()
    }


def in_the_order_of_their_hashes(lines: Lines) -> Lines:
    """The recording with ids that sort as they did, and whose hashes sort as they do."""
    texts: dict[str, set[str]] = defaultdict(set)

    def collect(kind: str, text: str) -> str:
        texts[kind].add(text)
        return text

    keyed = {"catalog": "product"}
    for line in lines:
        renamed(line.get("value"), collect)
        renamed(line["key"], collect, keyed.get(line["topic"]))
    names = {
        kind: {} if kind == "person" else _in_order(kind, sorted(those))
        for kind, those in texts.items()
    }

    def rename(kind: str, text: str) -> str:
        return names[kind].get(text, text)

    return [
        {**line, "key": renamed(line["key"], rename, keyed.get(line["topic"]))}
        | ({"value": renamed(line["value"], rename)} if "value" in line else {})
        for line in lines
    ]


def _in_order(kind: str, texts: list[str]) -> dict[str, str]:
    """A new name for each text: the hash of the n-th of them lies in the n-th part of all."""
    hash_of = Pseudonyms(KEY, Homes()).of

    def part(name: str) -> int:
        return int(hash_of(kind, name)[:8], 16) * len(texts) >> 32

    return {
        text: next(name for attempt in count() if part(name := f"{number:04}-{attempt}") == number)
        for number, text in enumerate(texts)
    }


def scattered(lines: Lines, random: Random) -> Lines:
    """The recording with its records in any partition, as by a producer that goes by turns."""
    return [
        {name: each for name, each in line.items() if name != "offset"}
        | {"partition": random.randrange(3)}
        for line in lines
    ]


@often
@given(seeds, st.booleans())
def test_where_hashes_sort_as_the_ids_do_everything_is_as_it_was_under_other_names(
    seed: int, is_scattered: bool
) -> None:
    lines, policy = recording(seed)
    if is_scattered:
        lines = scattered(lines, Random(seed))
    lines = in_the_order_of_their_hashes(lines)
    decisions, lists, counts = backtest_of_records(recorded(lines), policy)
    records, rename = anonymised(lines)
    decisions_now, lists_now, counts_now = backtest_of_records(records, policy)
    assert decisions_now == [renamed_decision(each, rename) for each in decisions]
    assert lists_now == renamed_lists(lists, rename)
    counts.ignored.clear()
    assert counts_now == counts


def at_times_of_their_own(lines: Lines) -> Lines:
    """The recording with no two facts at one time; repeats of one stay repeats."""
    numbers: dict[tuple[str, str, int], int] = {}
    apart = []
    for line in lines:
        value, named_by = line.get("value"), PERSON_TOPIC_IDS.get(line["topic"])
        if isinstance(value, dict) and isinstance(fact := value.get(named_by), str):
            ts = value.get("ts")
            ts = line["timestamp"] if ts is None else ts
            if type(ts) is int:
                number = numbers.setdefault((line["topic"], fact, ts), len(numbers))
                assert number < 1_000
                line = {**line, "value": {**value, "ts": ts - ts % 1_000 + number}}
        apart.append(line)
    return apart


def with_aliases_of_one_product_each(lines: Lines) -> Lines:
    """The recording in which no alias is named by two products, of which the least id has it."""
    first: dict[str, Any] = {}
    uncontested = []
    for line in lines:
        value = line.get("value")
        if isinstance(value, dict) and isinstance(aliases := value.get("aliases"), list):
            product = value.get("product_id") or line["key"]
            kept = [alias for alias in aliases if first.setdefault(alias, product) == product]
            line = {**line, "value": {**value, "aliases": kept}}
        uncontested.append(line)
    return uncontested


def without_what_it_is_based_on(decision: dict[str, Any]) -> dict[str, Any]:
    unsaid = {"since": 0, "because": []}
    return {**decision, "suppressed": [each | unsaid for each in decision["suppressed"]]}


def sorted_entries(lists: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        user_id: {**each, "entries": sorted(each["entries"], key=orjson.dumps)}
        for user_id, each in lists.items()
    }


@often
@given(seeds)
def test_where_the_order_of_ids_breaks_no_tie_every_candidate_fares_as_it_did(seed: int) -> None:
    lines, policy = recording(seed)
    lines = with_aliases_of_one_product_each(at_times_of_their_own(lines))
    decisions, lists, _ = backtest_of_records(recorded(lines), policy)
    records, rename = anonymised(lines)
    decisions_now, lists_now, _ = backtest_of_records(records, policy)
    assert [without_what_it_is_based_on(each) for each in decisions_now] == [
        without_what_it_is_based_on(renamed_decision(each, rename)) for each in decisions
    ]
    assert sorted_entries(lists_now) == sorted_entries(renamed_lists(lists, rename))


# --- what it can give away -----------------------------------------------------------------------

SECRET = "ann@example.com"

kept_as_written = {"category", "categories", "currency"}
field_names = st.sampled_from(
    sorted(
        {name for topic in INPUTS for value in VALID_VALUES[topic] for name in value}
        | {"user_id", "email", SECRET}
    )
).filter(lambda name: name not in kept_as_written)
secret_values: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([SECRET, f"mailto:{SECRET}", 7, None, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(field_names, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def secret_records(draw: st.DrawFn) -> RecordedRecord:
    """A record of an input that was right before the secret got into it, in whatever way."""
    topic = draw(st.sampled_from(INPUTS))
    value = draw(st.sampled_from(VALID_VALUES[topic])) | draw(
        st.dictionaries(field_names, secret_values, max_size=3)
    )
    written = orjson.dumps(value)
    twice = b'{"user_id":"' + SECRET.encode() + b'",' + written[1:]
    cut = written + SECRET.encode()
    return record_of(
        topic,
        draw(st.sampled_from([None, SECRET.encode(), b"u1", b"\xff" + SECRET.encode()])),
        draw(st.sampled_from([written, written, twice, cut, f'"{SECRET}"'.encode()])),
        NOW,
        headers=draw(st.sampled_from([(), [("from", SECRET.encode())], [(SECRET, None)]])),
    )


@given(st.lists(secret_records(), max_size=5))
def test_whatever_a_record_says_of_a_person_is_gone(records: list[RecordedRecord]) -> None:
    anonymiser = Anonymiser(KEY, homes_of(records))
    for record in records:
        anonymised = anonymiser.anonymise(record)
        assert anonymised is not None
        assert SECRET.encode() not in (anonymised.key or b"") + (anonymised.value or b"")
        assert not anonymised.headers
