"""Events that people have in files: what is made of them, and what of those that are broken."""

import gzip
import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas import generate
from schemas.adapters.formats import ADAPTERS, AUTO
from streams.errors import SourceError, UserError
from streams.kafka.partitioner import partition_of
from streams.recording.backtest import Backtest
from streams.recording.files import read, record_of
from streams.recording.importing.columns import TableOptions
from streams.recording.importing.event_reading import EventCounts, event_reader
from streams.recording.importing.events import EventOptions, import_events
from streams.recording.importing.rows import ImportFailed
from streams.suppression.policy import Policy
from tests.builders import MINUTE, NOW
from tests.importing import imported, iso, lines, order, values

EXAMPLES = Path(generate.__file__).parent / "examples" / "formats"


# --- what events become --------------------------------------------------------------------------


def test_an_event_becomes_a_record_of_its_person_at_its_time_in_the_partition_of_its_key(
    tmp_path: Path,
) -> None:
    [record], summary = imported(tmp_path, lines(order(1)), partitions=12)
    assert (record.topic, record.key, record.timestamp) == ("purchases", b"ann", NOW + MINUTE)
    assert record.partition == partition_of(b"ann", 12)
    assert values([record])[0]["order_id"] == "o1"
    assert summary.written == {"purchases": 1}


@pytest.mark.parametrize("kind", [*ADAPTERS, AUTO])
def test_every_valid_example_of_a_format_becomes_what_stands_in_it(kind: str) -> None:
    for path in sorted((EXAMPLES / kind).glob("valid-*.json")):
        shown = orjson.loads(path.read_bytes())
        if "headers" in shown:  # files have none
            continue
        topic = "dismissals" if kind == AUTO else None
        reader = event_reader(kind, topic, (), EventCounts())
        made = reader.read(orjson.dumps(shown["value"]), shown["key"], shown["timestamp"])
        said = [{"topic": each.topic, "value": orjson.loads(each.value)} for each in made]
        assert said == [_with_defaults(each) for each in shown["becomes"]]


def _with_defaults(becomes: dict[str, Any]) -> dict[str, Any]:
    value = dict(becomes["value"])
    if "products" in value:
        value["products"] = [{"gift": False, **each} for each in value["products"]]
    return {"topic": becomes["topic"], "value": value}


@pytest.mark.parametrize("kind", ["segment", "ga4", "snowplow", "meta", "criteo"])
def test_what_is_written_holds_the_same_of_people_as_a_worker_that_reads_the_format(
    tmp_path: Path, kind: str
) -> None:
    shown = [orjson.loads(path.read_bytes()) for path in sorted((EXAMPLES / kind).glob("v*.json"))]
    shown = [
        {**each["value"], "came": NOW, "who": each["key"] or "ann"}
        for each in shown
        if "headers" not in each and isinstance(each["value"], dict)
    ]
    raw = [
        record_of("purchases", value["who"].encode(), orjson.dumps(value), NOW, offset=offset)
        for offset, value in enumerate(shown)
    ]
    live = Backtest(Policy.default(), formats={"purchases": kind})
    list(live.run(raw))
    options = {"kind": kind, "time": "came", "key": "who", "partitions": 1}
    records, _ = imported(tmp_path, lines(*shown), **options)
    made = Backtest(Policy.default())
    list(made.run(records))
    assert made.counts.dead == {}
    assert [*made.lists()] == [*live.lists()]


def test_events_of_all_files_are_in_the_order_of_their_times(tmp_path: Path) -> None:
    late, early, output = tmp_path / "a.json", tmp_path / "b.ndjson.gz", tmp_path / "made.jsonl"
    late.write_bytes(lines(order(3), order(1)))
    early.write_bytes(gzip.compress(lines(order(2))))
    import_events([late, early], output, EventOptions("segment", now=NOW))
    assert [each["order_id"] for each in values(list(read([output])))] == ["o1", "o2", "o3"]


