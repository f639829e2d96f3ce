"""Anonymising: what is replaced, what stays, what goes, and that all that met still meets."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from schemas import generate
from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.records import Candidate, OrderProduct
from schemas.topics import PERSON_TOPICS, TOPICS
from streams.kafka.partitioner import partition_of
from streams.recording.anonymising import (
    HASHED,
    KEPT_AS_WRITTEN,
    STAND_INS,
    Anonymiser,
    Homes,
    Pseudonyms,
    homes_of,
)
from streams.recording.files import RecordedRecord, record_of
from streams.recording.simulated import simulate
from tests.builders import NOW, backtest_of_records, policy

KEY = b"for tests: 32 bytes of a secret."
INPUTS = [name for name, topic in TOPICS.items() if topic.direction == "in"]
EXAMPLES = Path(generate.__file__).parent / "examples"


def anonymous(
    topic: str, key: str | bytes | None, value: Any, partition: int = 0
) -> RecordedRecord:
    """One record, anonymised. A value in bytes is taken as it is."""
    given = value if isinstance(value, bytes | None) else orjson.dumps(value)
    keyed = key.encode() if isinstance(key, str) else key
    record = record_of(topic, keyed, given, NOW, partition=partition, offset=5)
    anonymised = Anonymiser(KEY, Homes()).anonymise(record)
    assert anonymised is not None
    return anonymised


def fields_of(record: RecordedRecord) -> dict[str, Any]:
    assert record.value is not None
    return orjson.loads(record.value)


def error_of(record: RecordedRecord) -> str | None:
    """The code for which a record is refused; None for one that is right."""
    try:
        if record.topic in PERSON_TOPICS:
            decode(record.topic, record.key, record.value, record.timestamp)
        else:
            decode_product(record.key, record.value)
    except InvalidRecord as error:
        return error.code
    return None


# --- hashes --------------------------------------------------------------------------------------


def test_one_id_is_one_hash_wherever_it_stands() -> None:
    bought = fields_of(
        anonymous(
            "purchases",
            "ann",
            {
                "event_id": "e1",
                "user_id": "ann",
                "event": "order_completed",
                "order_id": "o1",
                "products": [{"product_id": "tv", "item_group_id": "tv"}],
            },
        )
    )
    dismissed = anonymous(
        "dismissals", "ann", {"event_id": "e2", "reason": "spam_or_misleading", "product_id": "tv"}
    )
    [product] = bought["products"]
    assert bought["user_id"].encode() == dismissed.key
    assert product["product_id"] == product["item_group_id"] == fields_of(dismissed)["product_id"]
    assert anonymous("catalog", "tv", {}).key == product["product_id"].encode()


def test_kinds_are_kept_apart() -> None:
    of = Pseudonyms(KEY, Homes()).of
    assert len({of(kind, "17") for kind in HASHED.values()}) == len(set(HASHED.values()))


def test_another_key_makes_other_hashes_and_the_same_the_same() -> None:
    other = Pseudonyms(b"another key of some length", Homes()).of("person", "ann")
    first, again = (Pseudonyms(KEY, Homes()).of("person", "ann") for _ in range(2))
    assert first == again != other


def texts_of(record: type[msgspec.Struct]) -> set[str]:
    """The fields of a type that may hold any text."""

    def holds_text(described: msgspec.inspect.Type) -> bool:
        match described:
            case msgspec.inspect.Metadata(type=inner) | msgspec.inspect.ListType(item_type=inner):
                return holds_text(inner)
            case msgspec.inspect.UnionType(types=options):
                return any(map(holds_text, options))
            case _:
                return isinstance(described, msgspec.inspect.StrType)

    described = msgspec.inspect.type_info(record)
    assert isinstance(described, msgspec.inspect.StructType)
    return {field.name for field in described.fields if holds_text(field.type)}


def test_every_field_of_the_contract_that_may_hold_any_text_is_hashed_or_known_to_stay() -> None:
    records = [Candidate, OrderProduct, *(TOPICS[name].record for name in INPUTS)]
    texts = {name for record in records if record for name in texts_of(record)}
    assert texts == HASHED.keys() | KEPT_AS_WRITTEN


def test_whom_a_statement_names_is_the_same_one_as_on_other_topics() -> None:
    said = {"event_id": "s1", "action": "linked", "person_id": "ann"}
    statement = anonymous("identities", "phone", said)
    of_the_account, of_the_phone = (
        anonymous("preferences", user_id, {"event_id": "e"}) for user_id in ("ann", "phone")
    )
    assert fields_of(statement)["person_id"].encode() == of_the_account.key
    assert statement.key == of_the_phone.key
    assert fields_of(statement)["action"] == "linked"


def test_whom_only_statements_name_is_at_home_where_java_would_put_them() -> None:
    said = b'{"event_id":"s1","action":"linked","person_id":"ann"}'
    records = [
        record_of("identities", b"phone", said, NOW, partition=1),
        record_of("preferences", b"bob", b'{"event_id":"e"}', NOW, partition=3),
    ]
    assert homes_of(records).of["ann"] == partition_of(b"ann", 4)


def test_an_id_that_is_nobodys_stays_so_that_it_links_nothing() -> None:
    said = {"event_id": "s1", "action": "signed_in", "person_id": "Guest"}
    assert fields_of(anonymous("identities", "phone", said))["person_id"] == "Guest"
    assert anonymous("preferences", "guest", {"event_id": "e"}).key == b"guest"


def test_the_policy_says_which_ids_are_nobodys() -> None:
    said = {"event_id": "s1", "action": "signed_in", "person_id": "webshop"}
    record = record_of("identities", b"phone", orjson.dumps(said), NOW)
    by_policy = Anonymiser(KEY, Homes(), policy(identity={"blocked": ["webshop"]}))
    anonymised = by_policy.anonymise(record)
    assert anonymised is not None
    assert fields_of(anonymised)["person_id"] == "webshop"


def test_linked_people_have_the_same_decisions_and_lists_under_other_names() -> None:
    records = list(simulate(seed=3, persons=30, linked=60))
    anonymiser = Anonymiser(KEY, homes_of(records))
    shared = [record for record in map(anonymiser.anonymise, records) if record is not None]
    before, after = what_is_decided(records), what_is_decided(shared)
    assert before == after
    assert any(entry[-1] == "person" for entries in before[1] for entry in entries)


def what_is_decided(records: list[RecordedRecord]) -> tuple[list[Any], list[Any]]:
    """The reasons and times of decisions, in their order, and of lists, sorted."""
    decisions, lists, _ = backtest_of_records(records)
    answers = [
        (decision["ts"], sorted(answer["reason"] for answer in decision["suppressed"]))
        for decision in decisions
    ]
    entries = [
        sorted(
            (entry["reason"], entry["since"], entry["until"] or 0, entry.get("via", ""))
            for entry in each["entries"]
        )
        for each in lists.values()
    ]
    return answers, sorted(entries)


def test_what_ids_share_is_left_out_and_counted_since_it_can_be_derived_again() -> None:
    anonymiser = Anonymiser(KEY, Homes())
    share = {"user_id": "ann", "ts": NOW, "sender": "phone", "direction": "up"}
    assert anonymiser.anonymise(record_of("shares", b"ann", orjson.dumps(share), NOW)) is None
    assert anonymiser.counts.topics == {"shares": 1}


# --- what stays and what goes --------------------------------------------------------------------


def test_times_prices_categories_and_the_words_of_the_contract_stay() -> None:
    value = {
        "request_id": "r1",
        "ts": NOW - 5,
        "channel": "email",
        "own_site": True,
        "candidates": [
            {
                "product_id": "tv",
                "price": 9.5,
                "interest_at": NOW,
                "basis": "given",
                "categories": ["electronics", "electronics.tv"],
            }
        ],
    }
    kept = fields_of(anonymous("impression-requests", "ann", value))
    del value["request_id"], kept["request_id"]
    del value["candidates"][0]["product_id"], kept["candidates"][0]["product_id"]
    assert kept == value


def test_a_record_keeps_its_time_partition_and_offset() -> None:
    record = anonymous("impressions", "ann", {"impression_id": "i", "product_id": "p"}, partition=3)
    assert (record.timestamp, record.partition, record.offset) == (NOW, 3, 5)


def test_fields_that_the_contract_does_not_name_go_and_are_counted() -> None:
    value = {
        "request_id": "r1",
        "email": "ann@example.com",
        "candidates": [{"product_id": "tv", "note": {"name": "Ann"}}],
    }
    record = record_of("impression-requests", b"ann", orjson.dumps(value), NOW)
    anonymiser = Anonymiser(KEY, Homes())
    anonymised = anonymiser.anonymise(record)
    assert anonymised is not None
    assert fields_of(anonymised).keys() == {"request_id", "candidates"}
    assert fields_of(anonymised)["candidates"][0].keys() == {"product_id"}
    assert anonymiser.counts.fields == 2


def test_the_products_of_a_cancellation_which_may_be_anything_go() -> None:
    value = {"event_id": "e", "event": "order_cancelled", "order_id": "o", "products": "Ann's"}
    assert "products" not in fields_of(anonymous("purchases", "ann", value))


def test_headers_go_and_are_counted() -> None:
    record = record_of(
        "preferences", b"ann", b'{"event_id":"e"}', NOW, headers=[("from", b"ann@example.com")]
    )
    anonymiser = Anonymiser(KEY, Homes())
    anonymised = anonymiser.anonymise(record)
    assert anonymised is not None
    assert not anonymised.headers
    assert anonymiser.counts.headers == 1


def test_topics_that_are_no_input_go_and_are_counted() -> None:
    anonymiser = Anonymiser(KEY, Homes())
    assert anonymiser.anonymise(record_of("decisions", b"ann", b"{}", NOW)) is None
    assert anonymiser.anonymise(record_of("weather", None, b"{}", NOW)) is None
    assert anonymiser.counts.topics == {"decisions": 1, "weather": 1}


def test_a_product_that_is_removed_from_the_catalog_is_removed_under_its_hash() -> None:
    removed = anonymous("catalog", "tv", None)
    assert removed.value is None
    assert removed.key == anonymous("catalog", "tv", {"price": 5}).key


# --- what breaks the contract --------------------------------------------------------------------


def examples() -> list[Any]:
    paths = [path for topic in INPUTS for path in sorted(EXAMPLES.glob(f"{topic}/*.json"))]
    return [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in paths]


def key_of(example: dict[str, Any]) -> str | bytes | None:
    return base64.b64decode(example["key_base64"]) if "key_base64" in example else example["key"]


def value_of(example: dict[str, Any]) -> Any:
    if "value_base64" in example:
        return base64.b64decode(example["value_base64"])
    return b" " * example["value_length"] if "value_length" in example else example["value"]


@pytest.mark.parametrize("path", examples())
def test_what_is_right_stays_right_and_what_is_wrong_is_wrong_in_the_same_way(path: Path) -> None:
    example = orjson.loads(path.read_bytes())
    anonymised = anonymous(path.parent.name, key_of(example), value_of(example))
    assert error_of(anonymised) == example.get("error")


@pytest.mark.parametrize("topic", INPUTS)
def test_of_what_is_wrong_nothing_is_left_but_what_kind_of_wrong_it_is(topic: str) -> None:
    anonymised = anonymous(topic, "ann@example.com", {"user_id": ["ann"], "product_id": ["ann"]})
    assert (anonymised.key, anonymised.value) == (None, STAND_INS["wrong_type"])


# --- partitions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("partitions", [1, 3, 12])
def test_a_hash_lies_in_the_partition_of_the_id(partitions: int) -> None:
    persons = [f"u{number}" for number in range(50)]
    records = [
        record_of(
            "preferences",
            user_id.encode(),
            b'{"event_id":"e"}',
            NOW,
            partition=partition_of(user_id.encode(), partitions),
        )
        for user_id in persons
    ]
    anonymiser = Anonymiser(KEY, homes_of(records))
    anonymised = [record for record in map(anonymiser.anonymise, records) if record is not None]
    assert len({record.key for record in anonymised}) == len(persons)
    for record in anonymised:
        assert record.key is not None
        assert partition_of(record.key, partitions) == record.partition


def test_who_lies_in_several_partitions_is_at_home_where_java_would_have_put_them() -> None:
    records = [
        record_of("preferences", b"ann", b'{"event_id":"e"}', NOW, partition=partition)
        for partition in (0, 1, 2, 3)
    ]
    assert homes_of(records) == Homes(4, {"ann": partition_of(b"ann", 4)})


def test_what_breaks_the_contract_says_nothing_of_where_somebody_is_at_home() -> None:
    broken = record_of("preferences", b"ann", b"{}", NOW, partition=7)
    assert homes_of([broken]) == Homes(8, {})


def test_the_partition_of_what_breaks_the_contract_is_one_of_the_topic_as_in_a_backtest() -> None:
    records = [
        record_of("preferences", b"ann", b'{"event_id":"e"}', NOW, partition=0),
        record_of("preferences", b"ann", b'{"event_id":"e"}', NOW, partition=1),
        record_of("preferences", b"ann", b"{}", NOW, partition=2),
    ]
    assert homes_of(records) == Homes(3, {"ann": partition_of(b"ann", 3)})


def test_a_partition_that_no_topic_has_does_not_take_for_ever() -> None:
    record = record_of("preferences", b"ann", b'{"event_id":"e"}', NOW, partition=2**62)
    anonymised = Anonymiser(KEY, homes_of([record])).anonymise(record)
    assert anonymised is not None
    assert anonymised.partition == 2**62
