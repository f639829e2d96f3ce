"""The schema registry: schemas by id, each asked for once, and those that output is written by.

The serialisers of confluent-kafka are left out of the path of the records: for one value each takes
several times as long as all else that a worker does with it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import to_builtins

from schemas.adapters.envelope import Headers
from schemas.adapters.formats import Reader
from schemas.decoding import InvalidRecord, decode_product
from schemas.framing import JsonOf, SchemaId, frame_of, framed, framed_readers, unframed
from schemas.outputs import to_json
from schemas.records import Product
from schemas.registered import json_of, schema_text, unknown
from schemas.topics import PERSON_TOPICS
from streams.errors import UserError
from streams.kafka.daemon_thread import in_daemon_thread
from streams.kafka.registry.client import (
    NO_SUCH,
    NO_SUCH_PATH,
    NotRegistered,
    RegistryUnavailable,
    client_of,
    registered_schema,
    registry_errors,
    subject_of,
)
from streams.kafka.registry.unknown_schemas import UnknownSchemas
from streams.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2

CATALOG: Final = "catalog"

Write = Callable[[Any], bytes]
"""Writes a value of an output topic."""


class SchemaRegistry(dict[SchemaId, JsonOf]):
    """The readers of framed values by the ids of their schemas.

    A schema that is not known yet is asked for when it is looked up, which blocks; an engine
    awaits `load_schemas` first.
    """

    def __init__(self, settings: Settings) -> None:
        """Ask for the schemas that are needed from the start.

        Raises `UserError` where the registry does not answer or lacks the schema of an output.
        """
        super().__init__()
        self._settings = settings
        self._kinds = settings.registry.schema_by_topic
        self._client = client_of(settings.registry)
        self.unknown = UnknownSchemas()
        self._ids = {topic: self._id_of(topic) for topic in self._kinds if _is_output(topic)}
        for topic in self._kinds.keys() - self._ids.keys():
            with suppress(NotRegistered), registry_errors(settings.registry):
                self._client.get_latest_version(subject_of(settings, topic))

    def _id_of(self, topic: str) -> int:
        subject, kind = subject_of(self._settings, topic), self._kinds[topic]
        try:
            with registry_errors(self._settings.registry):
                found = self._client.lookup_schema(subject, registered_schema(topic, kind))
        except NotRegistered as missing:
            raise UserError(
                f"The schema registry at {self._settings.registry.url} does not have the "
                f"schema of {topic} in {kind} under {subject}. `unhaunt schemas register` brings "
                "it there."
            ) from missing
        assert found.schema_id is not None
        return found.schema_id

    # -- input

    def __missing__(self, schema_id: SchemaId) -> JsonOf:
        """Ask for a schema, unless it is taken for unknown. Raises `RegistryUnavailable`."""
        if schema_id in self.unknown or not self.unknown.may_ask:
            return unknown(schema_id)
        try:
            by_guid = isinstance(schema_id, str)
            no_such = (*NO_SUCH, NO_SUCH_PATH) if by_guid else NO_SUCH
            with registry_errors(self._settings.registry, no_such):
                read = self._reader_of(schema_id)
        except NotRegistered:
            self.unknown.add(schema_id)
            return unknown(schema_id)
        self[schema_id] = read
        return read

    def _reader_of(self, schema_id: SchemaId) -> JsonOf:
        if isinstance(schema_id, int):
            schema = self._client.get_schema(schema_id)
        else:
            schema = self._client.get_schema_by_guid(schema_id)
        return json_of(schema.schema_type or "AVRO", schema_id, self._with_references(schema))

    def _with_references(self, schema: "Schema") -> list[str]:
        """The text of a schema after that of those which it refers to, each once."""
        found: dict[str, None] = {}
        for reference in schema.references or []:
            assert reference.subject is not None
            assert reference.version is not None
            version = self._client.get_version(reference.subject, reference.version)
            found |= dict.fromkeys(self._with_references(version.schema))
        return [*found, schema.schema_str or ""]

    def framed_readers(self, readers: Mapping[str, Reader]) -> dict[str, Reader]:
        """Readers of the person topics, those whose values are framed among them."""
        topics = [topic for topic in PERSON_TOPICS if topic in self._kinds]
        return framed_readers(readers, topics, self)

    def read_product(
        self, key: bytes | None, value: bytes | None, headers: Headers
    ) -> tuple[str, Product | None]:
        """Read a record of the catalog as `decode_product` does, also one that is framed."""
        if CATALOG in self._kinds:
            value = unframed(self, value, headers)
        return decode_product(key, value)

    def missing_schemas(
        self,
        records: Mapping[Any, Iterable[Any]],
        streams: Mapping[str, str],
        products: Iterable[Any],
    ) -> Sequence[SchemaId]:
        """The schemas that must be loaded before these records can be decoded.

        `records` are aiokafka's by topic and partition, `streams` what each topic is, and
        `products` are confluent-kafka's messages of the catalog. What was rerouted may be framed.
        """
        values: list[tuple[bytes | None, Any]] = [
            (record.value, record.headers)
            for partition, fetched in records.items()
            if (name := streams[partition.topic]) in self._kinds or name not in PERSON_TOPICS
            for record in fetched
        ]
        if CATALOG in self._kinds:
            values += [(message.value(), message.headers()) for message in products]
        return self._missing(values)

    def _missing(self, values: Iterable[tuple[bytes | None, Any]]) -> Sequence[SchemaId]:
        """Those that most records name come first: of a new schema there are more than of lies."""
        self.unknown.forget()
        named: Counter[SchemaId] = Counter()
        for value, headers in values:
            with suppress(InvalidRecord):
                if value is not None and (frame := frame_of(value, headers or ())) is not None:
                    named[frame.schema_id] += 1
        missing = [one for one, _ in named.most_common() if not self._is_settled(one)]
        return self.unknown.within_measure(missing)

    def _is_settled(self, schema_id: SchemaId) -> bool:
        return schema_id in self or schema_id in self.unknown

    async def load_schemas(
        self, schema_ids: Sequence[SchemaId], interrupted: asyncio.Event, beat: Callable[[], None]
    ) -> bool:
        """Ask until all of these are settled, however long that takes; False if interrupted.

        Settled are also those that the registry does not have, and those that it is not asked for
        since it did not have too many others. `beat` is called at every try.
        """
        for number, schema_id in enumerate(schema_ids):
            self.unknown.within_measure(schema_ids[number:])
            while not self._is_settled(schema_id) and not interrupted.is_set():
                beat()
                try:
                    await in_daemon_thread(partial(self.__missing__, schema_id), "schema")
                except RegistryUnavailable as outage:
                    logger.warning("waiting for schema %s: %s", schema_id, outage)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(interrupted.wait(), RETRY_SECONDS)
        return not interrupted.is_set()

    def list_reader(self) -> JsonOf:
        """Reads the values of the lists, as a view does. Raises as looking a schema up does."""
        if "suppressions" not in self._kinds:
            return bytes
        return lambda value: _as_published(unframed(self, value, ()) or b"")

    # -- output

    def writer(self, topic: str) -> Write:
        """What writes the values of an output topic."""
        if topic not in self._ids:
            return to_json
        write: Write = to_json
        if self._kinds[topic] == "avro":
            from schemas.avro import avro_writer  # noqa: PLC0415 -- only an extra brings it

            write_avro = avro_writer(schema_text(topic, "avro"))
            write = lambda value: write_avro(to_builtins(value))  # noqa: E731
        schema_id = self._ids[topic]
        return lambda value: framed(schema_id, write(value))


def product_reader(
    registry: SchemaRegistry | None,
) -> Callable[[bytes | None, bytes | None, Headers], tuple[str, Product | None]]:
    """What reads the records of the catalog: their keys, values and headers."""
    if registry is not None:
        return registry.read_product
    return lambda key, value, _: decode_product(key, value)


def registry_of(settings: Settings) -> SchemaRegistry | None:
    """The registry, where a topic has its values framed. Raises `UserError`."""
    return SchemaRegistry(settings) if settings.registry.schema_by_topic else None


def _as_published(content: bytes) -> bytes:
    """A list as it is in JSON, which leaves out what Avro has as null."""
    published = orjson.loads(content)
    if isinstance(published, dict):
        _drop_null(published, "forgotten")
        for entry in published.get("entries") or ():
            _drop_null(entry, "price")
            _drop_null(entry, "currency")
            _drop_null(entry, "via")
    return orjson.dumps(published)


def _drop_null(fields: dict[str, Any], name: str) -> None:
    if fields.get(name, ...) is None:
        del fields[name]


def _is_output(topic: str) -> bool:
    return topic not in PERSON_TOPICS and topic != CATALOG
