"""Events in other formats on the topic of identities: what they say of a person's ids."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import orjson
import pytest

from schemas import generate
from schemas.adapters.formats import ADAPTERS, formats_of, read, readers_of, stating_topics
from schemas.adapters.notes import Note, Observer
from schemas.decoding import InvalidRecord
from schemas.records import EventGroup, Identity, Input, events_of
from streams.agents.intake import Home, Misplaced, decoded
from streams.kafka.partitioner import partition_of
from streams.suppression.identities.blocking import Blocking
from streams.suppression.policy import Policy
from tests.builders import NOW
from tests.unit.test_formats import what_is_said

EXAMPLES = Path(generate.__file__).parent / "examples" / "statements"
IDENTIFY = {"type": "identify", "messageId": "m1", "userId": "ann", "anonymousId": "b7e0"}


def examples(pattern: str) -> list[Any]:
    return [
        pytest.param(path, id=f"{path.parent.name}/{path.stem}")
        for path in sorted(EXAMPLES.glob(pattern))
    ]


def example(path: Path) -> dict[str, Any]:
    return orjson.loads(path.read_bytes())


def input_of(shown: dict[str, Any], kind: str, observe: Observer | None = None) -> Input | None:
    """What a record says on the topic of identities, if that has this format."""
    option = shown.get("option")
    formats = formats_of(f"identities={kind}" if option is None else f"identities={kind}:{option}")
    return read(
        readers_of(formats, observe),
        "identities",
        None if shown["key"] is None else shown["key"].encode(),
        orjson.dumps(shown["value"]),
        shown["timestamp"],
        [],
    )


def statement(value: dict[str, Any], kind: str = "segment", key: str | None = "b7e0") -> Identity:
    """The only statement that an event comes to."""
    read_as = input_of({"key": key, "timestamp": NOW, "value": value}, kind)
    assert isinstance(read_as, Identity)
    return read_as


# --- the examples --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", examples("*/valid-*.json"))
def test_a_valid_example_becomes_the_statements_in_it(path: Path) -> None:
    shown = example(path)
    said = [what_is_said(msgspec.to_builtins(each)) for each in events_of(read_of(shown, path))]
    assert said == shown["becomes"]


def read_of(shown: dict[str, Any], path: Path) -> Input:
    found = input_of(shown, path.parent.name)
    assert found is not None
    return found


@pytest.mark.parametrize("path", examples("*/ignored-*.json"))
def test_an_event_that_says_nothing_of_two_ids_comes_to_nothing(path: Path) -> None:
    assert input_of(example(path), path.parent.name) is None


@pytest.mark.parametrize("path", examples("*/invalid-*.json"))
def test_an_event_that_cannot_be_placed_is_refused_with_code_and_words(path: Path) -> None:
    shown = example(path)
    with pytest.raises(InvalidRecord) as refused:
        input_of(shown, path.parent.name)
    assert (refused.value.code, refused.value.detail) == (shown["error"], shown["detail"])


@pytest.mark.parametrize("path", examples("*/valid-*.json"))
def test_what_was_not_read_as_it_stands_in_an_example_is_noted(path: Path) -> None:
    found: list[str] = []

    def observe(_: str, notes: Sequence[Note]) -> None:
        found.extend(f"{note.kind}: {note}" for note in notes)

    shown = example(path)
    input_of(shown, path.parent.name, observe)
    assert found == shown.get("notes", [])


@pytest.mark.parametrize("path", examples("*/[vi][ag]*.json"))
def test_auto_recognises_every_example(path: Path) -> None:
    shown = example(path)
    assert input_of(shown, "auto") == input_of(shown, path.parent.name)


@pytest.mark.parametrize("kind", [name for name, each in ADAPTERS.items() if each.said])
def test_every_format_that_names_ids_has_examples(kind: str) -> None:
    assert all(examples(f"{kind}/{which}-*.json") for which in ("valid", "ignored", "invalid"))


# --- what is said --------------------------------------------------------------------------------


def test_an_event_that_names_both_ids_is_a_fact_of_its_own_each_time() -> None:
    first, second = (
        statement({"client_id": "b7e0", "user_id": "ann", "events": [event]}, "ga4")
        for event in ({"name": "a", "timestamp_micros": NOW * 1_000}, {"name": "b"})
    )
    assert first.event_id == second.event_id
    later = {"name": "c", "timestamp_micros": (NOW + 1) * 1_000}
    third = statement({"client_id": "b7e0", "user_id": "ann", "events": [later]}, "ga4")
    assert third.event_id != first.event_id


def test_a_link_that_is_seen_again_is_one_fact() -> None:
    once, again = (
        input_of(
            {"key": "b7e0", "timestamp": NOW + n, "value": IDENTIFY | page, "option": "linked"},
            "segment",
        )
        for n, page in enumerate([{"type": "page", "messageId": "m2"}, {"type": "screen"}])
    )
    assert isinstance(once, Identity)
    assert isinstance(again, Identity)
    assert once.event_id == again.event_id
    assert (once.action, once.ts, again.ts) == ("linked", NOW, NOW + 1)


def test_events_of_a_record_that_say_different_things_are_a_group_of_their_leaf() -> None:
    events = [{"name": "login", "timestamp_micros": NOW * 1_000}, {"name": "logout"}]
    value = {"client_id": "b7e0", "user_id": "ann", "events": events}
    group = input_of({"key": "b7e0", "timestamp": NOW + 5, "value": value}, "ga4")
    assert isinstance(group, EventGroup)
    assert group.user_id == "b7e0"
    actions = [each.action for each in group.events if isinstance(each, Identity)]
    assert actions == ["signed_in", "signed_out"]


ORDER = IDENTIFY | {
    "type": "track",
    "event": "Order Completed",
    "properties": {"order_id": "o1", "products": [{"product_id": "ring"}]},
}


def purchases(
    value: dict[str, Any], kind: str, key: bytes, notes: list[str] | None = None
) -> list[Any]:
    """What a record on the topic of purchases comes to."""

    def observe(_: str, found: Sequence[Note]) -> None:
        if notes is not None:
            notes.extend(map(str, found))

    readers = readers_of(formats_of(f"purchases={kind}"), observe)
    found = read(readers, "purchases", key, orjson.dumps(value), NOW, [])
    return [] if found is None else list(events_of(found))


def test_on_other_topics_nothing_is_said_of_ids_unless_the_setting_asks_for_it() -> None:
    assert purchases(IDENTIFY, "segment", b"b7e0") == []
    [said] = purchases(IDENTIFY, "segment:signed_in", b"b7e0")
    assert said == statement(IDENTIFY)


def test_where_it_is_asked_for_an_order_says_who_was_signed_in_as_well() -> None:
    said, bought = purchases(ORDER, "segment:signed_in", b"b7e0")
    assert (said.action, said.user_id, said.person_id) == ("signed_in", "b7e0", "ann")
    assert (bought.order_id, bought.user_id) == ("o1", "b7e0")


def test_an_order_of_the_person_counts_and_what_it_says_of_the_device_is_noted() -> None:
    notes: list[str] = []
    [bought] = purchases(ORDER, "segment:signed_in", b"ann", notes)
    assert bought.user_id == "ann"
    assert notes == ['identities: got a statement about "b7e0", left out']


def test_an_order_that_cannot_be_placed_takes_no_sign_in_with_it() -> None:
    notes: list[str] = []
    [said] = purchases(ORDER | {"properties": {}}, "segment:signed_in", b"b7e0", notes)
    assert said.action == "signed_in"
    assert notes == ["properties.products: got nothing, left out"]


def test_the_category_of_consent_may_stand_before_what_naming_both_means() -> None:
    preferences = {"Marketing": False, "Advertising": True}
    consent = {"context": {"consent": {"categoryPreferences": preferences}}}
    said, allowed = purchases(IDENTIFY | consent, "segment:Marketing:signed_in", b"b7e0")
    assert (said.action, allowed.personalised_ads) == ("signed_in", "denied")


def test_on_the_topic_of_identities_an_order_is_no_purchase() -> None:
    assert statement(ORDER).action == "signed_in"


# --- whom it is about ----------------------------------------------------------------------------


def test_a_statement_whose_key_is_the_person_is_brought_to_the_partition_of_the_leaf() -> None:
    home = partition_of(b"ann", 8)
    assert partition_of(b"b7e0", 8) != home
    record = SimpleNamespace(
        key=b"ann", value=orjson.dumps(IDENTIFY), offset=0, timestamp=NOW, headers=[]
    )
    formats = {"identities": "segment"}
    blocking = Blocking.by(Policy.default(), formats)
    at_home = Home(home, 8, set())
    [(_, _, found, _)] = decoded("identities", [record], at_home, readers_of(formats), blocking)
    assert isinstance(found, Misplaced)
    assert (found.user_id, found.home) == ("b7e0", partition_of(b"b7e0", 8))


def test_a_statement_that_was_brought_to_its_leaf_is_read_as_before() -> None:
    assert statement(IDENTIFY, key="b7e0") == statement(IDENTIFY, key="ann")


# --- the setting ---------------------------------------------------------------------------------


def test_it_is_known_of_which_topics_the_records_may_say_something_of_ids() -> None:
    formats = formats_of("purchases=segment:linked,dismissals=segment:Marketing,impressions=ga4")
    assert stating_topics(formats) == {"identities", "purchases"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("identities=pixel", "identities: expected one of auto, criteo, .* got pixel, which says"),
        ("identities=ga4:Marketing", "identities: expected one of explicit, linked, signed_in aft"),
        ("identities=unhaunt:linked", "identities: expected unhaunt alone"),
        ("purchases=segment,identities=ga4:", "identities: expected a name after the colon"),
        ("impressions=pixel:linked", "impressions: expected one of auto, .* got pixel, which says"),
        ("purchases=ga4:Marketing:linked", "purchases: expected ga4 alone, or one of explicit, "),
        ("impressions=pixel:Marketing", "impressions: expected pixel alone, got"),
        ("purchases=segment:signedin", "purchases: expected one of explicit, .* or a category,"),
        ("purchases=segment:Marketing:Link", "purchases: expected one of explicit, .*g:Link'"),
    ],
)
def test_what_an_event_that_names_both_ids_may_mean_is_told(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{expected}"):
        formats_of(text)
