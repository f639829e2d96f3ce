"""The rights of a worker as calls of Kafka's own tool, for clusters whose ACLs are kept with it."""

import shlex
from collections.abc import Iterable, Iterator
from typing import Final

from streams.kafka.acls.grants import Grant

_OPTIONS: Final = {
    "topic": "--topic",
    "group": "--group",
    "transactionalId": "--transactional-id",
}


def commands(grants: Iterable[Grant], principal: str, brokers: str) -> Iterator[str]:
    """For each right a command line that adds its ACLs."""
    for grant in grants:
        operations = [word for name in grant.operations for word in ("--operation", name)]
        yield shlex.join(
            [
                "kafka-acls.sh",
                *("--bootstrap-server", brokers, "--add", "--allow-principal", principal),
                *(*operations, _OPTIONS[grant.resource], grant.name),
                *("--resource-pattern-type", "prefixed" if grant.is_prefix else "literal"),
            ]
        )
