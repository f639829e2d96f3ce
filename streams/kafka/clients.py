"""The configuration that all confluent-kafka clients of a deployment share."""

from typing import Any, Final

from streams.kafka.security import for_librdkafka
from streams.logs import CLIENT
from streams.settings import Settings

LARGEST_RECORD: Final = 64_000_000
"""Bytes of one record, not compressed. A dead letter is as large as what somebody got through to
the broker, however small that was when compressed; one that cannot be written stops its worker."""
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
