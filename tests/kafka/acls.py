"""Giving the user of a secured broker what ACLs say, and taking it away again."""

from collections.abc import Iterable
from typing import Any

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from streams.kafka.acls.grants import Grant
from tests.kafka.security import PRINCIPAL
from tests.waiting import wait_until

SECONDS = 20

RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}


def allow(broker: str, grants: Iterable[Grant]) -> None:
    """Let the user do this, from when it returns on."""
    client = AdminClient({"bootstrap.servers": broker})
    bindings = [AclBinding(*described) for described in _described(grants)]
    for answer in client.create_acls(bindings).values():
        answer.result(SECONDS)
    wait_until(lambda: _known(client).issuperset(bindings), "ACLs that count", SECONDS)


def forbid(broker: str, grants: Iterable[Grant]) -> None:
    """Let the user do this no more, from when it returns on."""
    client = AdminClient({"bootstrap.servers": broker})
    filters = [AclBindingFilter(*described) for described in _described(grants)]
    gone: set[AclBinding] = set()
    for answer in client.delete_acls(filters).values():
        gone.update(answer.result(SECONDS))
    assert len(gone) == len(filters), "there were no such ACLs"
    wait_until(lambda: _known(client).isdisjoint(gone), "ACLs that do not count", SECONDS)


def _known(client: AdminClient) -> set[AclBinding]:
    """The user's ACLs that the broker goes by, which is a moment after it has taken them."""
    every = AclBindingFilter(
        ResourceType.ANY,
        None,
        ResourcePatternType.ANY,
        PRINCIPAL,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    return set(client.describe_acls(every).result(SECONDS))


def _described(grants: Iterable[Grant]) -> list[tuple[Any, ...]]:
    return [
        (
            RESOURCES[grant.resource],
            grant.name,
            ResourcePatternType.PREFIXED if grant.is_prefix else ResourcePatternType.LITERAL,
            PRINCIPAL,
            "*",
            AclOperation[operation.upper()],
            AclPermissionType.ALLOW,
        )
        for grant in grants
        for operation in grant.operations
    ]
