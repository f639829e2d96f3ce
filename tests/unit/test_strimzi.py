"""A deployment as Strimzi's resources: the topics of `unhaunt topics`, the workers' rights."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.topics import TOPICS
from streams.kafka.acls.grants import worker_grants
from streams.kafka.topics import deployed
from streams.settings import Settings
from tests.command_line import run

SHIPPED = Path(__file__).parents[2] / "deploy" / "strimzi" / "unhaunt.yaml"


def resources(kind: str, *options: object, **environment: str) -> list[dict[str, Any]]:
    """What the command prints of a kind."""
    printed = yaml.safe_load_all(run("strimzi", *options, **environment).stdout)
    return [resource for resource in printed if resource["kind"] == kind]


def test_the_shipped_resources_are_those_that_the_command_prints() -> None:
    assert SHIPPED.read_text() == run("strimzi").stdout


def test_there_is_a_resource_for_every_topic_that_would_be_created() -> None:
    specs = {
        topic["metadata"]["name"]: topic["spec"]
        for topic in resources("KafkaTopic", "--partitions", 32, "--replication", 2)
    }
    assert specs == {
        topic.name: {
            "partitions": 32,
            "replicas": 2,
            "config": {"cleanup.policy": topic.cleanup, **topic.config},
        }
        for topic in deployed(Settings())
    }


def test_every_resource_belongs_to_the_cluster_that_was_named() -> None:
    printed = [
        *resources("KafkaTopic", "--cluster", "ours"),
        *resources("KafkaUser", "--cluster", "ours"),
    ]
    labels = [resource["metadata"]["labels"] for resource in printed]
    assert labels == [{"strimzi.io/cluster": "ours"}] * len(printed)


def test_a_topic_whose_name_kubernetes_does_not_take_keeps_it_as_the_name_of_the_topic() -> None:
    first, *_ = resources("KafkaTopic", UNHAUNT_TOPIC_PREFIX="Shop_1.")
    assert first["metadata"]["name"] == "shop-1.identities"
    assert first["spec"]["topicName"] == "Shop_1.identities"


@pytest.mark.parametrize("way", ["scram-sha-512", "tls"])
def test_workers_show_who_they_are_in_the_way_that_was_chosen(way: str) -> None:
    [user] = resources("KafkaUser", "--authentication", way)
    assert user["spec"]["authentication"] == {"type": way}


def test_the_user_has_the_rights_of_a_worker_and_no_others() -> None:
    [user] = resources("KafkaUser", UNHAUNT_APPLICATION="shop")
    acls = [
        (acl["resource"]["type"], acl["resource"]["name"], tuple(acl["operations"]))
        for acl in user["spec"]["authorization"]["acls"]
    ]
    granted = worker_grants(Settings(application="shop"))
    assert acls == [(grant.resource, grant.name, grant.operations) for grant in granted]


@pytest.mark.parametrize("name", TOPICS)
def test_a_worker_may_read_what_goes_in_and_write_what_comes_out(name: str) -> None:
    [grant] = [grant for grant in worker_grants(Settings()) if grant.name == name]
    assert grant.operations == (("Read",) if TOPICS[name].direction == "in" else ("Write",))


def test_only_transactions_are_granted_by_the_beginning_of_their_names() -> None:
    prefixed = [grant for grant in worker_grants(Settings(application="shop")) if grant.is_prefix]
    assert [(grant.resource, grant.name) for grant in prefixed] == [("transactionalId", "shop-")]
