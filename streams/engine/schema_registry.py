"""The schema registry: schemas by id, each asked for once, and those that output is written by.

Asked over HTTP by confluent-kafka's client. Its serialisers are left out of the path of the
records: for one value each takes several times as long as all else that a worker does with it.
"""

import asyncio
import logging
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import orjson

from schemas.adapters.formats import Reader
from schemas.decoding import InvalidRecord
from schemas.framing import JsonOf, SchemaId, frame_of, framed, framed_readers
from schemas.registered import json_of, schema_text, unknown
from schemas.topics import PERSON_TOPICS
from streams.engine.daemon_thread import in_daemon_thread
from streams.errors import UserError
from streams.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

logger = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 5
RETRY_SECONDS: Final = 2
UNKNOWN_SECONDS: Final = 10
"""How long it is taken for granted that the registry does not have a schema."""

NOT_FOUND: Final = 404
NO_SUCH: Final = (40401, 40402, 40403)
"""The registry's codes for a subject, a version or a schema that is not there. A 404 without one of
them may be a gateway's word for a registry that is away."""
NO_SUCH_PATH: Final = 0
"""Apicurio's code where it is asked for a GUID, which it does not have for any schema."""

CATALOG: Final = "catalog"

Write = Callable[[Any], bytes]
"""Writes a value of an output topic."""


class RegistryUnavailable(UserError):
    """The registry does not answer, or not what it was asked."""


class NotRegistered(Exception):
    """The registry does not have what it was asked for."""


def client_of(settings: Settings) -> "SchemaRegistryClient":
    """A client of the registry that the settings name.

    Raises `UserError` where what it takes is not installed or a file cannot be read.
    """
    try:
        from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: PLC0415
    except ImportError as error:
        raise UserError(
            f"The client of schema registries is not installed ({error.name} is missing). "
            "Install it with: pip install 'unhaunt[registry]'"
        ) from error
    configured: dict[str, Any] = {
        "url": settings.schema_registry_url,
        "timeout": ANSWER_SECONDS,
        "max.retries": 0,
    }
    if settings.schema_registry_ca_file:
        configured["ssl.ca.location"] = settings.schema_registry_ca_file
    if settings.schema_registry_username:
        password = _password(settings)
        configured["basic.auth.user.info"] = f"{settings.schema_registry_username}:{password}"
    try:
        return SchemaRegistryClient(configured)
    except (OSError, ValueError) as error:
        raise UserError(f"UNHAUNT_SCHEMA_REGISTRY_…: {error}") from error


def _password(settings: Settings) -> str:
    if not settings.schema_registry_password_file:
        return settings.schema_registry_password
    try:
        return Path(settings.schema_registry_password_file).read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"UNHAUNT_SCHEMA_REGISTRY_PASSWORD_FILE={settings.schema_registry_password_file}: "
            f"it cannot be read ({error})."
        ) from error


