"""A worker whose topics have schemas: values that Confluent's serialisers wrote, and read."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import msgspec
import orjson
import pytest
from confluent_kafka.schema_registry import (
    Schema,
    SchemaRegistryClient,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from typer.testing import Result

from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.framing import framed
from schemas.registered import schema_text, schemas_of
from streams.dead_letters.letter import Selection
from streams.dead_letters.replay import DeadLetterReplay, Fate
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, numbered, record_of
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import RegistrySettings, Settings
from streams.supervision.worker_process import WorkerProcess
from streams.view import View
from tests.builders import as_json
from tests.command_line import run, run_process, words
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, counts_of
from tests.integration.recordings import Expected, expected, without_as_of
from tests.kafka.registry import Registry
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

PARTITIONS = 2
SCHEMAS = (
    "catalog=avro,preferences=json,purchases=json,dismissals=avro,impressions=avro,"
    "impression-requests=json,decisions=json,suppressions=avro"
)
BY_TOPIC = {"subject.name.strategy": topic_subject_name_strategy}
UNKNOWN_ID = 424_242

SHOPS_OWN = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "event_id", "type": "string"},
        {"name": "event", "type": {"type": "enum", "name": "E", "symbols": ["order_completed"]}},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "order_id", "type": "string"},
        {
            "name": "products",
            "type": {"type": "array", "items": {"type": "map", "values": "string"}},
        },
        {"name": "shelf", "type": "bytes"},
    ],
}
"""A schema that is not the contract's, of values that fit the contract."""


def client_of(registry: Registry) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": registry.url})


def with_schemas(settings: Settings, registry: Registry, schemas: str = SCHEMAS) -> Settings:
    return msgspec.structs.replace(
        settings, registry=RegistrySettings(schemas=schemas, url=registry.url)
    )


def command(settings: Settings, *arguments: str) -> Result:
    return run(*arguments, **environment_of(settings))


def environment_of(settings: Settings) -> dict[str, str]:
    return {
        "UNHAUNT_BROKERS": settings.kafka.brokers,
        "UNHAUNT_APPLICATION": settings.application,
        "UNHAUNT_TOPIC_PREFIX": settings.topic_prefix,
        "UNHAUNT_SCHEMAS": settings.registry.schemas,
        "UNHAUNT_SCHEMA_REGISTRY_URL": settings.registry.url,
    }


