"""The contract's files: examples, JSON Schema and AsyncAPI agree with the types."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import orjson
import pytest
from jsonschema import Draft202012Validator

from schemas import asyncapi, generate
from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.json_schema import schema_file, struct_schemas
from schemas.outputs import DeadLetterHeaders, ErrorCode
from schemas.problems import first_problem
from schemas.topics import PERSON_TOPICS, RANKS, REROUTED, SHARES, STREAMS, TOPICS

EXAMPLES = Path(generate.__file__).parent / "examples"
SPEC_TOPICS = {
    "identities": "delete",
    "impression-requests": "delete",
    "purchases": "delete",
    "dismissals": "delete",
    "impressions": "delete",
    "preferences": "delete",
    "catalog": "compact",
    "suppressions": "compact",
    "decisions": "delete",
    "dead-letters": "delete",
}
FIELD_ERRORS = {"missing_field", "wrong_type", "unknown_value"}
BESIDE_THE_VALUE = (
    *("key: ", "user_id: ", "product_id: expected in the value or as the key"),
    "person_id: expected another id",
)
"""Field errors that come of the record's key, of which the schema of the value knows nothing."""


def examples(pattern: str) -> list[Any]:
    return [
        pytest.param(path, id=f"{path.parent.name}/{path.stem}")
        for path in sorted(EXAMPLES.glob(pattern))
    ]


def with_json_values(pattern: str) -> list[Any]:
    """The examples whose topic has a schema: all but the dead letters."""
    cases = examples(pattern)
    return [case for case in cases if case.values[0].parent.name != "dead-letters"]


def read(path: Path) -> dict[str, Any]:
    return orjson.loads(path.read_bytes())


def key_of(example: dict[str, Any]) -> bytes | None:
    if "key_base64" in example:
        return base64.b64decode(example["key_base64"])
    return None if example["key"] is None else example["key"].encode()


def value_of(example: dict[str, Any]) -> bytes | None:
    if "value_base64" in example:
        return base64.b64decode(example["value_base64"])
    if "value_length" in example:
        return b" " * example["value_length"]
    return None if example["value"] is None else orjson.dumps(example["value"])


def check(topic: str, example: dict[str, Any]) -> None:
    """Read the example as whoever reads its topic would."""
    if topic in PERSON_TOPICS:
        decode(topic, key_of(example), value_of(example), example["timestamp"])
    elif topic == "catalog":
        decode_product(key_of(example), value_of(example))
    else:
        check_output(topic, example)


def check_output(topic: str, example: dict[str, Any]) -> None:
    record = TOPICS[topic].record or DeadLetterHeaders
    content = example["headers"] if record is DeadLetterHeaders else example["value"]
    if content is None:
        return
    if (problem := first_problem(record, content)) is not None:
        raise InvalidRecord(problem.code, problem.detail)
    msgspec.convert(content, record)


def validator_of(topic: str) -> Draft202012Validator:
    return Draft202012Validator(schema_file(TOPICS[topic]))


@pytest.mark.parametrize("path", examples("*/valid-*.json"))
def test_a_valid_example_is_accepted(path: Path) -> None:
    check(path.parent.name, read(path))


@pytest.mark.parametrize("path", examples("*/invalid-*.json"))
def test_an_invalid_example_is_refused_with_its_code_and_detail(path: Path) -> None:
    example = read(path)
    with pytest.raises(InvalidRecord) as refusal:
        check(path.parent.name, example)
    assert (refusal.value.code, refusal.value.detail) == (example["error"], example["detail"])


@pytest.mark.parametrize("path", with_json_values("*/valid-*.json"))
def test_the_json_schema_accepts_a_valid_example(path: Path) -> None:
    validator_of(path.parent.name).validate(read(path)["value"])


def is_seen_in_the_value(path: Path) -> bool:
    example = read(path)
    wrong_field = example["error"] in FIELD_ERRORS
    return wrong_field and not example["detail"].startswith(BESIDE_THE_VALUE)


@pytest.mark.parametrize(
    "path",
    [case for case in with_json_values("*/invalid-*.json") if is_seen_in_the_value(case.values[0])],
)
def test_the_json_schema_refuses_an_example_with_a_wrong_field(path: Path) -> None:
    assert not validator_of(path.parent.name).is_valid(read(path)["value"])


@pytest.mark.parametrize("path", examples("dead-letters/*.json"))
def test_the_headers_of_a_dead_letter_are_told_right_from_wrong_by_their_schema(
    path: Path,
) -> None:
    schema = struct_schemas(DeadLetterHeaders, "#/$defs/{name}")["DeadLetterHeaders"]
    accepted = Draft202012Validator(schema).is_valid(read(path)["headers"])
    assert accepted == path.name.startswith("valid")


