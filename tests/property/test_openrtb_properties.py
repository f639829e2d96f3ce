"""Whatever comes as a bid request: it is answered, or refused with the path of a field."""

import contextlib
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert

from schemas import generate
from schemas.adapters.node import Node
from schemas.decoding import InvalidRecord
from schemas.openrtb.answer import answered
from schemas.openrtb.bid_request import read_bid_request
from schemas.openrtb.bits import SIX_BITS
from schemas.openrtb.gpp import denies, sections_of
from schemas.openrtb.tcf import allows_personalised_ads
from schemas.outputs import ListEntry
from tests.builders import NOW

EXAMPLES = Path(generate.__file__).parent / "examples" / "openrtb"
SHOWN = [orjson.loads(path.read_bytes()) for path in sorted(EXAMPLES.iterdir())]
PERSONS = ("user.id", "device.ifa", "id.example")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
base64url = st.text(st.sampled_from(sorted(SIX_BITS)), max_size=60)


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """A bid request of the examples in which one value, however deep, is another one."""
    request = orjson.loads(orjson.dumps(draw(st.sampled_from(SHOWN))["request"]))
    holder: Any = request
    parents: list[tuple[Any, Any]] = []
    while isinstance(holder, dict | list) and holder:
        names = list(holder) if isinstance(holder, dict) else range(len(holder))
        parents.append((holder, draw(st.sampled_from(names))))
        holder = holder[parents[-1][1]]
    container, name = draw(st.sampled_from(parents))
    container[name] = draw(json_values)
    return request


@settings(max_examples=400, deadline=None)
@given(changed())
def test_whatever_is_asked_is_answered_or_refused(request: dict[str, Any]) -> None:
    before = orjson.dumps(request)
    try:
        bid = read_bid_request(request, NOW, PERSONS, [{"product_id": "mug"}])
        answer = answered(bid, {}, convert(SHOWN[0]["entries"], list[ListEntry]))
    except InvalidRecord:
        return
    assert orjson.dumps(request) == before
    assert [Node(imp).required("id") for imp in answer["imp"]] == list(bid.requests)


@settings(max_examples=400, deadline=None)
@given(st.lists(base64url | st.text(max_size=8), max_size=4).map("~".join))
def test_a_consent_string_is_read_or_refused_with_one_kind_of_error(text: str) -> None:
    for read in (sections_of, allows_personalised_ads):
        with contextlib.suppress(ValueError):
            read(text)
    for section in range(30):
        with contextlib.suppress(ValueError):
            assert denies(section, text) in (True, False, None)