class Shop:
    """Writes values as a producer with Confluent's serialisers does."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self._client = client = client_of(registry)
        self._settings = settings
        self._write: dict[str, Any] = {}
        for topic, kind in schemas_of(SCHEMAS).items():
            text = schema_text(topic, kind)
            if kind == "avro":
                self._write[topic] = AvroSerializer(client, text, conf=BY_TOPIC)
            else:
                self._write[topic] = JSONSerializer(text, client, conf=BY_TOPIC)

    def id_of(self, topic: str) -> int:
        subject = f"{self._settings.topic(topic)}-value"
        found = self._client.get_latest_version(subject).schema_id
        assert found is not None
        return found

    def framed(self, record: RecordedRecord) -> RecordedRecord:
        if record.value is None:
            return record
        context = SerializationContext(self._settings.topic(record.topic), MessageField.VALUE)
        value = self._write[record.topic](orjson.loads(record.value), context)
        return record_of(
            record.topic, record.key, value, record.timestamp, partition=record.partition
        )


def without_absent(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    """The fields without those that Avro has as null and JSON does not have."""
    return {key: value for key, value in fields.items() if value is not None or key not in names}


class Run(NamedTuple):
    """A recording that a worker has worked off, framed and with some that it cannot read."""

    deployment: Deployment
    worker: WorkerProcess
    expected: Expected
    broken: list[bytes]
    exit_code: int
    """Of the worker, which was told to stop while it waited for the registry."""


def is_valid(record: RecordedRecord) -> bool:
    """Whether there is a schema that it fits; the simulated shop makes a few mistakes."""
    with suppress(InvalidRecord):
        if record.topic == "catalog":
            decode_product(record.key, record.value)
        else:
            decode(record.topic, record.key, record.value, record.timestamp)
        return True
    return False


def record_for(user_id: str, value: bytes, topic: str = "purchases", ts: int = 0) -> RecordedRecord:
    home = partition_of(user_id.encode(), PARTITIONS)
    return record_of(topic, user_id.encode(), value, ts, partition=home)


def written_by(schema: dict[str, Any], value: dict[str, Any], registry: Registry) -> bytes:
    """A value by a schema that nobody has asked the registry for yet."""
    write = AvroSerializer(client_of(registry), json.dumps(schema), conf=BY_TOPIC)
    context = SerializationContext(f"elsewhere-{schema['name']}", MessageField.VALUE)
    written = write(value, context)
    assert written is not None
    return written


@contextmanager
def paused(registry: Registry) -> Iterator[None]:
    registry.pause()
    try:
        yield
    finally:
        registry.resume()


def waits(worker: WorkerProcess) -> int:
    """For how many schemas a worker has waited."""
    return len(set(re.findall("waiting for schema ([0-9]+)", worker.log.read_text())))


@pytest.fixture(scope="module")
def worked_off(deploy: Deploy, registry: Registry) -> Iterator[Run]:
    simulated = filter(is_valid, simulate(persons=30, partitions=PARTITIONS))
    records = list(numbered(simulated))
    end = max(record.timestamp for record in records)
    deployment = deploy(PARTITIONS, DEMO_POLICY)
    deployment.settings = with_schemas(deployment.settings, registry)
    assert command(deployment.settings, "schemas", "register").exit_code == 0
    shop = Shop(registry, deployment.settings)
    deployment.load(map(shop.framed, records))
    plain = list(records)

    broken = [
        framed(UNKNOWN_ID, b"{}"),
        b"\0\0",
        framed(shop.id_of("dismissals"), b"\xff" * 9),
        b"\1" + b"g" * 16 + b"{}",
    ]
    deployment.load(record_for("ann", value, ts=end) for value in broken)
    order = {
        "event_id": "e1",
        "event": "order_completed",
        "order_id": "o1",
        "products": [{"product_id": "tv"}],
    }
    unframed_order = record_for("bob", orjson.dumps(order), ts=end)
    deployment.load([unframed_order])
    plain.append(unframed_order)
    plain.append(record_for("eve", orjson.dumps({**order, "ts": end}), ts=end))

    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
        order |= {"ts": end, "shelf": b"a"}
        value = written_by(SHOPS_OWN, order, registry)
        with paused(registry):
            deployment.load([record_for("eve", value, ts=end)])
            wait_until(lambda: waits(worker) == 1, "waiting")
        deployment.wait_until_consumed(worker)
        value = written_by({**SHOPS_OWN, "name": "Anew"}, order, registry)
        with paused(registry):
            deployment.load([record_for("kim", value, ts=end)])
            wait_until(lambda: waits(worker) == 2, "waiting")
            exit_code = worker.stop()
        outcome = expected(list(numbered(plain)), DEMO_POLICY, PARTITIONS)
        yield Run(deployment, worker, outcome, broken, exit_code)


def test_decisions_are_those_of_plain_values_and_confluents_deserialiser_finds_them_valid(
    worked_off: Run, registry: Registry
) -> None:
    settings = worked_off.deployment.settings
    read = JSONDeserializer(None, schema_registry_client=client_of(registry), conf=BY_TOPIC)
    context = SerializationContext(settings.topic("decisions"), MessageField.VALUE)
    decisions: dict[int, list[dict[str, Any]]] = {}
    for message in worked_off.deployment.read("decisions"):
        decisions.setdefault(message.partition(), []).append(read(message.value(), context))
    assert without_as_of(decisions) == worked_off.expected.decisions


def test_lists_are_those_of_plain_values_and_confluents_deserialiser_reads_them(
    worked_off: Run, registry: Registry
) -> None:
    settings = worked_off.deployment.settings
    read = AvroDeserializer(client_of(registry), schema_text("suppressions", "avro"), conf=BY_TOPIC)
    context = SerializationContext(settings.topic("suppressions"), MessageField.VALUE)
    lists = {}
    for message in worked_off.deployment.read("suppressions"):
        lists[message.key().decode()] = read(message.value(), context)
    current = {user_id: content for user_id, content in lists.items() if content is not None}
    for content in current.values():
        assert content.pop("forgotten") is None
        content["entries"] = [
            without_absent(entry, "price", "currency", "via") for entry in content["entries"]
        ]
    assert current == worked_off.expected.lists


def test_a_view_reads_lists_and_catalog_that_have_schemas(worked_off: Run) -> None:
    with View(worked_off.deployment.settings) as view:
        view.wait_until_caught_up(60)
        lists = {
            user_id: as_json(view.person(user_id).list) for user_id in worked_off.expected.lists
        }
        assert lists == worked_off.expected.lists
        assert len(view.catalog.products) > 0


def test_what_cannot_be_read_is_a_dead_letter_as_it_came_and_nothing_else_is(
    worked_off: Run,
) -> None:
    letters = worked_off.deployment.read("dead-letters")
    assert [letter.value() for letter in letters] == worked_off.broken
    errors = [dict(letter.headers())["unhaunt.error"].decode() for letter in letters]
    assert errors == ["unknown_value", "not_json", "not_json", "unknown_value"]


def test_a_registry_that_is_away_is_waited_for_and_makes_no_dead_letters(worked_off: Run) -> None:
    assert counts_of(worked_off.worker)["dead"].total() == len(worked_off.broken)
    assert waits(worked_off.worker) == 2


def test_who_waits_for_a_registry_stops_when_told_to_and_leaves_the_record_for_later(
    worked_off: Run,
) -> None:
    assert worked_off.exit_code == 0
    unread = round((1 - worked_off.deployment.consumed()) * worked_off.deployment.loaded)
    assert unread == 1


def test_a_replay_of_dead_letters_asks_the_registry_as_well(worked_off: Run) -> None:
    fates = DeadLetterReplay(worked_off.deployment.settings, Selection()).fates()
    assert {fate for _, fate in fates} == {Fate.STILL_INVALID}


def test_schemas_are_registered_once_and_then_there(deploy: Deploy, registry: Registry) -> None:
    settings = with_schemas(deploy(1).settings, registry, "purchases=avro,decisions=json")
    before = command(settings, "schemas", "check")
    assert (before.exit_code, before.stdout.count("brings it there")) == (0, 2)
    registered = command(settings, "schemas", "register")
    assert registered.exit_code == 0
    assert f"{settings.topic_prefix}purchases-value" in registered.stdout
    assert command(settings, "schemas", "register").stdout == registered.stdout
    assert command(settings, "schemas", "check").stdout == registered.stdout


def test_a_schema_that_does_not_fit_what_is_there_is_not_registered(
    deploy: Deploy, registry: Registry
) -> None:
    settings = with_schemas(deploy(1).settings, registry, "purchases=avro")
    subject = f"{settings.topic_prefix}purchases-value"
    client = client_of(registry)
    client.register_schema(subject, Schema(json.dumps(SHOPS_OWN), "AVRO"))
    client.set_compatibility(subject, "BACKWARD")
    for result in (command(settings, "schemas", name) for name in ("check", "register")):
        assert result.exit_code == 1
        assert "not compatible with what is there" in words(result.stdout)
    assert len(client.get_versions(subject)) == 1


def test_a_worker_does_not_start_without_the_schemas_of_its_output(
    deploy: Deploy, registry: Registry
) -> None:
    settings = with_schemas(deploy(1).settings, registry, "suppressions=json")
    finished = run_process("worker", **environment_of(settings))
    assert finished.returncode == 2
    assert finished.stderr.splitlines()[-1] == (
        f"The schema registry at {registry.url} does not have the schema of suppressions in json "
        f"under {settings.topic_prefix}suppressions-value. `unhaunt schemas register` brings it "
        "there."
    )


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_a_worker_does_not_start_where_no_registry_answers(
    deploy: Deploy, registry: Registry, path: str
) -> None:
    """Nor where something else does: here a registry, but at another path."""
    url = registry.url + path if path else "http://127.0.0.1:1"
    settings = msgspec.structs.replace(
        deploy(1).settings, registry=RegistrySettings(schemas="purchases=avro", url=url)
    )
    finished = run_process("worker", **environment_of(settings))
    assert finished.returncode == 2
    assert f"schema registry at {url} " in finished.stderr.replace("answers at", "at")
    assert "Traceback" not in finished.stderr