def test_what_one_event_says_of_several_topics_goes_to_each(tmp_path: Path) -> None:
    consent = {"consent": {"categoryPreferences": {"Advertising": False}}}
    records, _ = imported(tmp_path, lines(order(1, context=consent)))
    assert sorted(record.topic for record in records) == ["preferences", "purchases"]


def test_what_is_about_something_else_is_counted(tmp_path: Path) -> None:
    page = {"type": "page", "messageId": "m2", "userId": "ann", "timestamp": iso(NOW)}
    _, summary = imported(tmp_path, lines(order(1), page))
    assert (summary.rows, summary.skipped) == (2, {"about something else": 1})


def test_what_was_not_read_as_it_stands_is_counted(tmp_path: Path) -> None:
    products = [{"product_id": "tv", "price": "8,50"}]
    _, summary = imported(
        tmp_path, lines(order(1, properties={"order_id": "o1", "products": products}))
    )
    [noted] = summary.counts.notes.ranked()
    assert (noted["field"], noted["kind"], noted["count"]) == (
        "properties.products.price", "corrected", 1,
    )  # fmt: skip


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    records, summary = imported(tmp_path, lines(order(1), b"", b"  ", order(2)))
    assert (len(records), summary.rows) == (2, 2)


def test_a_device_may_be_written_to_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(lines(order(1)))
    summary = import_events([path], os.devnull, EventOptions("segment", now=NOW))
    assert summary.written == {"purchases": 1}


# --- what events say of ids ----------------------------------------------------------------------

IDENTIFY = {
    "type": "identify",
    "messageId": "m1",
    "anonymousId": "b7e0",
    "userId": "ann",
    "timestamp": iso(NOW),
}
VISITORS_ORDER = order(1, anonymousId="b7e0")


def test_on_the_topic_of_identities_events_become_what_they_say_of_ids_alone(
    tmp_path: Path,
) -> None:
    records, _ = imported(tmp_path, lines(IDENTIFY, VISITORS_ORDER), topic="identities")
    assert [record.topic for record in records] == ["identities", "identities"]


def test_after_the_format_stands_what_it_means_that_an_event_names_two_ids(tmp_path: Path) -> None:
    content = lines(VISITORS_ORDER)
    records, _ = imported(tmp_path, content, kind="segment:linked", key="anonymousId")
    assert [(record.topic, record.key) for record in records] == [
        ("identities", b"b7e0"),
        ("purchases", b"b7e0"),
    ]
    assert values(records)[0]["action"] == "linked"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("rudderstack", "expected one of unhaunt, auto, segment, .*, got 'rudderstack'"),
        ("openrtb:linked", "expected one of unhaunt, .*, got 'openrtb:linked'"),
        ("segment:", "expected a name after the colon, got 'segment:'"),
        ("ga4:Marketing", "expected ga4 alone, or one of .*, got 'ga4:Marketing'"),
        ("pixel:linked", "expected one of auto, .*, got pixel, which says nothing of ids"),
    ],
)
def test_what_is_no_format_is_refused_with_what_was_expected(
    tmp_path: Path, kind: str, words: str
) -> None:
    with pytest.raises(UserError, match=f"^--format: {words}"):
        imported(tmp_path, lines(IDENTIFY), kind=kind)


# --- persons and times ---------------------------------------------------------------------------


def test_a_key_that_is_named_is_the_person_whatever_the_format_knows_them_by(
    tmp_path: Path,
) -> None:
    event = order(1, context={"traits": {"crm": 4711}})
    [record], _ = imported(tmp_path, lines(event), key="context.traits.crm")
    assert record.key == b"4711"
    assert values([record])[0]["user_id"] == "4711"


@pytest.mark.parametrize("key", [None, "anonymousId", "userId"])
def test_a_statement_is_about_the_device_whichever_of_its_two_ids_is_named(
    tmp_path: Path, key: str | None
) -> None:
    [record], _ = imported(tmp_path, lines(IDENTIFY), topic="identities", key=key)
    assert record.key == b"b7e0"
    [said] = values([record])
    assert (said["user_id"], said["person_id"]) == ("b7e0", "ann")


