"""Whether the brokers allow what a worker needs, asked before it begins.

A topic that a client may not describe looks like one that is not there, and an optional one, such
as people's consent, would be left out without a warning. So the brokers are asked, topic by topic,
which operations they allow (KIP-430).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from confluent_kafka import KafkaError, KafkaException, TopicCollection

from streams.errors import UserError
from streams.kafka.acls.grants import Grant, worker_grants
from streams.kafka.admin import SECONDS, Admin
from streams.settings import Settings

REFUSED: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)

NOT_THERE: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.GROUP_ID_NOT_FOUND})


@contextmanager
def explained_refusals(settings: Settings) -> Iterator[None]:
    """Raise a broker's refusals as `UserError` that names the missing ACL."""
    try:
        yield
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError) as error:
        require_rights(settings)
        raise UserError(f"Kafka: {error}") from error
    except KafkaException as error:
        code = error.args[0].code()
        if code in REFUSED:
            require_rights(settings)
        if code == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            grants = _grants(settings, "transactionalId")
            raise UserError(_refusal([("Write", grant) for grant in grants])) from error
        raise


def require_rights(settings: Settings) -> None:
    """Raise `UserError`, in one line, for ACLs on topics and on the group that a worker lacks.

    Those on transactions show only when one is begun. With PLAINTEXT clients have no identity, so
    ACLs are not checked. Raises `UserError` as well when no broker answers, or lets this
    client in.
    """
    if settings.kafka.security_protocol == "PLAINTEXT":
        return
    client = Admin(settings)
    client.metadata()  # which says why, where no broker lets this client in
    topics, groups = _grants(settings, "topic"), _grants(settings, "group")
    asked = {"include_authorized_operations": True, "request_timeout": SECONDS}
    on_topics = client.describe_topics(TopicCollection([grant.name for grant in topics]), **asked)
    on_groups = client.describe_consumer_groups([grant.name for grant in groups], **asked)
    lacking = [
        (operation, grant)
        for grants, answers in ((topics, on_topics), (groups, on_groups))
        for grant in grants
        for operation in _lacking(grant, answers[grant.name])
    ]
    if lacking:
        raise UserError(_refusal(lacking))


def _grants(settings: Settings, resource: str) -> list[Grant]:
    return [grant for grant in worker_grants(settings) if grant.resource == resource]


def _lacking(grant: Grant, answer: Any) -> tuple[str, ...]:
    """Those operations of a right that the broker does not allow."""
    try:
        allowed = answer.result().authorized_operations
    except KafkaException as error:
        if error.args[0].code() in REFUSED:
            return grant.operations
        if error.args[0].code() in NOT_THERE:
            return ()
        raise
    if allowed is None:  # a broker that does not say
        return ()
    names = {operation.name for operation in allowed}
    return tuple(name for name in grant.operations if name.upper() not in names)


def _refusal(lacking: list[tuple[str, Grant]]) -> str:
    """The message for operations that are not allowed."""
    listed = ", ".join(
        f"{operation} on {grant.resource} {grant.name}{'*' if grant.is_prefix else ''}"
        for operation, grant in lacking
    )
    return f"The brokers do not allow: {listed}. `unhaunt topics acls` prints what a worker needs."
