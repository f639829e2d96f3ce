"""A steady stream of input whose outcome does not depend on when a worker sees which record.

Live, nobody waits for records that are yet to come (SPEC 6), so which evidence a request meets is
a matter of pace. Here it is not: what a person says next is sent only after the group has
committed what they said before. So each request meets all of its person's evidence that was sent
before it, and none of what is sent after it. A record in a wrong partition takes longer than that,
so it is among a person's last.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import TracebackType
from typing import Any, Final, Self

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from schemas.topics import PERSON_TOPICS
from streams.kafka.clients import producer_settings
from streams.kafka.topic_partition import TopicPartition
from streams.recording.files import RecordedRecord
from streams.recording.simulated.happening import END, MINUTE
from streams.settings import Settings
from tests.builders import recorded
from tests.chaos.lives import Life
from tests.oracle.invalid import invalid_record, too_large_record

TICK_SECONDS: Final = 0.25
NEWCOMERS: Final = 5
"""So many people begin to speak with every tick."""
STEP: Final = MINUTE
"""Event time from one record to the next: later than all that was said before, by anybody."""
INVALID: Final = 0.2
"""How likely it is that a tick has a record that is not right."""
MISPLACED: Final = 0.5
"""How likely it is that a person's last records are in a wrong partition."""
BROKER_SECONDS: Final = 5
FLUSH_SECONDS: Final = 120


class Speaker:
    """A person who is in the middle of what they have to say."""

    def __init__(self, life: Life, stages: int) -> None:
        """`stages` is how much of the life is told."""
        self.life = life
        self.stages = list(reversed(life.stages[:stages]))
        """Those that are left, the next one last."""
        self.on_their_way = 0
        self.offsets: dict[TopicPartition, int] = {}
        """Of the last record that was sent, where any was."""

    def is_heard(self, committed: Mapping[TopicPartition, int]) -> bool:
        """Whether the group has committed all that was said."""
        return not self.on_their_way and all(
            committed.get(partition, 0) > offset for partition, offset in self.offsets.items()
        )


class LiveStream:
    """Lets people speak, new ones with every tick. A context manager with its own thread."""

    def __init__(
        self, settings: Settings, lives: Sequence[Life], partitions: Sequence[int], seed: int
    ) -> None:
        """`partitions` are those that these lives are lived in."""
        self.sent = 0
        """How many records have been sent."""
        self._settings = settings
        self._lives = list(reversed(lives))
        self._partitions = partitions
        self._random = Random(seed)
        self._now = END
        self._speakers: list[Speaker] = []
        self._failure: Exception | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live stream")
        self._read_partitions = [
            confluent_kafka.TopicPartition(settings.topic(topic), n)
            for topic in PERSON_TOPICS
            for n in partitions
        ]
        client = {"bootstrap.servers": settings.kafka.brokers, "log_level": 0}
        self._producer = Producer(
            {**producer_settings(settings), "log_level": 0, "enable.idempotence": True}
        )
        self._group: Any = Consumer(
            {**client, "group.id": settings.application, "isolation.level": "read_committed"}
        )

    def __enter__(self) -> Self:
        self._send_too_large()
        self._thread.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Say no more. Raises what kept it from being said, or the brokers from taking it."""
        self._stopped.set()
        self._thread.join()
        self._group.close()
        if self._producer.flush(FLUSH_SECONDS):
            raise TimeoutError(f"the brokers did not take all records in {FLUSH_SECONDS} s")
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._stopped.wait(TICK_SECONDS):
                self._producer.poll(0)
                self._go_on(self._committed())
        except Exception as error:
            self._failure = error

    def _go_on(self, committed: Mapping[TopicPartition, int]) -> None:
        """Let those speak who have been heard, and some who are new."""
        heard = [speaker for speaker in self._speakers if speaker.is_heard(committed)]
        heard += self._newcomers()
        for speaker in heard:
            if speaker.stages:
                self._speak(speaker)
            else:
                self._speakers.remove(speaker)
        if self._random.random() < INVALID:
            self._send_invalid()

    def _newcomers(self) -> list[Speaker]:
        lives = [self._lives.pop() for _ in range(min(NEWCOMERS, len(self._lives)))]
        newcomers = [Speaker(life, self._random.randint(1, len(life.stages))) for life in lives]
        self._speakers += newcomers
        return newcomers

    def _committed(self) -> Mapping[TopicPartition, int]:
        try:
            answers = self._group.committed(self._read_partitions, BROKER_SECONDS)
        except KafkaException:  # a broker is away, as it may be here
            return {}
        return {TopicPartition(answer.topic, answer.partition): answer.offset for answer in answers}

    def _speak(self, speaker: Speaker) -> None:
        """Send a person's next records."""
        stage = speaker.stages.pop()
        is_last = not speaker.stages
        partition = stage[0].partition
        if is_last and self._random.random() < MISPLACED:
            partition = self._random.choice([n for n in self._partitions if n != partition])

        def delivered(error: KafkaError | None, message: Any) -> None:
            self._delivered(error, message)
            speaker.on_their_way -= 1
            sent_to = TopicPartition(message.topic(), message.partition())
            speaker.offsets[sent_to] = message.offset()

        speaker.offsets = {}
        for record in stage:
            self._now += STEP
            speaker.on_their_way += 1
            self._send(speaker.life.at(record, self._now), partition, delivered)

    def _send_invalid(self) -> None:
        line, _ = invalid_record(self._random, "nobody", self._partitions[0], self._now)
        [record] = recorded([line])
        self._send(record, record.partition, self._delivered)

    def _send_too_large(self) -> None:
        [record] = recorded(
            [too_large_record(self._random, "nobody", self._partitions[0], self._now)]
        )
        self._send(record, record.partition, self._delivered)

    def _send(
        self, record: RecordedRecord, partition: int, delivered: Callable[[Any, Any], None]
    ) -> None:
        self.sent += 1
        self._producer.produce(
            self._settings.topic(record.topic),
            record.value,
            record.key,
            partition,
            timestamp=record.timestamp,
            on_delivery=delivered,
        )

    def _delivered(self, error: KafkaError | None, _: object) -> None:
        if error is not None:
            self._failure = KafkaException(error)
