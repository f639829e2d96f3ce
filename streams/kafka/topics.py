"""The topics of a deployment: which there must be, which there are, and how the two differ.

Nothing that exists is ever altered. In particular not the number of partitions: that would send
the next record of a person to another partition than all that is known of them (SPEC 2 and 6).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Final, Literal

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource, NewTopic  # type: ignore[attr-defined]

from schemas.topics import PERSON_TOPICS, REROUTED, SHARES, STREAMS, TOPICS
from streams.errors import UserError
from streams.kafka.admin import SECONDS, Admin
from streams.kafka.clients import LARGEST_RECORD
from streams.settings import Settings
from streams.wording import counted

PARTITIONS: Final = 8
"""How many partitions new topics get when neither the user nor a topic that is there says."""

MOST_REPLICAS: Final = 3

OUTPUT_CONFIG: Final = {"max.message.bytes": str(LARGEST_RECORD)}
"""A dead letter is its record and more, and one person's state or list may be long."""

SHARES_CONFIG: Final = {**OUTPUT_CONFIG, "retention.ms": str(7 * 86_400_000)}
"""Nobody can send a share again, so a cluster that keeps records for an hour keeps these for longer
than no worker runs."""

CHANGELOG_CONFIG: Final = {
    **OUTPUT_CONFIG,
    "min.cleanable.dirty.ratio": "0.1",
    "segment.bytes": "104857600",
}
"""Compacts early and in small pieces: what is left of a changelog is what a restore has to read."""


@dataclass(frozen=True, slots=True)
class DeployedTopic:
    """One topic under its name in this deployment."""

    name: str
    """With the deployment's prefix."""
    stream: str
    """Its default name; `rerouted`, `shares` or `changelog` for the processor's own three."""
    cleanup: Literal["delete", "compact"]
    is_grouped: bool = True
    """Whether it must have as many partitions as the person topics."""
    is_optional: bool = False
    """Whether the processor works without it."""
    config: Mapping[str, str] = field(default_factory=dict)
    """What else a new one is created with."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a deployment's topics differ from what they must be."""

    missing: tuple[DeployedTopic, ...]
    partitions: int
    """How many partitions new topics are to get."""
    replication: int
    """How many replicas new topics are to get."""
    unequal: tuple[str, ...]
    """A sentence for each topic whose number of partitions is not that of the others."""
    differing: tuple[str, ...]
    """A sentence for each topic with another cleanup policy than it must have."""


def deployed(settings: Settings) -> tuple[DeployedTopic, ...]:
    """All topics of a deployment: those of the contract and the processor's own three."""
    contract = (
        DeployedTopic(
            name=settings.topic(topic.name),
            stream=topic.name,
            cleanup=topic.cleanup,
            is_grouped=topic.key != "product_id",
            is_optional=topic.optional,
            config=OUTPUT_CONFIG if topic.direction == "out" else {},
        )
        for topic in TOPICS.values()
    )
    return (
        *contract,
        DeployedTopic(settings.reroute, REROUTED, "delete", config=OUTPUT_CONFIG),
        DeployedTopic(settings.shares, SHARES, "delete", config=SHARES_CONFIG),
        DeployedTopic(settings.changelog, "changelog", "compact", config=CHANGELOG_CONFIG),
    )


def existing(settings: Settings) -> Mapping[str, int]:
    """The number of partitions of each of the deployment's topics that is there.

    Raises `UserError` when no broker answers, or lets this client in.
    """
    counts, _ = _look(Admin(settings), settings)
    return counts


def plan(settings: Settings, partitions: int | None = None, replication: int | None = None) -> Plan:
    """Compare the topics that are there with those that must be.

    Without `partitions` the topics that are there say how many; without `replication` it is 3,
    or as many as there are brokers if these are fewer. Raises `UserError` when no broker answers.
    """
    client = Admin(settings)
    counts, brokers = _look(client, settings)
    topics = deployed(settings)
    configured = configurations(settings, counts)
    chosen = partitions or _prevailing(counts, topics) or PARTITIONS
    return Plan(
        missing=tuple(topic for topic in topics if topic.name not in counts),
        partitions=chosen,
        replication=replication or min(MOST_REPLICAS, brokers),
        unequal=tuple(
            f"{topic.name}: has {counted(counts[topic.name], 'partition')}, expected {chosen}"
            for topic in topics
            if topic.is_grouped and counts.get(topic.name, chosen) != chosen
        ),
        differing=tuple(
            f"{topic.name}: cleanup.policy is {cleanup}, expected {topic.cleanup}"
            for topic in topics
            if (cleanup := configured.get(topic.name, {}).get("cleanup.policy", topic.cleanup))
            != topic.cleanup
        ),
    )


