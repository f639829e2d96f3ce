"""The settings for Kafka's brokers: where they are and how to speak to them."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec

from streams.settings.section import Section, SettingsError, variable

TLS: Final = ("ssl_ca_file", "ssl_certificate_file", "ssl_key_file")
BY_PASSWORD: Final = ("sasl_username", "sasl_password", "sasl_password_file")
BY_TOKEN: Final = ("sasl_token_file",)


class KafkaSettings(Section, frozen=True, kw_only=True):
    """How to reach the brokers, what to encrypt, and how to log in.

    Raises `SettingsError` for settings that contradict one another.
    """

    brokers: Annotated[
        str,
        msgspec.Meta(
            min_length=1, description="Kafka brokers to start from: host:port, separated by commas."
        ),
    ] = "127.0.0.1:9092"
    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        msgspec.Meta(
            description="How to speak to the brokers, in Kafka's words: SSL encrypts, SASL says "
            "who one is."
        ),
    ] = "PLAINTEXT"
    ssl_ca_file: Annotated[
        str,
        msgspec.Meta(
            description="Certificates (PEM) of the authorities by which brokers are known; empty "
            "for those of the system."
        ),
    ] = ""
    ssl_certificate_file: Annotated[
        str,
        msgspec.Meta(description="Certificate chain (PEM) to show to the brokers; empty for none."),
    ] = ""
    ssl_key_file: Annotated[
        str, msgspec.Meta(description="Private key (PEM, not encrypted) of that certificate.")
    ] = ""
    sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"],
        msgspec.Meta(
            description="How to log in where the protocol is with SASL: OAUTHBEARER by a token, "
            "the others by name and password."
        ),
    ] = "SCRAM-SHA-512"
    sasl_username: Annotated[str, msgspec.Meta(description="Name to log in with.")] = ""
    sasl_password: Annotated[
        str, msgspec.Meta(description="Password to log in with; never shown.")
    ] = ""
    sasl_password_file: Annotated[
        str,
        msgspec.Meta(
            description="File with the password, instead of UNHAUNT_SASL_PASSWORD; a line break at "
            "its end does not count."
        ),
    ] = ""
    sasl_token_file: Annotated[
        str,
        msgspec.Meta(
            description="File with the token for OAUTHBEARER, such as Kubernetes mounts; it is "
            "read again whenever a token is needed."
        ),
    ] = ""

    def __post_init__(self) -> None:
        # One that would not be used is an error: somebody believes that it protects them.
        for name in self._unused():
            if getattr(self, name):
                raise SettingsError(
                    f"{variable(name)}: it is set, but with "
                    f"UNHAUNT_SECURITY_PROTOCOL={self.security_protocol} and "
                    f"UNHAUNT_SASL_MECHANISM={self.sasl_mechanism} it would not be used."
                )
        if bool(self.ssl_certificate_file) != bool(self.ssl_key_file):
            raise SettingsError(
                "UNHAUNT_SSL_CERTIFICATE_FILE and UNHAUNT_SSL_KEY_FILE: expected both or neither."
            )
        if self.uses_sasl:
            self._check_login()

    @property
    def uses_sasl(self) -> bool:
        """Whether clients log in."""
        return self.security_protocol.startswith("SASL_")

    @property
    def uses_tls(self) -> bool:
        """Whether the connections to the brokers are encrypted."""
        return self.security_protocol.endswith("SSL")

    @property
    def uses_token(self) -> bool:
        """Whether clients that log in do so by a token, rather than by name and password."""
        return self.sasl_mechanism == "OAUTHBEARER"

    def _unused(self) -> Sequence[str]:
        """The settings of TLS and SASL that the protocol and the mechanism leave without use."""
        tls = () if self.uses_tls else TLS
        if not self.uses_sasl:
            return (*tls, *BY_PASSWORD, *BY_TOKEN)
        return (*tls, *(BY_PASSWORD if self.uses_token else BY_TOKEN))

    def _check_login(self) -> None:
        if self.uses_token:
            if not self.sasl_token_file:
                raise SettingsError("UNHAUNT_SASL_TOKEN_FILE: expected a file, for OAUTHBEARER.")
            return
        if not self.sasl_username:
            raise SettingsError(
                f"UNHAUNT_SASL_USERNAME: expected a name, for {self.sasl_mechanism}."
            )
        if bool(self.sasl_password) == bool(self.sasl_password_file):
            raise SettingsError(
                "UNHAUNT_SASL_PASSWORD and UNHAUNT_SASL_PASSWORD_FILE: expected one of the two, "
                f"for {self.sasl_mechanism}."
            )
