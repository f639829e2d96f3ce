"""Dead letters that were not made by a worker of today, and the commands that deal with them."""

from typing import Any

import orjson
from confluent_kafka import Producer
from typer.testing import Result

from streams.settings import Settings
from tests.builders import NOW
from tests.command_line import run
from tests.integration.deployment import read_topic
from tests.kafka.clients import wait_until_none_is_open

PARTITIONS = 2
ORDER = orjson.dumps(
    {
        "event_id": "e1",
        "event": "order_completed",
        "order_id": "o1",
        "products": [{"product_id": "tv"}],
    }
)
"""Right by today's decoders: a letter that holds it was refused by some older ones."""


class Letters:
    """The dead letters of a deployment, and the commands that deal with them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environment = {
            "UNHAUNT_BROKERS": settings.kafka.brokers,
            "UNHAUNT_APPLICATION": settings.application,
            "UNHAUNT_TOPIC_PREFIX": settings.topic_prefix,
        }
        self._count = 0

    def run(self, *arguments: object) -> Result:
        return run("dead-letters", *arguments, **self.environment)

    def put(
        self,
        topic: str = "purchases",
        value: bytes | None = ORDER,
        error: str = "wrong_type",
        key: bytes | None = b"ann",
        detail: str = "ts: expected an integer, got a string",
        partition: int = 1,
        headers: tuple[tuple[str, bytes], ...] = (),
        written: int = 0,
        offset: int | None = None,
    ) -> str:
        """Put a letter there as a worker does; returns its place, as `show` takes it."""
        producer = Producer({"bootstrap.servers": self.settings.kafka.brokers})
        letter_ids: list[str] = []
        self._count += 1
        finding = {
            "error": error,
            "detail": detail,
            "topic": self.settings.topic(topic),
            "partition": partition,
            "offset": 100 + self._count if offset is None else offset,
            "timestamp": NOW,
        }
        producer.produce(
            self.settings.topic("dead-letters"),
            value,
            key,
            partition,
            timestamp=written,
            headers=[*headers, *((f"unhaunt.{name}", str(v)) for name, v in finding.items())],
            on_delivery=lambda _, message: letter_ids.append(
                f"{message.partition()}/{message.offset()}"
            ),
        )
        assert producer.flush(60) == 0
        return letter_ids[0]

    def replayed(self, topic: str = "purchases") -> list[Any]:
        """What stands on an input topic, which only a replay has filled."""
        name = self.settings.topic(topic)
        wait_until_none_is_open(self.settings.kafka.brokers, name, PARTITIONS)
        return read_topic(self.settings, name, PARTITIONS)
