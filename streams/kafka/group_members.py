"""Who is in the consumer group, as its coordinator tells."""

from time import monotonic
from typing import NamedTuple

from confluent_kafka import ConsumerGroupState, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from streams.kafka.clients import client_settings
from streams.kafka.offsets import retry_while_moving
from streams.settings import Settings


class Member(NamedTuple):
    """Whoever has joined the group and was not given up since."""

    id: str
    """By which the coordinator knows it: another one each time that it joins anew."""
    instance: str | None
    """Its `UNHAUNT_INSTANCE`; None when it has none."""
    client: str
    """The name of the worker, as transactions and checkpoints have it."""
    host: str
    """From where it speaks to the brokers."""


class Group(NamedTuple):
    """The members of a group, and whether all of them have their partitions."""

    members: tuple[Member, ...]
    is_stable: bool
    """False while partitions are given anew: then a member that has died may be kept for longer."""


def group_of(settings: Settings, seconds: float) -> Group:
    """The deployment's group as it is now; nobody is in one that is not there.

    Raises `KafkaException` when no broker answers in so many seconds.
    """
    name = settings.application
    client = AdminClient(client_settings(settings))

    def ask() -> Group:
        found = client.describe_consumer_groups([name], request_timeout=seconds)[name].result()
        members = (
            Member(each.member_id, each.group_instance_id, each.client_id, each.host.lstrip("/"))
            for each in found.members
        )
        return Group(tuple(members), found.state == ConsumerGroupState.STABLE)

    try:
        return retry_while_moving(ask, monotonic() + seconds)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return Group((), is_stable=True)
        raise
