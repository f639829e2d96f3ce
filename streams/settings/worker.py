"""The settings of a worker: their names, meanings and defaults, and the names that follow."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec

from schemas.adapters.formats import FORMATS, formats_of
from schemas.topics import SHARES
from streams.settings.environment import read
from streams.settings.kafka import KafkaSettings
from streams.settings.registry import RegistrySettings
from streams.settings.section import Section, wrong_value
from streams.settings.serve import ServeSettings

Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class Settings(Section, frozen=True, kw_only=True):
    """All settings of a deployment and of one worker in it. `from_environment` reads them.

    Their order is that of `unhaunt settings`. Raises `SettingsError` for formats that cannot be
    read.
    """

    kafka: KafkaSettings = KafkaSettings()
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
            "means personalised ads, where that is not Advertising. identities=ga4:explicit says "
            "what it means that an event names both a device and a person: signed_in (when "
            "absent), linked, or explicit, which is nothing unless the event is about that. "
            "purchases=segment:signed_in has such statements come out of another topic's events."
        ),
    ] = ""
    registry: RegistrySettings = RegistrySettings()
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
            description="A checkpoint is taken so often while there is a backlog, up to five times "
            "as often when there is none and brokers are quick to commit it, and less often where "
            "preparing it would take more than a fifth of a busy worker's time."
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
    ] = 7_500
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
    serve: ServeSettings = ServeSettings()
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
        try:
            formats_of(self.formats)
        except ValueError as error:
            raise wrong_value("formats", self.formats, error) from error

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings from `UNHAUNT_…` variables.

        Raises `SettingsError` for a variable that is unknown or whose value is not right, and for
        settings that contradict one another.
        """
        return read(cls, environment)

    @property
    def format_by_topic(self) -> dict[str, str]:
        """By default name the format of each topic that is named in `formats`."""
        return formats_of(self.formats)

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
    def shares(self) -> str:
        """The topic through which linked ids share what was reported of each."""
        return f"{self.application}-shares"

    @property
    def replayed(self) -> str:
        """The topic that notes which dead letters were sent back."""
        return f"{self.application}-replayed-dead-letters"

    def topic(self, name: str) -> str:
        """The name of a topic in this deployment, from its default name."""
        return self.shares if name == SHARES else self.topic_prefix + name
