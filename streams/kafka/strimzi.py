"""A deployment as resources for Strimzi, which runs Kafka on Kubernetes.

Its topics are those that `unhaunt topics apply` creates, and the rights of its user those of
`streams.kafka.acls.grants`.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from streams.kafka.acls.grants import Grant, worker_grants
from streams.kafka.topics import DeployedTopic, deployed
from streams.settings import Settings

VERSION: Final = "kafka.strimzi.io/v1"
CLUSTER_LABEL: Final = "strimzi.io/cluster"

Authentication = Literal["scram-sha-512", "tls"]


def resources(
    settings: Settings,
    cluster: str,
    partitions: int,
    replication: int,
    authentication: Authentication,
) -> Iterator[dict[str, Any]]:
    """A KafkaTopic for every topic, and the KafkaUser of the workers, on a `Kafka` of this name."""
    for topic in deployed(settings):
        yield _resource("KafkaTopic", topic.name, cluster, _topic(topic, partitions, replication))
    yield _resource(
        "KafkaUser",
        settings.application,
        cluster,
        {
            "authentication": {"type": authentication},
            "authorization": {
                "type": "simple",
                "acls": [_acl(grant) for grant in worker_grants(settings)],
            },
        },
    )


def _resource(kind: str, name: str, cluster: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": VERSION,
        "kind": kind,
        "metadata": {"name": _object_name(name), "labels": {CLUSTER_LABEL: cluster}},
        "spec": spec,
    }


def _topic(topic: DeployedTopic, partitions: int, replication: int) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "partitions": partitions,
        "replicas": replication,
        "config": {"cleanup.policy": topic.cleanup, **topic.config},
    }
    if topic.name != _object_name(topic.name):
        spec = {"topicName": topic.name, **spec}
    return spec


def _acl(grant: Grant) -> dict[str, Any]:
    return {
        "resource": {
            "type": grant.resource,
            "name": grant.name,
            "patternType": "prefix" if grant.is_prefix else "literal",
        },
        "operations": list(grant.operations),
    }


def _object_name(name: str) -> str:
    """The name made one that Kubernetes takes, which knows fewer characters than Kafka."""
    return re.sub(r"[^a-z0-9.-]", "-", name.lower()).strip("-.")
