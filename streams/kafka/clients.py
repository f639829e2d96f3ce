"""The configuration that all confluent-kafka clients of a deployment share."""

from typing import Any, Final

from streams.kafka.security import for_librdkafka
from streams.logs import CLIENT
from streams.settings import Settings

LARGEST_RECORD: Final = 64_000_000
"""Bytes of one record, not compressed. A dead letter is as large as what somebody got through to
the broker, however small that was when compressed; one that cannot be written stops its worker."""
REQUESTS_AT_ONCE: Final = 1
"""How many requests a producer has on their way to one broker. With more, a record can be lost that
was acknowledged, also of a transaction: a broker that is only about to lead a partition refuses the
first batch, and then takes the second as if it were the first (KAFKA-15591). The client infers from
that one that the first is there as well."""
QUEUE_MESSAGES: Final = 100_000
QUEUE_KILOBYTES: Final = 65_536
"""Most output that waits for the broker; then producing waits, and with it everything else."""


def client_settings(settings: Settings) -> dict[str, Any]:
    """The configuration that all confluent-kafka clients of this deployment share.

    Raises `UserError` for a file with a secret that cannot be read.
    """
    return {
        "bootstrap.servers": settings.kafka.brokers,
        "client.id": settings.application,
        "logger": CLIENT,
        **for_librdkafka(settings.kafka),
    }


def producer_settings(settings: Settings) -> dict[str, Any]:
    """What all its producers share besides. Raises as `client_settings` does."""
    return {
        **client_settings(settings),
        "message.max.bytes": LARGEST_RECORD,
        "max.in.flight.requests.per.connection": REQUESTS_AT_ONCE,
    }
