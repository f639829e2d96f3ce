"""Reading partitions outside of the consumer group, as Kafka Streams' restore consumer does.

The catalog, the changelog, the lists, the dead letters and recordings are read in this way: from
offsets that the reader names, with a client that joins no group and commits nothing.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, Final, Literal, NamedTuple, Self

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException

from streams.kafka.clients import client_settings
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings

QUEUE_BACKOFF_MS: Final = 5
"""While as much is queued as may be, the client looks so often whether it may fetch again. By
default it does once a second, which is what reading in bulk would wait for."""


class Fetching(NamedTuple):
    """How much the client fetches ahead, and how brokers answer it; librdkafka's defaults."""

    queue_kilobytes: int = 65_536
    """Most that may be fetched and not yet read, of all partitions together. The last answer of a
    broker may exceed it."""
    queue_records: int = 100_000
    """The client goes on fetching while fewer than this are queued of a partition."""
    partition_bytes: int = 1_048_576
    """Most that one answer has of each partition, unless a single record is larger."""
    wait_ms: int = 500
    """How long a broker that has nothing new waits for it before it answers. As long as it waits,
    it sends nothing of other partitions either."""


class Fetched(NamedTuple):
    """What a read brought of one partition."""

    records: Sequence[Any]
    """confluent-kafka's messages, in the order of their offsets."""
    position: int
    """The offset from which the partition is read on: all before it has been read, transaction
    markers and what was aborted included."""
    is_end: bool
    """Whether the end was reached: there was nothing more to read at that time."""


class RecordsDeleted(KafkaException):
    """The records that are next in a partition are no longer in the topic."""

    def __init__(self, error: KafkaError, partition: TopicPartition) -> None:
        super().__init__(error)
        self.partition = partition


class TopicReader:
    """Reads partitions from given offsets on. A context manager; one thread may use it."""

    def __init__(
        self,
        settings: Settings,
        fetching: Fetching,
        *,
        is_committed: bool = True,
        offset_reset: Literal["error", "earliest"] = "error",
        is_logged: bool = True,
    ) -> None:
        """`is_committed` leaves out what is of open and aborted transactions.

        `offset_reset` says what comes next where that has been deleted: `RecordsDeleted`, or the
        earliest record that is left. The client logs what it meets unless `is_logged` is false.
        """
        self.silence = 0.0
        """For how many seconds reads have waited since the last one that was answered."""
        self._failures: deque[KafkaException] = deque()
        self._consumer: Any = Consumer(
            {
                **client_settings(settings),
                **({} if is_logged else {"log_level": 0}),
                "group.id": settings.application,  # without joining it
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed" if is_committed else "read_uncommitted",
                "auto.offset.reset": offset_reset,
                "queued.max.messages.kbytes": fetching.queue_kilobytes,
                "queued.min.messages": fetching.queue_records,
                "fetch.message.max.bytes": fetching.partition_bytes,
                "fetch.wait.max.ms": fetching.wait_ms,
                "fetch.queue.backoff.ms": QUEUE_BACKOFF_MS,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Read no more."""
        self._consumer.close()

    def partitions(self, topic: str, seconds: float) -> list[int]:
        """The partitions that a topic has. Raises `KafkaException`, also when there is no topic."""
        metadata = self._consumer.list_topics(topic, seconds).topics[topic]
        if metadata.error is not None:
            raise KafkaException(metadata.error)
        return sorted(metadata.partitions)

    def assign(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read these partitions and no others, from these offsets or `OFFSET_BEGINNING` on."""
        self._failures.clear()
        self.silence = 0.0
        self._consumer.assign(
            [confluent_kafka.TopicPartition(*at, offset) for at, offset in offsets.items()]
        )

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Read no more of these partitions until they are resumed."""
        self._consumer.pause([confluent_kafka.TopicPartition(*each) for each in partitions])

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these partitions on from where they were paused."""
        self._consumer.resume([confluent_kafka.TopicPartition(*each) for each in partitions])

    def poll(self, most: int, seconds: float) -> dict[TopicPartition, Fetched]:
        """Wait up to so long for something to come, and return it with up to `most` that are there.

        This is for who must know at once. Returns and raises what `consume` does.
        """
        began = monotonic()
        self._raise_failure()
        first = self._consumer.poll(seconds)
        return self._by_partition(
            [] if first is None else [first, *self._consumer.consume(most, 0)], began
        )

    def consume(self, most: int, seconds: float) -> dict[TopicPartition, Fetched]:
        """Wait up to so long for as many as `most`, and return what has come.

        This is for who reads in bulk. What is returned is by partition and has only those of which
        anything came. Errors that the client gets over by itself are passed over. Raises
        `RecordsDeleted`, and `KafkaException` for all other errors, once all that came before has
        been returned; so who goes on afterwards misses nothing.
        """
        began = monotonic()
        self._raise_failure()
        return self._by_partition(self._consumer.consume(most, seconds), began)

    def _raise_failure(self) -> None:
        if self._failures:
            raise self._failures.popleft()

    def _by_partition(self, messages: Sequence[Any], began: float) -> dict[TopicPartition, Fetched]:
        self.silence = 0.0 if messages else self.silence + monotonic() - began
        # Plain tuples, since this is done for each record and they take half the time to make.
        records: dict[tuple[str, int], list[Any]] = defaultdict(list)
        ends: dict[tuple[str, int], int] = {}
        for message in messages:
            error = message.error()
            if error is None:
                records[message.topic(), message.partition()].append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                ends[message.topic(), message.partition()] = message.offset()
            elif not error.retriable():
                self._failures.append(_failure(message, error))
        if not records and not ends:
            self._raise_failure()
        fetched = {}
        for key in records.keys() | ends.keys():
            of_partition = records.get(key, [])
            position = of_partition[-1].offset() + 1 if of_partition else 0
            fetched[TopicPartition(*key)] = Fetched(
                of_partition, max(position, ends.get(key, 0)), key in ends
            )
        return fetched


def _failure(message: Any, error: KafkaError) -> KafkaException:
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        return RecordsDeleted(error, TopicPartition(message.topic(), message.partition()))
    return KafkaException(error)