def create(settings: Settings, planned: Plan) -> None:
    """Create the topics that a plan misses, and wait until the brokers list them.

    Raises `UserError` naming those that failed.
    """
    if not planned.missing:
        return
    client = Admin(settings)
    futures = client.create_topics(
        [
            NewTopic(
                topic.name,
                planned.partitions,
                planned.replication,
                config={"cleanup.policy": topic.cleanup, **topic.config},
            )
            for topic in planned.missing
        ],
        operation_timeout=SECONDS,
    )
    failed = []
    for name, future in futures.items():
        try:
            future.result()
        except KafkaException as error:
            failed.append(f"{name}: {error.args[0].str()}")
    if failed:
        raise UserError("Not created:\n" + "\n".join(failed))
    _wait_until_listed(client, settings, {topic.name for topic in planned.missing})


def _wait_until_listed(client: Admin, settings: Settings, names: set[str]) -> None:
    """A broker that is busy lists new topics a moment after they were created."""
    deadline = monotonic() + SECONDS
    while missing := names - client.metadata().topics.keys():
        if monotonic() > deadline:
            raise UserError(
                f"Created, but {settings.kafka.brokers} does not list them yet: "
                f"{', '.join(sorted(missing))}. `unhaunt topics check` tells when it does."
            )
        sleep(0.05)


def require(settings: Settings) -> tuple[dict[str, str], int]:
    """What a worker has to read: stream by topic name, and how many partitions each has.

    An optional topic that is not there is left out: to ask for it would make some brokers create
    it. Raises `UserError` when a required topic is missing, when the topics of one person cannot
    meet because their numbers of partitions differ, or when no broker answers.
    """
    counts = existing(settings)
    topics = deployed(settings)
    missing = [t.name for t in topics if not t.is_optional and t.name not in counts]
    if missing:
        raise UserError(
            f"These topics are missing at {settings.kafka.brokers}: {', '.join(missing)}. "
            "Create them with: unhaunt topics apply"
        )
    grouped = {topic.name: counts[topic.name] for topic in topics
               if topic.is_grouped and topic.name in counts}  # fmt: skip
    if len(set(grouped.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in grouped.items())
        raise UserError(
            "These topics must have the same number of partitions, or the records of one person "
            f"do not meet: {listed}. `unhaunt topics check` says more."
        )
    read = {
        topic.name: topic.stream
        for topic in topics
        if topic.name in counts and topic.stream in STREAMS
    }
    return read, next(iter(grouped.values()))


def _prevailing(counts: Mapping[str, int], topics: tuple[DeployedTopic, ...]) -> int | None:
    """The number of partitions of most person topics, or else of most others; None without any."""
    for candidates in (
        [topic for topic in topics if topic.stream in PERSON_TOPICS],
        [topic for topic in topics if topic.is_grouped],
    ):
        found = Counter(counts[topic.name] for topic in candidates if topic.name in counts)
        if found:
            return found.most_common(1)[0][0]
    return None


def _look(client: Admin, settings: Settings) -> tuple[dict[str, int], int]:
    """The partitions of the deployment's topics that are there, and the number of brokers."""
    metadata = client.metadata()
    counts = {
        topic.name: len(metadata.topics[topic.name].partitions)
        for topic in deployed(settings)
        if topic.name in metadata.topics
    }
    return counts, len(metadata.brokers)


def configurations(settings: Settings, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The configuration of these topics, as far as the broker reports it."""
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    if not resources:
        return {}
    client = Admin(settings)  # to be kept until it has answered
    futures = client.describe_configs(resources, request_timeout=SECONDS)
    found = {}
    for resource, future in futures.items():
        try:
            entries = future.result()
        except KafkaException:
            continue  # such as a client that may not describe topics
        found[resource.name] = {
            name: entry.value for name, entry in entries.items() if entry.value is not None
        }
    return found
