"""What a worker must be allowed on a cluster with ACLs."""

import pytest
from aiokafka.errors import GroupAuthorizationFailedError
from confluent_kafka import KafkaError, KafkaException

from streams.errors import UserError
from streams.kafka.acls.check import explained_refusals
from streams.kafka.acls.commands import commands
from streams.kafka.acls.grants import view_grants, worker_grants
from streams.settings import KafkaSettings, Settings
from tests.command_line import run

SETTINGS = Settings(
    kafka=KafkaSettings(brokers="kafka:9093"), application="shop-app", topic_prefix="shop."
)


def test_they_are_printed_as_calls_of_kafkas_own_tool() -> None:
    lines = list(commands(worker_grants(SETTINGS), "User:CN=shop worker", "kafka:9093"))
    assert len(lines) == len(worker_grants(SETTINGS))
    assert lines[-1] == (
        "kafka-acls.sh --bootstrap-server kafka:9093 --add --allow-principal "
        "'User:CN=shop worker' --operation Write --transactional-id shop-app- "
        "--resource-pattern-type prefixed"
    )


def test_the_command_prints_them_for_the_deployment_of_the_environment() -> None:
    result = run("topics", "acls", "--principal", "User:me", UNHAUNT_TOPIC_PREFIX="shop.")
    assert result.exit_code == 0
    assert result.stdout.count("--allow-principal User:me") == len(worker_grants(Settings()))
    assert "--topic shop.purchases " in result.stdout


def refused(code: int) -> KafkaException:
    return KafkaException(KafkaError(code, "refused"))


def test_a_transaction_that_is_refused_is_told_as_the_acl_that_is_missing() -> None:
    refusal = refused(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    expected = r"Write on transactionalId shop-app-\*\. .*unhaunt topics acls"
    with pytest.raises(UserError, match=expected), explained_refusals(SETTINGS):
        raise refusal


def test_a_refusal_by_either_client_that_no_acl_explains_is_told_as_it_is() -> None:
    refusal = refused(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException) as caught, explained_refusals(SETTINGS):
        raise refusal
    assert caught.value is refusal
    with pytest.raises(UserError, match="Kafka: "), explained_refusals(SETTINGS):
        raise GroupAuthorizationFailedError


def test_what_is_no_refusal_passes() -> None:
    failure = refused(KafkaError._TIMED_OUT)
    with pytest.raises(KafkaException) as caught, explained_refusals(SETTINGS):
        raise failure
    assert caught.value is failure


def test_those_of_a_view_are_printed_when_they_are_asked_for() -> None:
    lines = run("topics", "acls", "--view").stdout.splitlines()
    assert len(lines) == len(view_grants(Settings()))
    assert "--operation Read --topic suppressions " in lines[0]
