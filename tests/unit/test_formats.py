"""Events in other formats: what each adapter makes of its examples, and what a worker of them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import orjson
import pytest

from schemas import generate
from schemas.adapters.formats import ADAPTERS, AUTO, FORMATS, formats_of, read, readers_of
from schemas.adapters.notes import Note, Observer
from schemas.decoding import InvalidRecord, decode
from schemas.records import EventGroup, Input, events_of
from schemas.topics import PERSON_TOPICS
from streams.kafka.topic_partition import TopicPartition
from streams.recording.backtest import Backtest
from streams.recording.files import RecordedRecord, numbered, record_of
from streams.recording.one_person import OnePerson
from streams.recording.report.analysis import ReportAnalysis
from streams.settings import Settings, SettingsError
from streams.suppression.policy import Policy
from tests.builders import NOW, TOPIC_OF
from tests.property.test_fuzz_task import an_engine

EXAMPLES = Path(generate.__file__).parent / "examples"


def examples(pattern: str) -> list[Any]:
    return [
        pytest.param(path, id=f"{path.parent.name}/{path.stem}")
        for path in sorted((EXAMPLES / "formats").glob(pattern))
    ]


def example(path: Path) -> dict[str, Any]:
    return orjson.loads(path.read_bytes())


def example_of(name: str) -> dict[str, Any]:
    return example(EXAMPLES / "formats" / f"{name}.json")


def input_of(
    example: dict[str, Any], kind: str, topic: str = "dismissals", observe: Observer | None = None
) -> Input | None:
    """What a record says on a topic that has this format."""
    key, headers = example["key"], example.get("headers", {})
    return read(
        readers_of({topic: kind}, observe),
        topic,
        None if key is None else key.encode(),
        orjson.dumps(example["value"]),
        example["timestamp"],
        [(name, text.encode()) for name, text in headers.items()],
    )


def what_is_said(value: Any) -> Any:
    """The value without what is null or false, as it is when absent."""
    if isinstance(value, dict):
        said = {name: each for name, each in value.items() if each is not None}
        return {name: what_is_said(each) for name, each in said.items() if each is not False}
    return [what_is_said(each) for each in value] if isinstance(value, list) else value


def fields_of(decoded: Input) -> list[dict[str, Any]]:
    return [
        {"topic": TOPIC_OF[type(event)], "value": what_is_said(msgspec.to_builtins(event))}
        for event in events_of(decoded)
    ]


# --- the examples --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", examples("*/valid-*.json"))
def test_a_valid_example_becomes_what_stands_in_it(path: Path) -> None:
    shown = example(path)
    assert fields_of(input_of(shown, path.parent.name)) == shown["becomes"]


@pytest.mark.parametrize("path", examples("*/ignored-*.json"))
def test_an_event_about_something_else_comes_to_nothing(path: Path) -> None:
    assert input_of(example(path), path.parent.name) is None


@pytest.mark.parametrize("path", examples("*/invalid-*.json"))
def test_an_event_that_cannot_be_placed_is_refused_with_code_and_words(path: Path) -> None:
    shown = example(path)
    with pytest.raises(InvalidRecord) as refused:
        input_of(shown, path.parent.name)
    assert (refused.value.code, refused.value.detail) == (shown["error"], shown["detail"])


@pytest.mark.parametrize("kind", [*ADAPTERS, AUTO])
def test_every_format_has_valid_and_invalid_examples(kind: str) -> None:
    assert examples(f"{kind}/valid-*.json")
    assert examples(f"{kind}/invalid-*.json")


@pytest.mark.parametrize(
    "path",
    [
        case
        for case in (*examples("*/valid-*.json"), *examples("*/ignored-*.json"))
        # Without a URL a pixel's parameters are a record of our own.
        if case.id != "pixel/valid-parameters-one-by-one"
    ],
)
def test_auto_recognises_every_example(path: Path) -> None:
    shown = example(path)
    assert input_of(shown, AUTO) == input_of(shown, path.parent.name)


@pytest.mark.parametrize("topic", PERSON_TOPICS)
def test_auto_takes_our_own_records_for_what_they_are(topic: str) -> None:
    for path in sorted((EXAMPLES / topic).glob("valid-*.json")):
        shown = example(path)
        key = None if shown["key"] is None else shown["key"].encode()
        own = decode(topic, key, orjson.dumps(shown["value"]), shown["timestamp"])
        assert input_of(shown, AUTO, topic) == own


@pytest.mark.parametrize("topic", PERSON_TOPICS)
@pytest.mark.parametrize(
    "beside", [{"url": "https://shop.example"}, {"platform": "google"}, {"data": "x"}], ids=repr
)
def test_auto_is_not_misled_by_a_field_beside_the_contract(
    topic: str, beside: dict[str, str]
) -> None:
    shown = example(next(iter((EXAMPLES / topic).glob("valid-*.json"))))
    shown["value"] |= beside
    assert isinstance(input_of(shown, AUTO, topic), type(input_of(shown, "unhaunt", topic)))


@pytest.mark.parametrize("kind", ADAPTERS)
@pytest.mark.parametrize("topic", PERSON_TOPICS)
def test_our_own_records_are_refused_and_not_ignored_where_another_format_is_expected(
    topic: str, kind: str
) -> None:
    for path in sorted((EXAMPLES / topic).glob("valid-*.json")):
        if (topic, kind) != ("impressions", "pixel"):  # which write the same in the same words
            with pytest.raises(InvalidRecord):
                input_of(example(path), kind, topic)


@pytest.mark.parametrize("path", examples("*/valid-*.json"))
def test_what_was_not_read_as_it_stands_in_an_example_is_noted(path: Path) -> None:
    assert notes_on(example(path), path.parent.name) == example(path).get("notes", [])


def notes_on(shown: dict[str, Any], kind: str) -> list[str]:
    found: list[str] = []

    def observe(_: str, notes: Sequence[Note]) -> None:
        found.extend(f"{note.kind}: {note}" for note in notes)

    input_of(shown, kind, observe=observe)
    return found


@pytest.mark.parametrize("kind", ADAPTERS)
def test_every_format_has_examples_of_what_is_left_out_and_corrected(kind: str) -> None:
    shown = [example(each.values[0]) for each in examples(f"{kind}/valid-*.json")]
    kinds = {note.split(":")[0] for each in shown for note in each.get("notes", [])}
    assert {"left_out", "corrected"} <= kinds


# --- facts about events --------------------------------------------------------------------------


def test_the_same_content_has_the_same_id_whenever_it_is_sent() -> None:
    once = example_of("criteo/valid-transaction")
    again = once | {"timestamp": once["timestamp"] + 60_000}
    [first], [second] = (events_of(input_of(each, "criteo")) for each in (once, again))
    assert first.event_id == second.event_id
    assert first.ts < second.ts


def test_the_order_of_fields_does_not_change_the_id() -> None:
    once = example_of("ga4/valid-purchase")
    again = once | {"value": dict(reversed(once["value"].items()))}
    assert input_of(once, "ga4") == input_of(again, "ga4")


def test_other_content_has_another_id() -> None:
    once = example_of("criteo/valid-one-event")
    again = once | {"value": once["value"] | {"id": "o-2"}}
    [first], [second] = (events_of(input_of(each, "criteo")) for each in (once, again))
    assert first.event_id != second.event_id


def test_what_two_records_say_of_one_purchase_is_one_line() -> None:
    twice = [example_of("ga4/valid-purchase")] * 2
    assert lists(twice, "ga4") == lists(twice[:1], "ga4")


def test_several_events_of_a_record_are_in_the_order_of_their_times() -> None:
    group = input_of(example_of("meta/valid-call-with-two-purchases"), "meta")
    assert isinstance(group, EventGroup)
    assert [event.ts for event in group.events] == sorted(event.ts for event in group.events)
    assert group.ts == group.events[-1].ts


def test_a_time_too_far_ahead_gives_way_to_the_records_own() -> None:
    ahead = example_of("segment/valid-order-cancelled")
    ahead["value"]["timestamp"] = "2023-12-24T00:00:00Z"
    assert input_of(ahead, "segment").ts == ahead["timestamp"]


@pytest.mark.parametrize("value", ["[]", "1", '"https://ads.example"', "null"])
@pytest.mark.parametrize("kind", [*ADAPTERS, AUTO])
def test_what_is_no_event_at_all_is_refused(kind: str, value: str) -> None:
    shown = {"key": "ann", "timestamp": NOW, "value": orjson.loads(value)}
    with pytest.raises(InvalidRecord):
        input_of(shown, kind)


def test_an_event_that_is_nested_too_deeply_in_an_envelope_is_refused() -> None:
    envelope = example_of("auto/valid-own-format-in-a-cloudevent")
    nested: Any = {}
    for _ in range(500):
        nested = {"deeper": nested}
    text = b'{"deeper":' * 500 + b"{}" + b"}" * 500
    value = orjson.dumps(envelope["value"] | {"data": 0}).replace(b'"data":0', b'"data":' + text)
    with pytest.raises(InvalidRecord):
        read(readers_of({"dismissals": AUTO}), "dismissals", b"ann", value, NOW, [])


# --- a worker and a backtest ---------------------------------------------------------------------


def recorded(*shown: dict[str, Any]) -> list[RecordedRecord]:
    """These examples on one topic."""
    return list(
        numbered(
            record_of(
                "purchases",
                None if each["key"] is None else each["key"].encode(),
                orjson.dumps(each["value"]),
                each["timestamp"],
            )
            for each in shown
        )
    )


def lists(shown: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The lists of a backtest of these examples on one topic of this format."""
    run = Backtest(Policy.default(), formats={"purchases": kind})
    assert list(run.run(recorded(*shown))) == []
    return list(run.lists())


