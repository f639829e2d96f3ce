"""A backlog that contenders drain one after the other."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from schemas.topics import PERSON_TOPICS
from streams.recording.files import RecordedRecord
from streams.settings import Settings
from tests.bench.contenders import Contender
from tests.bench.draining import Draining, offsets
from tests.bench.note import note
from tests.bench.rate import Cost, Sample, cost, rate
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.kafka.cluster import KafkaCluster


class Drained(NamedTuple):
    """How a contender drained a backlog."""

    rate: float
    """Events per second."""
    cost: Cost
    samples: Sequence[Sample] = ()
    """How far it was when."""


class Backlog:
    """Records on input topics that can be drained again and again, each time by a new group."""

    def __init__(
        self,
        kafka: KafkaCluster,
        folder: Path,
        partitions: int,
        records: Iterable[RecordedRecord],
        policy: str = "",
    ) -> None:
        """Put the records onto topics of their own.

        `folder` takes logs and states; `policy` is the text of a policy file.
        """
        folder.mkdir()
        self._policy = policy
        self._kafka = kafka
        self._folder = folder
        self._partitions = partitions
        self._settings = settings_of(kafka.address, folder)
        self._admin: Any = AdminClient({"bootstrap.servers": kafka.address, "log_level": 0})
        self._topics: set[str] = set()
        self._first_time, self._last_time = sys.maxsize, 0
        self.events = 0
        """How many records there are on the person topics."""
        deployment = Deployment(self._settings, partitions)
        deployment.load(self._noted(records))
        deployment.close()

    def _noted(self, records: Iterable[RecordedRecord]) -> Iterator[RecordedRecord]:
        for record in records:
            if record.topic in PERSON_TOPICS:
                self._first_time = min(self._first_time, record.timestamp)
                self._last_time = max(self._last_time, record.timestamp)
                self._topics.add(record.topic)
                self.events += 1
            yield record

    def drain(self, contender: Contender) -> Drained:
        """Have a contender drain it from the start.

        Raises `TimeoutError` with its last words when it does not get to the end.
        """
        settings = self._turn()
        left = self._left(contender.share)
        events = sum(count for _, count in left.values())
        requests = self._settings.topic("impression-requests")
        asked = sum(count for (topic, _), (_, count) in left.items() if topic == requests)
        with ExitStack() as stack:
            deployment = Deployment(settings, self._partitions, self._policy)
            stack.callback(deployment.close)
            if contender.share < 1:
                self._begin_at(settings, left)
            draining = Draining(self._kafka, deployment, contender, asked)
            workers = [
                stack.enter_context(deployment.worker(f"w{number}", contender.program))
                for number in range(contender.processes)
            ]
            samples = draining.wait(*workers)
        drained = Drained(rate(samples, events), cost(samples, events), samples)
        note(
            f"{contender.name}: {drained.rate:,.0f} events/s of {events:,}; processor time an "
            f"event {drained.cost.worker:.1f} µs, the broker's {drained.cost.broker:.1f} µs"
        )
        return drained

    def _turn(self) -> Settings:
        """Settings with a group, processor's topics and a state that nobody has had yet."""
        settings = settings_of(self._settings.kafka.brokers, self._folder)
        folder = self._folder / settings.application
        folder.mkdir()
        return msgspec.structs.replace(
            settings, topic_prefix=self._settings.topic_prefix, state_folder=str(folder / "state")
        )

    def _left(self, share: float) -> dict[tuple[str, int], tuple[int, int]]:
        """Where the newest part of the backlog begins and how many records it has, by partition."""
        topics = [self._settings.topic(topic) for topic in self._topics]
        partitions = [TopicPartition(topic, n) for topic in topics for n in range(self._partitions)]
        ends = offsets(self._admin, partitions)
        since = self._last_time - round(share * (self._last_time - self._first_time))
        begins = offsets(self._admin, partitions, OffsetSpec.for_timestamp(since))
        begins = {
            partition: offset if offset >= 0 else ends[partition]
            for partition, offset in begins.items()
        }
        return {
            partition: (begins[partition], ends[partition] - begins[partition])
            for partition in ends
        }

    def _begin_at(
        self, settings: Settings, left: Mapping[tuple[str, int], tuple[int, int]]
    ) -> None:
        """Have a group go on from there as if it had done all that was before."""
        group: Any = Consumer(
            {"bootstrap.servers": settings.kafka.brokers, "group.id": settings.application}
        )
        positions = [TopicPartition(*partition, offset) for partition, (offset, _) in left.items()]
        group.commit(offsets=positions, asynchronous=False)
        group.close()
