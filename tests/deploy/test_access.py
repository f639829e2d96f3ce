"""The rights that the shipped manifests give the workers, against a broker that checks them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from schemas.topics import PERSON_TOPICS
from streams.operations.access import Grant, worker_grants
from streams.recording.files import RecordedRecord
from streams.recording.simulated import simulate
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.kafka.cluster import KafkaCluster
from tests.kafka.installation import require_kafka
from tests.waiting import SECONDS

pytestmark = [pytest.mark.deploy, pytest.mark.kafka]

EVERYBODY_HERE = "User:ANONYMOUS"
"""Also the broker itself, which has no other listener."""

RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
OPERATIONS = {"Read": AclOperation.READ, "Write": AclOperation.WRITE}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[KafkaCluster]:
    """A broker on which everything is allowed until somebody is given a right to it."""
    require_kafka()
    with KafkaCluster(
        tmp_path,
        authorizer_class_name="org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        allow_everyone_if_no_acl_found="true",
        broker_session_timeout_ms="60000",
    ) as cluster:
        yield cluster


def test_a_worker_with_the_shipped_rights_and_no_others_works(
    guarded: KafkaCluster, tmp_path: Path
) -> None:
    deployment = Deployment(settings_of(guarded.address, tmp_path), 2)
    deployment.load(with_misplaced(simulate(persons=20, partitions=2)))
    let_the_broker_make_its_own_topics(deployment)
    allow(guarded, worker_grants(deployment.settings))
    with deployment.worker(session_seconds=6) as worker:
        deployment.wait_until_consumed(worker)
    # Its successor ends what it has left.
    with deployment.worker("another", session_seconds=6) as successor:
        deployment.wait_until_shared_by(["another"], successor)
        deployment.close()


def let_the_broker_make_its_own_topics(deployment: Deployment) -> None:
    """Those for offsets and transactions, which it may not once it is one of everybody here."""
    deployment.consumed()
    Producer(
        {"bootstrap.servers": deployment.settings.brokers, "transactional.id": "first"}
    ).init_transactions(SECONDS)


def with_misplaced(records: Iterable[RecordedRecord]) -> Iterator[RecordedRecord]:
    """The same with some in a wrong partition, since a worker reroutes those."""
    for number, record in enumerate(records):
        if record.topic in PERSON_TOPICS and number % 10 == 0:
            record.partition ^= 1
        yield record


def allow(cluster: KafkaCluster, grants: Iterable[Grant]) -> None:
    """Allow everybody here these, and from then on nothing else."""
    everything = [binding(kind, "*", AclOperation.READ, "User:nobody") for kind in RESOURCES]
    granted = [
        binding(grant.resource, grant.name, OPERATIONS[name], is_prefix=grant.is_prefix)
        for grant in grants
        for name in grant.operations
    ]
    among_brokers = AclBinding(
        ResourceType.BROKER,
        "kafka-cluster",
        ResourcePatternType.LITERAL,
        EVERYBODY_HERE,
        "*",
        AclOperation.CLUSTER_ACTION,
        AclPermissionType.ALLOW,
    )
    client = AdminClient({"bootstrap.servers": cluster.address})
    for future in client.create_acls([*granted, *everything, among_brokers]).values():
        future.result(SECONDS)


def binding(
    resource: str,
    name: str,
    operation: AclOperation,
    principal: str = EVERYBODY_HERE,
    *,
    is_prefix: bool = False,
) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if is_prefix else ResourcePatternType.LITERAL
    allow = AclPermissionType.ALLOW
    return AclBinding(RESOURCES[resource], name, pattern, principal, "*", operation, allow)