def test_a_statement_about_two_other_ids_than_the_one_that_is_named_is_broken(
    tmp_path: Path,
) -> None:
    event = {**IDENTIFY, "traits": {"crm": "4711"}}
    with pytest.raises(ImportFailed, match='"b7e0" and "ann", got "4711"'):
        imported(tmp_path, lines(event), topic="identities", key="traits.crm")


def test_a_time_that_is_named_is_when_the_event_came_and_its_own_when_it_happened(
    tmp_path: Path,
) -> None:
    [record], _ = imported(
        tmp_path, lines(order(1, receivedAt=iso(NOW + 9 * MINUTE))), time="receivedAt"
    )
    assert record.timestamp == NOW + 9 * MINUTE
    assert values([record])[0]["ts"] == NOW + MINUTE


@pytest.mark.parametrize(
    "time",
    ["2010-12-01 08:26:00", "2010-12-01T09:26:00+01:00", 1291191960, "1291191960",
     1291191960000, 1291191960000000, 1291191960000000000, 1291191960.0],
)  # fmt: skip
def test_a_time_that_is_named_may_be_written_in_many_ways_and_long_ago(
    tmp_path: Path, time: object
) -> None:
    event = order(1, timestamp=None, sold=[time])
    [record], _ = imported(tmp_path, lines(event), time="sold.0")
    assert record.timestamp == 1_291_191_960_000


@pytest.mark.parametrize(
    ("options", "event", "words"),
    [
        ({"time": "at"}, {}, "at: expected a time such as 2026-11-30T10:00:00Z or 1796032800, got"),
        ({"time": "at"}, {"at": "noon"}, 'or 1796032800, got "noon"'),
        ({"time": "at"}, {"at": True}, "got a boolean"),
        ({"key": "a.b"}, {"a": [1]}, "a.b: expected an id, got nothing"),
        ({}, {"timestamp": None}, "time: expected one in the event, of the last ten years"),
        ({}, {"timestamp": "2010-12-01"}, "time: expected one in the event, of the last ten years"),
    ],
)
def test_an_event_without_the_time_or_the_id_that_is_needed_is_broken(
    tmp_path: Path, options: dict[str, str], event: dict[str, Any], words: str
) -> None:
    with pytest.raises(ImportFailed) as broken:
        imported(tmp_path, lines(order(1, **event)), **options)
    assert words in str(broken.value)


# --- broken lines --------------------------------------------------------------------------------

NO_PRODUCTS = order(2, properties={"order_id": "o2"})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{]", "value: expected JSON in UTF-8, got something else at character"),
        (b"[" * 10_000, "value: expected JSON"),
        (b"7", "value: expected an object, got a number"),
        (b"[", "expected each event whole, on a line of its own. `jq -c '.[]'` makes that of an"),
        (b'{"type": "track"}', "event: expected a string, got nothing"),
        (b"\xff", "value: expected JSON"),
        (NO_PRODUCTS, "properties.products: expected an array of at least one, got nothing"),
    ],
)
def test_a_broken_line_says_file_line_and_what_was_expected_and_nothing_is_written(
    tmp_path: Path, line: Any, words: str
) -> None:
    with pytest.raises(ImportFailed) as broken:
        imported(tmp_path, lines(order(1), line, order(3)))
    message = str(broken.value)
    assert message.startswith(f"{tmp_path / 'events.ndjson'}, line 2: {words}")
    assert message.endswith(". --skip-broken leaves such lines out.")
    assert not (tmp_path / "made.jsonl").exists()