def arrived(offset: int, example: dict[str, Any]) -> Any:
    return SimpleNamespace(
        offset=offset,
        timestamp=example["timestamp"],
        key=example["key"].encode(),
        value=orjson.dumps(example["value"]),
        headers=[],
    )


def test_a_worker_accounts_for_every_record_in_another_format() -> None:
    names = (
        "valid-several-events",
        "ignored-page-view",
        "invalid-without-transaction-id",
        "valid-remove-from-cart-of-two",
    )
    records = [arrived(offset, example_of(f"ga4/{name}")) for offset, name in enumerate(names)]
    with an_engine("", formats="purchases=ga4") as (engine, tasks):
        engine.feed("purchases", *records)
        engine.run()
        assert engine.strategy.offsets[TopicPartition("purchases", 0)] == 4
    counts = tasks.counts
    assert (counts.joined, counts.dead, counts.ignored) == (
        2,
        {"missing_field": 1},
        {"purchases": 1},
    )
    assert engine.context.counts.consumed == {"purchases": 4}


def test_a_task_counts_what_was_left_out_corrected_or_derived() -> None:
    event = example_of("ga4/valid-several-events")
    [ordered] = [each for each in event["value"]["events"] if each["name"] == "purchase"]
    ordered["params"]["items"][0]["price"] = "on request"
    with an_engine("", formats="purchases=ga4") as (engine, tasks):
        engine.feed("purchases", arrived(0, event))
        engine.run()
    assert tasks.counts.notes == {("ga4", "events.params.items.price", "left_out"): 1}