@contextmanager
def asking(settings: Settings, no_such: Container[int] = NO_SUCH) -> Iterator[None]:
    """Tell what came of asking the registry by two errors.

    Raises `NotRegistered` and `RegistryUnavailable`.
    """
    import httpx2  # noqa: PLC0415 -- only an extra brings it
    from confluent_kafka.schema_registry import SchemaRegistryError  # noqa: PLC0415

    try:
        yield
    except SchemaRegistryError as error:
        if error.http_status_code == NOT_FOUND and error.error_code in no_such:
            raise NotRegistered(error.error_message) from error
        raise RegistryUnavailable(
            f"The schema registry at {settings.schema_registry_url} did not do what it was asked: "
            f"{error}. UNHAUNT_SCHEMA_REGISTRY_URL says where it is."
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        raise RegistryUnavailable(
            f"No schema registry answers at {settings.schema_registry_url} ({error}). Is it "
            "running? UNHAUNT_SCHEMA_REGISTRY_URL says where to look."
        ) from error


class SchemaRegistry(dict[SchemaId, JsonOf]):
    """How what was written by each schema is read, as far as it is known.

    What is not known yet is asked for when it is looked up, which blocks; an engine has `know` do
    it first.
    """

    def __init__(self, settings: Settings) -> None:
        """Ask for what is needed from the start.

        Raises `UserError` where the registry does not answer or lacks the schema of an output.
        """
        super().__init__()
        self._settings = settings
        self._kinds = settings.schema_by_topic
        self._client = client_of(settings)
        self._unknown: dict[SchemaId, float] = {}
        """Until when it need not be asked again for a schema that it does not have."""
        self._ids = {topic: self._id_of(topic) for topic in self._kinds if _is_output(topic)}
        for topic in self._kinds.keys() - self._ids.keys():
            with suppress(NotRegistered), asking(settings):
                self._client.get_latest_version(subject_of(settings, topic))

    def _id_of(self, topic: str) -> int:
        subject, kind = subject_of(self._settings, topic), self._kinds[topic]
        try:
            with asking(self._settings):
                found = self._client.lookup_schema(subject, registered_schema(topic, kind))
        except NotRegistered as missing:
            raise UserError(
                f"The schema registry at {self._settings.schema_registry_url} does not have the "
                f"schema of {topic} in {kind} under {subject}. `unhaunt schemas register` brings "
                "it there."
            ) from missing
        assert found.schema_id is not None
        return found.schema_id

    # -- input

    def __missing__(self, schema_id: SchemaId) -> JsonOf:
        """Ask for a schema. Raises `RegistryUnavailable`."""
        try:
            by_guid = isinstance(schema_id, str)
            with asking(self._settings, (*NO_SUCH, NO_SUCH_PATH) if by_guid else NO_SUCH):
                read = self._asked(schema_id)
        except NotRegistered:
            read = unknown(schema_id)
            self._unknown[schema_id] = monotonic() + UNKNOWN_SECONDS
        self[schema_id] = read
        return read

    def _asked(self, schema_id: SchemaId) -> JsonOf:
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

    @property
    def frames_products(self) -> bool:
        """Whether the values of the catalog are framed."""
        return CATALOG in self._kinds

    def missing_in(
        self,
        records: Mapping[Any, Iterable[Any]],
        streams: Mapping[str, str],
        products: Iterable[Any],
    ) -> set[SchemaId]:
        """The schemas that are to be asked for before what was fetched can be read.

        `records` are aiokafka's by topic and partition, `streams` what each topic is, and
        `products` are confluent-kafka's messages of the catalog. What was rerouted may be framed.
        """
        values: list[tuple[bytes | None, Any]] = [
            (record.value, record.headers)
            for place, fetched in records.items()
            if (name := streams[place.topic]) in self._kinds or name not in PERSON_TOPICS
            for record in fetched
        ]
        if self.frames_products:
            values += [(message.value(), message.headers()) for message in products]
        return self._missing(values)

    def _missing(self, values: Iterable[tuple[bytes | None, Any]]) -> set[SchemaId]:
        now = monotonic()
        for schema_id in [one for one, until in self._unknown.items() if until < now]:
            del self[schema_id], self._unknown[schema_id]
        named = set()
        for value, headers in values:
            with suppress(InvalidRecord):
                if value is not None and (frame := frame_of(value, headers or ())) is not None:
                    named.add(frame.schema_id)
        return {schema_id for schema_id in named if schema_id not in self}

    async def know(
        self, schema_ids: Iterable[SchemaId], given_up: asyncio.Event, beat: Callable[[], None]
    ) -> bool:
        """Ask until all of these are known, however long that takes; False if given up before.

        `beat` is called at every try.
        """
        for schema_id in schema_ids:
            while schema_id not in self and not given_up.is_set():
                beat()
                try:
                    await in_daemon_thread(partial(self.__missing__, schema_id), "schema")
                except RegistryUnavailable as outage:
                    logger.warning("waiting for schema %s: %s", schema_id, outage)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(given_up.wait(), RETRY_SECONDS)
        return not given_up.is_set()

    # -- output

    def writer(self, topic: str) -> Write:
        """What writes the values of an output topic."""
        if topic not in self._ids:
            return orjson.dumps
        write: Write = orjson.dumps
        if self._kinds[topic] == "avro":
            from schemas.avro import avro_writer  # noqa: PLC0415 -- only an extra brings it

            write = avro_writer(schema_text(topic, "avro"))
        schema_id = self._ids[topic]
        return lambda value: framed(schema_id, write(value))


def registry_of(settings: Settings) -> SchemaRegistry | None:
    """The registry, where a topic has its values framed. Raises `UserError`."""
    return SchemaRegistry(settings) if settings.schema_by_topic else None


def subject_of(settings: Settings, topic: str) -> str:
    """The name under which the schemas of a topic's values stand."""
    return f"{settings.topic(topic)}-value"


def registered_schema(topic: str, kind: str) -> "Schema":
    """The schema of a topic's values, for the registry's client."""
    from confluent_kafka.schema_registry import Schema  # noqa: PLC0415

    return Schema(schema_text(topic, kind), kind.upper())


def _is_output(topic: str) -> bool:
    return topic not in PERSON_TOPICS and topic != CATALOG