def test_broken_lines_that_are_skipped_are_counted_and_named(tmp_path: Path) -> None:
    content = lines(order(1), b"{]", NO_PRODUCTS, order(4))
    records, summary = imported(tmp_path, content, skip_broken=True)
    assert [each["order_id"] for each in values(records)] == ["o1", "o4"]
    assert summary.skipped == {"broken lines: not_json": 1, "broken lines: missing_field": 1}
    first, second = summary.broken
    assert first.startswith(f"{tmp_path / 'events.ndjson'}, line 2: value: expected JSON")
    assert second.startswith(f"{tmp_path / 'events.ndjson'}, line 3: properties.products: ")


def test_of_many_broken_lines_the_first_of_each_kind_are_named_and_the_rest_counted(
    tmp_path: Path,
) -> None:
    content = lines(*[b"{]"] * 30, order(1), NO_PRODUCTS)
    _, summary = imported(tmp_path, content, skip_broken=True)
    assert (len(summary.broken), summary.more_broken) == (6, 25)
    assert "line 32: properties.products: expected" in summary.broken[-1]


def test_where_nothing_is_left_it_is_an_error_that_names_the_first_line(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match=r"expected at least one event; .* line 1: value: "):
        imported(tmp_path, lines(b"{]"), skip_broken=True)


def test_a_file_that_lost_its_end_is_no_broken_line(tmp_path: Path) -> None:
    content = gzip.compress(lines(*map(order, range(100))))[:-1]
    with pytest.raises(SourceError, match="the copy is incomplete"):
        imported(tmp_path, content, "events.ndjson.gz", skip_broken=True)


@pytest.mark.parametrize("name", ["events.txt", "events.ndjson.zip", "events"])
def test_other_files_are_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"whose name ends in \.ndjson, \.jsonl, \.json, \.csv"):
        imported(tmp_path, lines(order(1)), name)


# --- formats that do not say what their events are -----------------------------------------------


@pytest.mark.parametrize("kind", ["unhaunt", "auto"])
def test_records_of_our_own_are_of_the_topic_that_is_named(tmp_path: Path, kind: str) -> None:
    own = {"event_id": "e1", "user_id": "ann", "ts": NOW, "reason": "not_interested",
           "product_id": "mug"}  # fmt: skip
    [record], _ = imported(tmp_path, lines(own), kind=kind, topic="dismissals")
    assert (record.topic, record.timestamp) == ("dismissals", NOW)


def test_auto_takes_each_event_as_its_fields_say(tmp_path: Path) -> None:
    own = {"event_id": "e1", "user_id": "ann", "ts": NOW, "event": "order_cancelled",
           "order_id": "o1"}  # fmt: skip
    records, _ = imported(tmp_path, lines(own, order(1)), kind="auto", topic="purchases")
    assert [each["event"] for each in values(records)] == ["order_cancelled", "order_completed"]


def test_products_become_the_catalog(tmp_path: Path) -> None:
    content = b"sku,item_group_id,price,sensitive\nmug-7,mugs,8.5,false\n0815,,3,true\n"
    records, _ = imported(
        tmp_path, content, "products.csv", "unhaunt", topic="catalog",
        table=TableOptions(renamed=[("sku", "product_id")]),
    )  # fmt: skip
    assert [(record.topic, record.key) for record in records] == [
        ("catalog", b"0815"),
        ("catalog", b"mug-7"),
    ]
    assert values(records) == [
        {"price": 3, "sensitive": True},
        {"item_group_id": "mugs", "price": 8.5, "sensitive": False},
    ]


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("auto", {}, "--topic: needed with auto"),
        ("unhaunt", {}, "--topic: needed with unhaunt"),
        ("segment", {"topic": "decisions"}, "--topic: expected one of identities, preferences"),
        ("segment", {"topic": "catalog"}, "--topic: catalog goes with --format unhaunt only"),
        ("openrtb", {"time": "t", "topic": "purchases"}, "a bid request is one of impression-req"),
        ("openrtb", {}, "--time: needed with openrtb"),
    ],
)
def test_a_topic_that_does_not_go_with_the_format_is_refused(
    tmp_path: Path, kind: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises(UserError) as refused:
        imported(tmp_path, b"", kind=kind, **options)
    assert words in str(refused.value)
