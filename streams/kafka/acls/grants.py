"""The rights that a worker and a view need on a cluster with access control, and no others.

To read or to write includes to describe, as Kafka's authoriser has it, so that is not granted by
itself. Topics are created by others (`unhaunt topics apply`), with other rights.
"""

from typing import Literal, NamedTuple

from schemas.topics import TOPICS
from streams.kafka.topics import deployed
from streams.settings import Settings

Resource = Literal["topic", "group", "transactionalId"]
Operation = Literal["Read", "Write", "Describe"]


class Grant(NamedTuple):
    """A right to do something with what has this name, or with all whose names begin with it."""

    resource: Resource
    name: str
    operations: tuple[Operation, ...]
    is_prefix: bool = False


def worker_grants(settings: Settings) -> tuple[Grant, ...]:
    """The least that lets a worker of this deployment work."""
    topics = (Grant("topic", topic.name, _operations(topic.stream)) for topic in deployed(settings))
    return (
        *topics,
        # Members of the group read it, and write their offsets to it as a part of transactions.
        Grant("group", settings.application, ("Read",)),
        # Each worker has a transaction of its own, and ends that of another which has died.
        Grant("transactionalId", f"{settings.application}-", ("Write",), is_prefix=True),
    )


def view_grants(settings: Settings) -> tuple[Grant, ...]:
    """The least that lets a view of this deployment follow it, as `unhaunt serve` does."""
    return (
        *(Grant("topic", settings.topic(name), ("Read",)) for name in ("suppressions", "catalog")),
        # Kafka's client looks for the group, though it never joins it.
        Grant("group", settings.application, ("Describe",)),
    )


def _operations(stream: str) -> tuple[Operation, ...]:
    """What a worker does with a topic; its own three it both writes and reads."""
    topic = TOPICS.get(stream)
    if topic is None:
        return ("Read", "Write")
    return ("Read",) if topic.direction == "in" else ("Write",)
