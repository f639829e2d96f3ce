"""The client that asks brokers about topics and rights, and says why it is not let in."""

from time import monotonic
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata  # type: ignore[attr-defined]

from streams.errors import UserError
from streams.kafka.clients import client_settings
from streams.settings import Settings

EMBEDDED_CLUSTER: Final = "tansu_cluster"
"""The id of the embedded broker's cluster: how clients can tell it from Apache Kafka."""
SECONDS: Final = 10
"""How long to wait for a broker's answer."""
FIRST_WAIT_SECONDS: Final = 1.0
"""After so long without an answer the client checks whether it was refused."""


class Admin(AdminClient):
    """Remembers why a broker did not let it in: the error of a request does not say it."""

    def __init__(self, settings: Settings) -> None:
        """Raises `UserError` for a file of TLS or SASL that cannot be used."""
        self._brokers = settings.kafka.brokers
        self._refusal: KafkaError | None = None
        configuration: dict[str, Any] = {
            **client_settings(settings),
            # What librdkafka would log of an unreachable broker, the error says as well, and once.
            "log_level": 0,
            "error_cb": self._note,
        }
        super().__init__(configuration)

    def metadata(self) -> ClusterMetadata:
        """All topics and brokers. Raises `UserError` when no broker answers, or lets this in."""
        deadline = monotonic() + SECONDS
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                # All topics, since to ask for one that is missing makes some brokers create it.
                return self.list_topics(timeout=max(0, min(wait, deadline - monotonic())))
            except KafkaException as error:
                self.poll(0)
                if self._refusal is not None or monotonic() >= deadline:
                    raise self._explained(error) from error
                wait *= 2

    def _note(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self._refusal = error

    def _explained(self, error: KafkaException) -> UserError:
        if self._refusal is not None:
            return UserError(
                f"A broker was reached, but this client was not let in: {self._refusal.str()}. "
                "The settings UNHAUNT_SECURITY_PROTOCOL, UNHAUNT_SASL_… and UNHAUNT_SSL_… say how."
            )
        return UserError(
            f"No Kafka broker answers at {self._brokers} ({error.args[0].str()}). "
            "Is it running? UNHAUNT_BROKERS says where to look, UNHAUNT_SECURITY_PROTOCOL how to "
            "speak to it."
        )
