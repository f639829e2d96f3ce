"""Asking a schema registry over HTTP, by confluent-kafka's client."""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from schemas.registered import schema_text
from streams.errors import UserError
from streams.settings import RegistrySettings, Settings

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

ANSWER_SECONDS: Final = 5

NOT_FOUND: Final = 404
NO_SUCH: Final = (40401, 40402, 40403)
"""The registry's codes for a subject, a version or a schema that is not there. A 404 without one of
them may come from a gateway, while the registry is away."""
NO_SUCH_PATH: Final = 0
"""Apicurio's code where it is asked for a GUID, which it does not have for any schema."""


class RegistryUnavailable(UserError):
    """The registry does not answer, or not what it was asked."""


class NotRegistered(Exception):
    """The registry does not have what it was asked for."""


def client_of(settings: RegistrySettings) -> "SchemaRegistryClient":
    """A client of the registry that the settings name.

    Raises `UserError` where the client is not installed or a file cannot be read.
    """
    try:
        from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: PLC0415
    except ImportError as error:
        raise UserError(
            f"The client of schema registries is not installed ({error.name} is missing). "
            "Install it with: pip install 'unhaunt[registry]'"
        ) from error
    configured: dict[str, Any] = {
        "url": settings.url,
        "timeout": ANSWER_SECONDS,
        "max.retries": 0,
    }
    if settings.ca_file:
        configured["ssl.ca.location"] = settings.ca_file
    if settings.username:
        password = _password(settings)
        configured["basic.auth.user.info"] = f"{settings.username}:{password}"
    try:
        return SchemaRegistryClient(configured)
    except (OSError, ValueError) as error:
        raise UserError(f"UNHAUNT_SCHEMA_REGISTRY_…: {error}") from error


def _password(settings: RegistrySettings) -> str:
    if not settings.password_file:
        return settings.password
    try:
        return Path(settings.password_file).read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"UNHAUNT_SCHEMA_REGISTRY_PASSWORD_FILE={settings.password_file}: "
            f"it cannot be read ({error})."
        ) from error


@contextmanager
def registry_errors(
    settings: RegistrySettings, no_such: Container[int] = NO_SUCH
) -> Iterator[None]:
    """Translate the errors of the registry's client into two of our own.

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
            f"The schema registry at {settings.url} did not do what it was asked: "
            f"{error}. UNHAUNT_SCHEMA_REGISTRY_URL says where it is."
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        raise RegistryUnavailable(
            f"No schema registry answers at {settings.url} ({error}). Is it "
            "running? UNHAUNT_SCHEMA_REGISTRY_URL says where to look."
        ) from error


def subject_of(settings: Settings, topic: str) -> str:
    """The subject under which the registry has the schemas of a topic's values."""
    return f"{settings.topic(topic)}-value"


def registered_schema(topic: str, kind: str) -> "Schema":
    """The schema of a topic's values, for the registry's client."""
    from confluent_kafka.schema_registry import Schema  # noqa: PLC0415

    return Schema(schema_text(topic, kind), kind.upper())