@pytest.mark.parametrize("topic", SPEC_TOPICS)
def test_every_topic_has_several_valid_and_invalid_examples(topic: str) -> None:
    assert len(examples(f"{topic}/valid-*.json")) > 1
    assert len(examples(f"{topic}/invalid-*.json")) > 1


@pytest.mark.parametrize("topic", PERSON_TOPICS)
def test_every_error_code_that_applies_has_an_example(topic: str) -> None:
    codes = {read(path)["error"] for path in (EXAMPLES / topic).glob("invalid-*.json")}
    assert codes >= set(get_args(ErrorCode)) - {"unknown_value"}


def test_every_error_code_has_an_example_in_the_catalog_but_those_about_time_and_choice() -> None:
    codes = {read(path)["error"] for path in (EXAMPLES / "catalog").glob("invalid-*.json")}
    assert codes == set(get_args(ErrorCode)) - {
        "unknown_value",
        "future_timestamp",
        "past_timestamp",
    }


def test_the_generated_files_have_not_drifted_from_the_types() -> None:
    assert generate.main(["--check"]) == 0


def test_the_check_names_the_file_that_drifted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate.main([], tmp_path)
    (tmp_path / "json" / "catalog.schema.json").write_text("{}")
    assert generate.main(["--check"], tmp_path) == 1
    assert "json/catalog.schema.json has drifted" in capsys.readouterr().out


def test_a_file_that_is_no_longer_generated_is_removed(tmp_path: Path) -> None:
    generate.main([], tmp_path)
    stray = tmp_path / "json" / "old-topic.schema.json"
    stray.write_text("{}")
    generate.main([], tmp_path)
    assert not stray.exists()


@pytest.mark.parametrize("topic", [name for name, topic in TOPICS.items() if topic.record])
def test_each_generated_schema_is_itself_valid_json_schema(topic: str) -> None:
    Draft202012Validator.check_schema(schema_file(TOPICS[topic]))


def test_a_topic_of_values_as_received_has_no_schema() -> None:
    with pytest.raises(ValueError, match="dead-letters passes values on as received"):
        schema_file(TOPICS["dead-letters"])


def test_the_registry_names_the_topics_of_the_contract_with_their_cleanup_policies() -> None:
    assert {name: topic.cleanup for name, topic in TOPICS.items()} == SPEC_TOPICS


def test_the_person_topics_stand_in_the_order_of_their_rank() -> None:
    assert PERSON_TOPICS == (
        "identities",
        "preferences",
        "purchases",
        "dismissals",
        "impressions",
        "impression-requests",
    )
    assert [TOPICS[name].rank for name in PERSON_TOPICS] == [RANKS[name] for name in PERSON_TOPICS]


def test_shares_have_their_turn_after_statements_and_rerouted_records_after_all() -> None:
    first, *others = PERSON_TOPICS
    assert list(STREAMS) == [first, SHARES, *others, REROUTED]


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for member in node.values():
            yield from references(member)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def resolve(document: Any, reference: str) -> Any:
    root, *names = reference.split("/")
    assert root == "#"
    for name in names:
        document = document[name]
    return document


def test_every_reference_in_the_asyncapi_document_resolves() -> None:
    document = asyncapi.document()
    for reference in references(document):
        assert resolve(document, reference)


def test_every_topic_is_an_asyncapi_channel_with_its_cleanup_policy() -> None:
    channels = asyncapi.document()["channels"]
    policies = {
        name: channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"]
        for name, channel in channels.items()
    }
    assert policies == {name: [policy] for name, policy in SPEC_TOPICS.items()}


@pytest.mark.parametrize("topic", SPEC_TOPICS)
def test_every_topic_has_an_asyncapi_operation_in_its_direction(topic: str) -> None:
    operations = asyncapi.document()["operations"].values()
    actions = [
        operation["action"]
        for operation in operations
        if operation["channel"]["$ref"] == f"#/channels/{topic}"
    ]
    assert actions == ["receive" if TOPICS[topic].direction == "in" else "send"]


@pytest.mark.parametrize("topic", ["catalog", "suppressions"])
def test_a_compacted_topic_has_a_message_for_the_null_value(topic: str) -> None:
    document = asyncapi.document()
    messages = document["channels"][topic]["messages"].values()
    payloads = [resolve(document, message["$ref"])["payload"] for message in messages]
    assert {"type": "null"} in payloads
