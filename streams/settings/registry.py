"""The settings for a schema registry: whose values have schemas there, and how to reach it."""

from typing import Annotated

import msgspec

from schemas.registered import schemas_of
from streams.settings.section import Section, SettingsError, wrong_value


def _name_of_variable(field: str) -> str:
    return field if field == "schemas" else f"schema_registry_{field}"


class RegistrySettings(Section, frozen=True, kw_only=True, rename=_name_of_variable):
    """Which topics' values have schemas in a registry, where it is, and how to log in.

    Raises `SettingsError` for schemas that cannot be read, and for settings that lack one another.
    """

    schemas: Annotated[
        str,
        msgspec.Meta(
            description="Which topics' values stand in frames with the id of a schema in a "
            "registry, and of which kind that is, such as purchases=avro,decisions=json. A topic "
            "that is not named has plain JSON."
        ),
    ] = ""
    url: Annotated[
        str,
        msgspec.Meta(
            pattern="^(https?://.*)?$",
            description="Where the schema registry is, with its path if it has one.",
        ),
    ] = ""
    ca_file: Annotated[
        str,
        msgspec.Meta(
            description="Certificates (PEM) of the authorities by which the registry is known; "
            "empty for the usual ones."
        ),
    ] = ""
    username: Annotated[
        str, msgspec.Meta(description="Name to log in to the registry with; empty for no login.")
    ] = ""
    password: Annotated[
        str, msgspec.Meta(description="Password to log in to the registry with; never shown.")
    ] = ""
    password_file: Annotated[
        str,
        msgspec.Meta(
            description="File with that password, instead; a line break at its end does not count."
        ),
    ] = ""

    def __post_init__(self) -> None:
        try:
            schemas_of(self.schemas)
        except ValueError as error:
            raise wrong_value("schemas", self.schemas, error) from error
        if self.schemas and not self.url:
            raise SettingsError(
                "UNHAUNT_SCHEMA_REGISTRY_URL: expected the address of a registry, for "
                "UNHAUNT_SCHEMAS."
            )
        passwords = sum(map(bool, (self.password, self.password_file)))
        if passwords != bool(self.username):
            raise SettingsError(
                "UNHAUNT_SCHEMA_REGISTRY_PASSWORD and UNHAUNT_SCHEMA_REGISTRY_PASSWORD_FILE: "
                "expected one of the two with UNHAUNT_SCHEMA_REGISTRY_USERNAME, and none without "
                "it."
            )

    @property
    def schema_by_topic(self) -> dict[str, str]:
        """By default name the kind of schema of each topic that is named in `schemas`."""
        return schemas_of(self.schemas)
