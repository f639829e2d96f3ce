"""Every setting of a worker: its name in the environment, its meaning, its default."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from schemas.adapters.formats import FORMATS, formats_of
from schemas.registered import schemas_of
from streams.contradictions import contradictions

PREFIX: Final = "UNHAUNT_"

Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it, its value and what was expected."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, validated. `from_environment` reads them."""

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
    application: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[a-zA-Z0-9._-]{1,100}$",
            description="Name of the consumer group; also begins the names of the changelog, the "
            "rerouting topic and the transactions.",
        ),
    ] = "unhaunt"
    topic_prefix: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[a-zA-Z0-9._-]{0,100}$",
            description="Put before the name of every input and output topic.",
        ),
    ] = ""
    instance: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[a-zA-Z0-9._-]{0,100}$",
            description="Name of this worker that outlives a restart, such as a pod's: makes it a "
            "static member of the group and keeps its state folder apart. A worker without one "
            "is a new member at each start. Each of several `--processes` adds its number, to the "
            "host's name if this is empty.",
        ),
    ] = ""
    state_folder: Annotated[
        str, msgspec.Meta(min_length=1, description="Folder of the local state.")
    ] = "unhaunt-state"
    formats: Annotated[
        str,
        msgspec.Meta(
            description="In what format the values of a topic are, such as "
            f"purchases=segment,dismissals=auto: {', '.join(FORMATS)}. auto tells each record by "
            "its fields. A topic that is not named has unhaunt, the contract's own. "
            "purchases=segment:Marketing (or auto:Marketing) names the category of consent that "
            "means personalised ads, where that is not Advertising."
        ),
    ] = ""
    schemas: Annotated[
        str,
        msgspec.Meta(
            description="Which topics' values stand in frames with the id of a schema in a "
            "registry, and of which kind that is, such as purchases=avro,decisions=json. A topic "
            "that is not named has plain JSON."
        ),
    ] = ""
    schema_registry_url: Annotated[
        str,
        msgspec.Meta(
            pattern="^(https?://.*)?$",
            description="Where the schema registry is, with its path if it has one.",
        ),
    ] = ""
    schema_registry_ca_file: Annotated[
        str,
        msgspec.Meta(
            description="Certificates (PEM) of the authorities by which the registry is known; "
            "empty for the usual ones."
        ),
    ] = ""
    schema_registry_username: Annotated[
        str, msgspec.Meta(description="Name to log in to the registry with; empty for no login.")
    ] = ""
    schema_registry_password: Annotated[
        str, msgspec.Meta(description="Password to log in to the registry with; never shown.")
    ] = ""
    schema_registry_password_file: Annotated[
        str,
        msgspec.Meta(
            description="File with that password, instead; a line break at its end does not count."
        ),
    ] = ""
    policy: Annotated[
        str,
        msgspec.Meta(
            description="Policy file (TOML), read again when it changes; empty for the default "
            "policy."
        ),
    ] = ""
    guarantee: Annotated[
        Literal["exactly_once", "at_least_once"],
        msgspec.Meta(
            description="exactly_once: outputs, state and offsets in one transaction. "
            "at_least_once: outputs and state acknowledged before offsets."
        ),
    ] = "exactly_once"
    checkpoint_milliseconds: Annotated[
        Positive,
        msgspec.Meta(
            description="A checkpoint is taken so often while there is a backlog, five times as "
            "often when there is none, and less often where it would take more than a fifth of the "
            "time."
        ),
    ] = 100
    checkpoint_records: Annotated[
        Positive, msgspec.Meta(description="A checkpoint is taken after so many records.")
    ] = 10_000
    batch_records: Annotated[
        Positive, msgspec.Meta(description="Most records of one partition that are taken at once.")
    ] = 2_000
    waiting_records: Annotated[
        Positive,
        msgspec.Meta(
            description="So many fetched records may wait for their turn in one topic's partition "
            "before no more of it is fetched."
        ),
    ] = 1_000
    waiting_megabytes: Annotated[
        Positive,
        msgspec.Meta(
            description="So much may wait in all partitions together before only that is fetched "
            "which the others wait for."
        ),
    ] = 64
    cached_persons: Annotated[
        Positive, msgspec.Meta(description="Decoded persons kept in memory for each partition.")
    ] = 5_000
    cache_megabytes: Annotated[
        Positive, msgspec.Meta(description="RocksDB's block cache, shared by all partitions.")
    ] = 32
    write_buffer_megabytes: Annotated[
        Positive, msgspec.Meta(description="RocksDB's write buffers, shared by all partitions.")
    ] = 32
    standbys: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=10,
            description="How many other workers keep the state of a partition warm, to take it "
            "over without restoring it first.",
        ),
    ] = 1
    session_seconds: Annotated[
        int,
        msgspec.Meta(
            ge=6, le=300, description="Silence after which the group takes a worker for dead."
        ),
    ] = 8
    transaction_seconds: Annotated[
        int,
        msgspec.Meta(
            ge=1, le=300, description="When Kafka aborts the transaction of a worker that has died."
        ),
    ] = 20
    dead_letter_percent: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=100,
            description="A worker stops when a larger share of at least 1,000 records of the last "
            "5 minutes are dead letters, since then a deployment is at fault and not the data; "
            "0 for never. The catalog does not count.",
        ),
    ] = 50
    http_host: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            description="Address on which a worker answers probes and scrapes; 0.0.0.0 for all of "
            "the machine's.",
        ),
    ] = "127.0.0.1"
    http_port: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=65_535,
            description="Port on which it answers: /metrics for Prometheus, /health/startup, "
            "/health/ready and /health/live; 0 for none. Several `--processes` have one together.",
        ),
    ] = 0
    traces: Annotated[
        Literal["none", "otlp"],
        msgspec.Meta(
            description="otlp sends a span of each checkpoint, and of each of its steps, to the "
            "OpenTelemetry collector that OTEL_EXPORTER_OTLP_ENDPOINT names."
        ),
    ] = "none"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        msgspec.Meta(description="Least severe log lines to write."),
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"],
        msgspec.Meta(
            description="Form of a worker's log: lines for people, or one JSON object a line, "
            "tracebacks and all."
        ),
    ] = "text"

    def __post_init__(self) -> None:
        # What cannot be read is told when it is set, not when it is used.
        formats_of(self.formats)
        schemas_of(self.schemas)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings from `UNHAUNT_…` variables.

        Raises `SettingsError` for a variable that is unknown or whose value is not right.
        """
        given = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(PREFIX) and name not in NOT_SETTINGS
        }
        known = {field.name for field in msgspec.structs.fields(cls)}
        for name in sorted(given.keys() - known):
            raise SettingsError(
                f"{variable(name)}: unknown setting. `unhaunt settings` lists those that there are."
            )
        for name, text in given.items():
            try:
                msgspec.convert({name: text}, cls, strict=False)
            except msgspec.ValidationError as error:
                expected = str(error).split(" - at ")[0]
                raise SettingsError(f"{variable(name)}={text!r}: {expected}") from error
        settings = msgspec.convert(given, cls, strict=False)
        for contradiction in contradictions(settings):
            raise SettingsError(contradiction)
        return settings

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{field.name}={_shown(field.name, getattr(self, field.name))!r}"
            for field in msgspec.structs.fields(self)
        )
        return f"Settings({shown})"

    @property
    def uses_sasl(self) -> bool:
        """Whether clients log in."""
        return self.security_protocol.startswith("SASL_")

    @property
    def uses_tls(self) -> bool:
        """Whether what clients and brokers say is encrypted."""
        return self.security_protocol.endswith("SSL")

    @property
    def format_by_topic(self) -> dict[str, str]:
        """By default name the format of each topic that is named in `formats`."""
        return formats_of(self.formats)

    @property
    def schema_by_topic(self) -> dict[str, str]:
        """By default name the kind of schema of each topic that is named in `schemas`."""
        return schemas_of(self.schemas)

    @property
    def member(self) -> str:
        """A name for this worker's transactions: the instance, or else a new one."""
        return self.instance or uuid.uuid4().hex[:12]

    @property
    def folder(self) -> Path:
        """The folder of this worker's partitions."""
        return Path(self.state_folder) / self.application / (self.instance or "worker")

    @property
    def changelog(self) -> str:
        """The topic that every change of state goes to."""
        return f"{self.application}-persons-changelog"

    @property
    def reroute(self) -> str:
        """The topic through which misplaced records reach their person's partition."""
        return f"{self.application}-reroute"

    @property
    def replayed(self) -> str:
        """The topic that notes which dead letters were sent back."""
        return f"{self.application}-replayed-dead-letters"

    def topic(self, name: str) -> str:
        """The name of a topic in this deployment, from its default name."""
        return self.topic_prefix + name


NOT_SETTINGS: Final = frozenset(
    {"UNHAUNT_ANONYMISE_KEY", "UNHAUNT_DATA", "UNHAUNT_TEST_KAFKA_HOME"}
)
"""Variables of `unhaunt anonymise` and of the tests, which are no settings of a worker."""


SECRETS: Final = frozenset({"sasl_password", "schema_registry_password"})
"""Settings whose value is shown nowhere."""


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def described(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Variable, value in force, default and meaning of every setting."""
    rows = []
    for field in msgspec.structs.fields(settings):
        kind: Any = msgspec.inspect.type_info(field.type)
        meaning = (kind.extra_json_schema or {}).get("description", "")
        value = _shown(field.name, getattr(settings, field.name))
        rows.append((variable(field.name), str(value), str(field.default), meaning))
    return rows


def _shown(name: str, value: Any) -> Any:
    """The value of a setting, as anybody may see it."""
    return "********" if name in SECRETS and value else value
