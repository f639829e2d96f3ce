"""Notes and errors name the field in the sender's own words, whatever comes."""

import re
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.adapters.formats import ADAPTERS, AUTO, label, readers_of
from schemas.adapters.notes import KINDS, OTHER, Note
from schemas.decoding import InvalidRecord
from tests.builders import NOW
from tests.property.test_format_properties import VALUES, changed
from tests.property.test_sender_properties import WHOLE, read, whole

OWN_WORDS: Final = {
    kind: {name for value in VALUES[kind] if isinstance(value, dict) for name in value}
    | {"events", "value", "key"}
    for kind in ADAPTERS
}
"""What the outermost fields of a format are called, and what is there in any format."""


@pytest.mark.parametrize("kind", ADAPTERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_is_noted_is_on_the_list_of_the_format(kind: str, data: st.DataObject) -> None:
    value = data.draw(changed(kind))
    notes: list[Note] = []
    try:
        read({"key": None, "timestamp": NOW, "value": value}, kind, notes)
    except InvalidRecord:
        assert notes == []
    assert OTHER not in {label(kind, note) for note in notes}, notes
    assert {note.kind for note in notes} <= set(KINDS)


@pytest.mark.parametrize("kind", ADAPTERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_an_error_names_the_field_in_the_senders_own_words(kind: str, data: st.DataObject) -> None:
    value = data.draw(changed(kind))
    detail = refusal({"key": "ann", "timestamp": NOW, "value": value}, kind)
    if detail is not None:
        assert re.split(r"[.:\[]", detail)[0] in OWN_WORDS[kind], detail


def refusal(shown: dict[str, Any], kind: str) -> str | None:
    try:
        read(shown, kind)
    except InvalidRecord as refused:
        return refused.detail
    return None


def test_auto_notes_in_the_name_of_the_format_that_it_found() -> None:
    formats: list[str] = []
    reader = readers_of({"purchases": AUTO}, lambda name, _: formats.append(name))["purchases"]
    for kind in WHOLE:
        for shown in whole(kind):
            if kind != "pixel":  # whose parameters one by one are a record of our own
                reader(b"ann", orjson.dumps(shown["value"]), shown["timestamp"], [])
                assert formats[-1] == kind
