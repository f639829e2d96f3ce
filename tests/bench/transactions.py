"""When a broker has committed transactions, by its own log of them."""

from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

TOPIC: Final = "__transaction_state"
STATUS: Final = 16
"""Where a value has its status: after version, producer id, epoch and timeout."""
COMPLETE_COMMIT: Final = 4
SECONDS: Final = 30
PAUSE_SECONDS: Final = 0.5

Ends = dict[int, int]
"""The next offset of each partition of the log."""


class TransactionLog:
    """Reads the log of a broker's transactions. `close` it when it is no longer needed."""

    def __init__(self, brokers: str) -> None:
        self._consumer: Any = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": "bench-transactions",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def ends(self) -> Ends:
        """Where the log ends now."""
        partitions = self._consumer.list_topics(TOPIC, timeout=SECONDS).topics[TOPIC].partitions
        asked = {number: TopicPartition(TOPIC, number) for number in partitions}
        return {
            number: self._consumer.get_watermark_offsets(partition, timeout=SECONDS)[1]
            for number, partition in asked.items()
        }

    def commits(self, since: Ends) -> list[float]:
        """When each transaction was committed from there on until now, in seconds since 1970."""
        until = self.ends()
        missing = {number for number, end in until.items() if since.get(number, 0) < end}
        self._consumer.assign([TopicPartition(TOPIC, n, since.get(n, 0)) for n in missing])
        found = []
        while missing:
            messages = self._consumer.consume(5_000, PAUSE_SECONDS)
            for message in messages:
                number = message.partition()
                if message.offset() < until[number] and is_commit(message.value()):
                    found.append(message.timestamp()[1] / 1000)
            missing = {number for number in missing if self._position(number) < until[number]}
        return found

    def _position(self, number: int) -> int:
        [partition] = self._consumer.position([TopicPartition(TOPIC, number)])
        return int(partition.offset)  # negative before the first record


def is_commit(value: bytes | None) -> bool:
    """Whether an entry of the log says that a transaction's commit is complete."""
    return value is not None and value[STATUS] == COMPLETE_COMMIT
