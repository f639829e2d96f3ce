"""The schemas of a deployment in its registry: whether they are compatible, and registering."""

from collections.abc import Iterator
from typing import NamedTuple

from streams.errors import UserError
from streams.kafka.registry.client import (
    NotRegistered,
    client_of,
    registered_schema,
    registry_errors,
    subject_of,
)
from streams.settings import Settings


class Subject(NamedTuple):
    """The subject of a topic's values in the registry."""

    name: str
    kind: str
    schema_id: int | None
    """Of the schema that this version has; None while it is not there."""
    is_compatible: bool
    """Whether the registry accepts that schema by its compatibility rules for the subject."""


def subjects(settings: Settings) -> Iterator[Subject]:
    """What the registry has, and would accept, for each topic that has schemas.

    Raises `UserError` where no topic has schemas, and when the registry does not answer.
    """
    kinds, client = _kinds(settings), client_of(settings.registry)
    for topic, kind in kinds.items():
        name, schema = subject_of(settings, topic), registered_schema(topic, kind)
        try:
            with registry_errors(settings.registry):
                found = client.lookup_schema(name, schema).schema_id
            yield Subject(name, kind, found, True)
        except NotRegistered:
            yield Subject(name, kind, None, _is_compatible(settings, name, topic, kind))


def register(settings: Settings) -> Iterator[Subject]:
    """Register the schemas that the registry lacks and accepts.

    Yields all subjects as they are then. Raises as `subjects` does.
    """
    kinds, client = _kinds(settings), client_of(settings.registry)
    for topic, subject in zip(kinds, subjects(settings), strict=True):
        if subject.schema_id is not None or not subject.is_compatible:
            yield subject
            continue
        with registry_errors(settings.registry):
            schema = registered_schema(topic, subject.kind)
            yield subject._replace(schema_id=client.register_schema(subject.name, schema))


def _kinds(settings: Settings) -> dict[str, str]:
    if not settings.registry.schemas:
        raise UserError(
            "No topic has schemas. UNHAUNT_SCHEMAS names those that are to have some, such as "
            "UNHAUNT_SCHEMAS=purchases=avro,decisions=json."
        )
    return settings.registry.schema_by_topic


def _is_compatible(settings: Settings, name: str, topic: str, kind: str) -> bool:
    try:
        with registry_errors(settings.registry):
            client = client_of(settings.registry)
            return client.test_compatibility(name, registered_schema(topic, kind))
    except NotRegistered:
        return True
