"""Whatever comes in another format is read, ignored or refused, and says what ours would."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import generate
from schemas.adapters.formats import ADAPTERS, AUTO, read, readers_of
from schemas.decoding import InvalidRecord
from schemas.records import Dismissal, Impression, Preference, Purchase, events_of
from streams.recording.backtest import Backtest
from streams.recording.files import RecordedRecord, numbered, record_of
from streams.suppression.policy import Policy
from tests.builders import DAY, NOW, TOPIC_OF

EXAMPLES = Path(generate.__file__).parent / "examples" / "formats"
VALUES = {
    kind: [orjson.loads(path.read_bytes())["value"] for path in sorted((EXAMPLES / kind).iterdir())]
    for kind in (*ADAPTERS, AUTO)
}
READERS = {kind: readers_of({"purchases": kind})["purchases"] for kind in VALUES}

ODD_TEXTS = [
    "",
    "9" * 30,
    *["ann", "1", "1e400", "1_0", "٣", "nan", "2023-11-14", "Purchase", "purchase", "track"],
]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(ODD_TEXTS)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
times = st.integers(NOW - 60 * DAY, NOW)


def changed(kind: str) -> st.SearchStrategy[Any]:
    """An example in which one value, however deep, is another one or gone."""
    return changed_one(VALUES[kind])


@st.composite
def changed_one(draw: st.DrawFn, values: Sequence[Any]) -> Any:
    """One of the values, changed in this way."""
    value = orjson.loads(orjson.dumps(draw(st.sampled_from(values))))
    holder, parents = value, []
    while isinstance(holder, dict | list) and holder:
        name = draw(
            st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder)))
        )
        parents.append((holder, name))
        holder = holder[name]
    container, name = draw(st.sampled_from(parents))
    if draw(st.booleans()):
        container[name] = draw(json_values)
    else:
        del container[name]
    return value


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_comes_is_read_or_ignored_or_refused_with_a_reason(
    kind: str, data: st.DataObject
) -> None:
    value = data.draw(changed(kind) | json_values, label="value")
    key = data.draw(st.sampled_from([None, b"ann", b"bob", b"\xff"]), label="key")
    headers = data.draw(
        st.just([]) | st.just([("ce_specversion", b"1.0"), ("ce_id", None), ("ce_source", b"\xff")])
    )
    try:
        decoded = READERS[kind](key, orjson.dumps(value), NOW, headers)
    except InvalidRecord:
        return
    for event in () if decoded is None else events_of(decoded):
        assert isinstance(event, Purchase | Dismissal | Impression | Preference)
        assert key is None or event.user_id.encode() == key


@pytest.mark.parametrize("kind", list(ADAPTERS))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_records_in_another_format_come_to_what_the_same_in_our_own_comes_to(
    kind: str, data: st.DataObject
) -> None:
    foreign: list[RecordedRecord] = []
    own: list[RecordedRecord] = []
    reader = {"purchases": READERS[kind]}
    for value in data.draw(st.lists(st.sampled_from(VALUES[kind]), min_size=1, max_size=6)):
        content, timestamp = orjson.dumps(value), data.draw(times)
        foreign.append(record_of("purchases", b"ann", content, timestamp))
        try:
            decoded = read(reader, "purchases", b"ann", content, timestamp, [])
        except InvalidRecord:
            continue
        for event in () if decoded is None else events_of(decoded):
            written = orjson.dumps(msgspec.to_builtins(event))
            own.append(record_of(TOPIC_OF[type(event)], b"ann", written, timestamp))
    assert lists(foreign, kind) == lists(own, "unhaunt")


def lists(records: list[RecordedRecord], kind: str) -> list[dict[str, Any]]:
    run = Backtest(Policy.default(), formats={"purchases": kind})
    list(run.run(numbered(records)))
    return list(run.lists())
