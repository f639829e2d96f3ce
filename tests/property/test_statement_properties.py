"""Whatever comes on the topic of identities comes to statements about one leaf, or is refused."""

import re
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.adapters.formats import ADAPTERS, AUTO, formats_of, label, readers_of
from schemas.adapters.notes import KINDS, OTHER, Note
from schemas.adapters.statements import BOTH_NAMED
from schemas.decoding import InvalidRecord
from schemas.records import Identity, events_of
from tests.builders import NOW
from tests.property.test_format_properties import EXAMPLES, changed_one, json_values
from tests.property.test_format_properties import VALUES as ON_OTHER_TOPICS

NAMING: Final = [kind for kind, each in ADAPTERS.items() if each.said]
VALUES: Final = {
    kind: [
        orjson.loads(path.read_bytes())["value"]
        for path in sorted((EXAMPLES.parent / "statements" / kind).iterdir())
    ]
    + ON_OTHER_TOPICS[kind]
    for kind in (*NAMING, AUTO)
}
OWN_WORDS: Final = {
    kind: {name for value in VALUES[kind] if isinstance(value, dict) for name in value}
    | {"events", "value", "key"}
    for kind in NAMING
}

meanings = st.sampled_from(BOTH_NAMED)
keys = st.sampled_from([None, b"ann", b"b7e0", b"1.2", b"bob", b"\xff"])


def said(
    kind: str, both_named: str, key: bytes | None, value: Any, notes: list[Note] | None = None
) -> list[Any]:
    """The events of a record."""
    observe = None if notes is None else lambda _, found: notes.extend(found)
    reader = readers_of(formats_of(f"identities={kind}:{both_named}"), observe)["identities"]
    found = reader(key, orjson.dumps(value), NOW, [])
    return [] if found is None else list(events_of(found))


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=150, deadline=None)
@given(data=st.data(), both_named=meanings, key=keys)
def test_whatever_comes_is_about_one_leaf_which_is_not_its_hub(
    kind: str, both_named: str, key: bytes | None, data: st.DataObject
) -> None:
    value = data.draw(changed_one(VALUES[kind]) | json_values)
    try:
        events = said(kind, both_named, key, value)
    except InvalidRecord:
        return
    assert all(isinstance(event, Identity) for event in events)
    assert len({event.user_id for event in events}) <= 1
    for event in events:
        assert event.user_id != event.person_id
        assert key is None or key.decode() in (event.user_id, *ids_in(value))


def ids_in(value: Any) -> list[str]:
    """Every text, however deep, as it stands there, and what stands in it (`gid://shop/ann`)."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in ids_in(each)]
    if isinstance(value, list):
        return [text for each in value for text in ids_in(each)]
    return [str(value), str(value).strip(), *re.findall(r"[\w.-]+", str(value))]


@pytest.mark.parametrize("kind", NAMING)
@settings(max_examples=150, deadline=None)
@given(data=st.data(), both_named=meanings)
def test_what_is_noted_is_on_the_list_and_what_is_refused_in_the_senders_words(
    kind: str, both_named: str, data: st.DataObject
) -> None:
    notes: list[Note] = []
    refused = refusal(kind, both_named, data.draw(changed_one(VALUES[kind])), notes)
    if refused is not None:
        assert notes == []
        assert re.split(r"[.:\[]", refused)[0] in OWN_WORDS[kind], refused
    assert OTHER not in {label(kind, note) for note in notes}, notes
    assert {note.kind for note in notes} <= set(KINDS)


def refusal(kind: str, both_named: str, value: Any, notes: list[Note]) -> str | None:
    """Why a record is refused, in words; None for one that is not."""
    try:
        said(kind, both_named, None, value, notes)
    except InvalidRecord as refused:
        return refused.detail
    return None


@pytest.mark.parametrize("kind", NAMING)
@settings(max_examples=50, deadline=None)
@given(data=st.data(), both_named=meanings)
def test_a_repeat_of_a_record_says_the_same_facts(
    kind: str, both_named: str, data: st.DataObject
) -> None:
    value = data.draw(st.sampled_from(VALUES[kind]))
    if refusal(kind, both_named, value, []) is not None:
        return
    once = said(kind, both_named, None, value)
    for key in (None, *(event.user_id.encode() for event in once)):
        assert said(kind, both_named, key, value) == once