def test_a_backtest_accounts_for_every_record_in_another_format() -> None:
    names = ("valid-several-events", "ignored-page-view", "invalid-without-transaction-id")
    run = Backtest(Policy.default(), formats={"purchases": "ga4"})
    list(run.run(recorded(*(example_of(f"ga4/{name}") for name in names))))
    counts = run.counts
    assert counts.records == {"purchases": 2}
    assert (counts.joined, counts.dead, counts.ignored) == (
        1,
        {"missing_field": 1},
        {"purchases": 1},
    )


def test_several_events_of_a_record_are_joined_one_and_all() -> None:
    [current] = lists([example_of("ga4/valid-several-events")], "ga4")
    reasons = Counter(entry.reason for entry in current.entries)
    assert reasons == {"purchased": 1, "removed_from_cart": 1}


def test_a_report_counts_the_several_events_of_a_record_one_by_one() -> None:
    run = Backtest(Policy.default(), formats={"purchases": "ga4"})
    analysis = ReportAnalysis(Policy.default())
    run.read(recorded(example_of("ga4/valid-several-events")), analysis.scan)
    for step in run.steps():
        analysis.observe(step)
    assert analysis.inputs.events == {"purchases": 1, "dismissals": 1}
    assert analysis.lists.added.total() == 2


def test_an_explanation_knows_the_several_events_of_a_record_one_by_one() -> None:
    records = recorded(example_of("ga4/valid-several-events"))
    known = OnePerson(records, "ann", Policy.default(), {"purchases": "ga4"}).at(None)
    assert [TOPIC_OF[type(event)] for event in known.events] == ["dismissals", "purchases"]


# --- the setting ---------------------------------------------------------------------------------


def test_a_topic_that_is_not_named_is_in_our_own_format() -> None:
    settings = Settings.from_environment({"UNHAUNT_FORMATS": "purchases=segment, dismissals=auto"})
    assert settings.format_by_topic == {"purchases": "segment", "dismissals": "auto"}
    assert set(readers_of(settings.format_by_topic)) == {"purchases", "dismissals"}


@pytest.mark.parametrize("kind", ["segment", AUTO])
def test_the_setting_may_name_the_category_of_consent_that_means_personalised_ads(
    kind: str,
) -> None:
    shown = example_of("segment/valid-consent-preference-updated")
    preferences = shown["value"]["context"]["consent"]["categoryPreferences"]
    preferences["Our partners"] = True
    formats = formats_of(f"dismissals={kind}: Our partners")
    [event] = events_of(input_of(shown, formats["dismissals"]))
    assert event.personalised_ads == "granted"


def test_our_own_format_may_be_named_too() -> None:
    assert readers_of(formats_of("purchases=unhaunt")) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("segment", "expected one of identities, preferences"),
        ("orders=segment", "expected one of identities, preferences"),
        ("catalog=segment", "expected one of identities, preferences"),
        ("purchases=segmnt", "purchases: expected one of auto, criteo"),
        ("purchases=", "purchases: expected one of auto, criteo"),
        ("purchases=ga4,purchases=meta", "purchases: expected once"),
        ("purchases=segment:", "purchases: expected a name after the colon"),
        ("purchases=ga4:Marketing", "purchases: expected ga4 alone"),
    ],
)
def test_a_format_that_cannot_be_read_is_named_with_what_was_expected(
    text: str, expected: str
) -> None:
    with pytest.raises(SettingsError, match=f"^UNHAUNT_FORMATS='{text}': {expected}"):
        Settings.from_environment({"UNHAUNT_FORMATS": text})


def test_the_setting_names_every_format() -> None:
    [field] = [field for field in msgspec.structs.fields(Settings) if field.name == "formats"]
    described: Any = msgspec.inspect.type_info(field.type)
    assert all(name in described.extra_json_schema["description"] for name in FORMATS)
