"""TLS and SASL from one set of settings, for both clients of Kafka.

librdkafka produces, restores and administers; aiokafka is Faust's member of the group. A token for
OAUTHBEARER comes from a file, which is what both of them can do: whoever mounts it there, as
Kubernetes does, renews it.
"""

import asyncio
import base64
import ssl
from pathlib import Path
from time import time
from typing import Any, Final

import orjson
from aiokafka.abc import AbstractTokenProvider

from streams.errors import UserError
from streams.settings import KafkaSettings, variable

OPAQUE_SECONDS: Final = 60
"""A token that does not say until when it is good is read again after so long."""


def for_librdkafka(settings: KafkaSettings) -> dict[str, Any]:
    """The configuration of a confluent-kafka client.

    Raises `UserError` for a file that cannot be used.
    """
    configuration: dict[str, Any] = {"security.protocol": settings.security_protocol}
    if settings.uses_tls:
        _tls(settings)  # librdkafka would only say that something is wrong
        files = {
            "ssl.ca.location": settings.ssl_ca_file,
            "ssl.certificate.location": settings.ssl_certificate_file,
            "ssl.key.location": settings.ssl_key_file,
        }
        configuration |= {name: path for name, path in files.items() if path}
    if not settings.uses_sasl:
        return configuration
    configuration["sasl.mechanism"] = settings.sasl_mechanism
    if settings.uses_token:
        _token(settings)  # a mistake is raised here, and not only in the client's thread
        configuration["oauth_cb"] = lambda _: _token(settings)
    else:
        configuration |= {
            "sasl.username": settings.sasl_username,
            "sasl.password": _password(settings),
        }
    return configuration


def for_aiokafka(settings: KafkaSettings) -> dict[str, Any]:
    """The configuration of an aiokafka client.

    Raises `UserError` for a file that cannot be used.
    """
    configuration: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if settings.uses_tls:
        configuration["ssl_context"] = _tls(settings)
    if not settings.uses_sasl:
        return configuration
    configuration["sasl_mechanism"] = settings.sasl_mechanism
    if settings.uses_token:
        configuration["sasl_oauth_token_provider"] = TokenOfFile(settings)
    else:
        configuration["sasl_plain_username"] = settings.sasl_username
        configuration["sasl_plain_password"] = _password(settings)
    return configuration


class TokenOfFile(AbstractTokenProvider):  # type: ignore[misc]
    """Reads the token for each connection that aiokafka makes."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings

    async def token(self) -> str:
        """The token as it is now."""
        token, _ = await asyncio.to_thread(_token, self._settings)
        return token


def _token(settings: KafkaSettings) -> tuple[str, float]:
    """The token and until when it is good, in epoch seconds."""
    token = _read(settings, "sasl_token_file")
    return token, _expiry(token)


def _expiry(token: str) -> float:
    """The `exp` of a JSON Web Token (RFC 7519); of any other token, a while from now."""
    try:
        payload = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (LookupError, TypeError, ValueError):
        return time() + OPAQUE_SECONDS


def _password(settings: KafkaSettings) -> str:
    if settings.sasl_password_file:
        return _read(settings, "sasl_password_file")
    return settings.sasl_password


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    """Whom to trust and what to show. Raises `UserError` naming the file that cannot be used."""
    named = "ssl_ca_file"
    try:
        context = ssl.create_default_context(cafile=settings.ssl_ca_file or None)
        if settings.ssl_certificate_file:
            named = "ssl_certificate_file"
            # Without a password at hand OpenSSL would ask at the terminal for it.
            context.load_cert_chain(
                settings.ssl_certificate_file, settings.ssl_key_file, password=lambda: ""
            )
    except (OSError, ValueError) as error:
        # The system's own message has no file in it, and OpenSSL's often not much at all.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UserError(f"{_named(settings, named)}: cannot be used: {reason}.") from error
    return context


def _read(settings: KafkaSettings, name: str) -> str:
    """The content of the file that a setting names, without line breaks at its end."""
    try:
        content = Path(getattr(settings, name)).read_text().rstrip("\r\n")
    except OSError as error:
        message = f"{_named(settings, name)}: cannot be read: {error.strerror}."
        raise UserError(message) from error
    except UnicodeDecodeError as error:
        raise UserError(f"{_named(settings, name)}: expected text in UTF-8.") from error
    if not content:
        raise UserError(f"{_named(settings, name)}: the file is empty.")
    return content


def _named(settings: KafkaSettings, name: str) -> str:
    return f"{variable(name)}={getattr(settings, name)}"
