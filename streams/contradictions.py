"""Which settings need one another, and which rule one another out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from streams.settings import Settings

LOGIN: Final = ("sasl_username", "sasl_password", "sasl_password_file", "sasl_token_file")
TLS: Final = ("ssl_ca_file", "ssl_certificate_file", "ssl_key_file")


def contradictions(settings: "Settings") -> Iterator[str]:
    """A line for each, with what was expected."""
    yield from _of_security(settings)
    yield from _of_the_registry(settings)


def _of_security(settings: "Settings") -> Iterator[str]:
    """TLS and SASL. One that would not be used counts: somebody believes that it protects them."""
    is_by_token = settings.sasl_mechanism == "OAUTHBEARER"
    unused = [
        *(() if settings.uses_tls else TLS),
        *(LOGIN if not settings.uses_sasl else LOGIN[:3] if is_by_token else LOGIN[3:]),
    ]
    for name in unused:
        if getattr(settings, name):
            yield (
                f"UNHAUNT_{name.upper()}: it is set, but with "
                f"UNHAUNT_SECURITY_PROTOCOL={settings.security_protocol} and "
                f"UNHAUNT_SASL_MECHANISM={settings.sasl_mechanism} it would not be used."
            )
    if bool(settings.ssl_certificate_file) != bool(settings.ssl_key_file):
        yield "UNHAUNT_SSL_CERTIFICATE_FILE and UNHAUNT_SSL_KEY_FILE: expected both or neither."
    if not settings.uses_sasl:
        return
    if is_by_token and not settings.sasl_token_file:
        yield "UNHAUNT_SASL_TOKEN_FILE: expected a file, for OAUTHBEARER."
    if not is_by_token and not settings.sasl_username:
        yield f"UNHAUNT_SASL_USERNAME: expected a name, for {settings.sasl_mechanism}."
    if not is_by_token and bool(settings.sasl_password) == bool(settings.sasl_password_file):
        yield (
            "UNHAUNT_SASL_PASSWORD and UNHAUNT_SASL_PASSWORD_FILE: expected one of the two, for "
            f"{settings.sasl_mechanism}."
        )


def _of_the_registry(settings: "Settings") -> Iterator[str]:
    if settings.schemas and not settings.schema_registry_url:
        yield (
            "UNHAUNT_SCHEMA_REGISTRY_URL: expected the address of a registry, for UNHAUNT_SCHEMAS."
        )
    passwords = (settings.schema_registry_password, settings.schema_registry_password_file)
    if len([one for one in passwords if one]) != bool(settings.schema_registry_username):
        yield (
            "UNHAUNT_SCHEMA_REGISTRY_PASSWORD and UNHAUNT_SCHEMA_REGISTRY_PASSWORD_FILE: expected "
            "one of the two with UNHAUNT_SCHEMA_REGISTRY_USERNAME, and none without it."
        )
