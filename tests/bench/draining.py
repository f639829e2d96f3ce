"""How fast a backlog is drained, seen from outside by what appears on the output topics.

Every contender is timed alike: its processes are started, the ends of its topics for decisions and
lists are looked at ten times a second, and the clock runs from the first tenth of all that comes
out to the last of it. What is before that, such as joining the group, is not counted, nor is what
comes after. Records of a transaction count as soon as they are on the broker. The markers that end
transactions count as well, but what a rate is made of is the share of all output that was there. At
the same times it is read what the contender's processes and the broker have used of the processor.
"""

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any, Final

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]

from streams.kafka.offsets import retry_while_moving
from streams.supervision.worker_process import WorkerProcess
from tests.bench.contenders import UNHAUNT, Contender
from tests.bench.processor import processor_seconds
from tests.bench.rate import Sample
from tests.integration.deployment import Deployment
from tests.kafka.cluster import KafkaCluster
from tests.waiting import wait_until

PAUSE_SECONDS: Final = 0.1
QUIET_SECONDS: Final = 3.0
"""Who puts out nothing for so long after the last decision is done."""
MOST_SECONDS: Final = 600
SECONDS: Final = 20


class Draining:
    """A backlog that a contender drains; to be made before its workers start."""

    def __init__(
        self,
        kafka: KafkaCluster,
        deployment: Deployment,
        contender: Contender = UNHAUNT,
        requests: int | None = None,
    ) -> None:
        """`requests` is how many decisions will come, by default one for each request loaded."""
        settings, numbers = deployment.settings, range(deployment.partitions)
        self._deployment = deployment
        self._contender = contender
        self._broker = kafka.process_id(1)
        self._admin: Any = AdminClient(
            {"bootstrap.servers": settings.kafka.brokers, "log_level": 0}
        )
        self._decisions, _ = outputs = contender.outputs(settings)
        if contender.is_rival:
            create_topics(settings.kafka.brokers, outputs, deployment.partitions)
        self._partitions = [
            TopicPartition(topic, number) for topic in outputs for number in numbers
        ]
        self._before = offsets(self._admin, self._partitions)
        if requests is None:
            topic = settings.topic("impression-requests")
            asked = [TopicPartition(topic, number) for number in numbers]
            requests = sum(offsets(self._admin, asked).values())
        self._requests = requests
        self._samples: list[Sample] = []
        self._looked = self._grown = monotonic()

    def wait(self, *workers: WorkerProcess) -> list[Sample]:
        """Wait until these workers have drained it, and note how that went on.

        Raises `TimeoutError` with their last words when they do not get to the end.
        """
        what = f"{self._contender.name}: all of the backlog"
        self._deployment.wait_until(
            lambda: self._is_done(workers), what, *workers, seconds=MOST_SECONDS
        )
        return self._samples

    def _is_done(self, workers: Sequence[WorkerProcess]) -> bool:
        """Take a sample if it is time for one; returns whether it was the last."""
        if monotonic() < self._looked + PAUSE_SECONDS:
            return False
        ends = offsets(self._admin, self._partitions)
        new = {partition: end - self._before[partition] for partition, end in ends.items()}
        sample = Sample(
            monotonic(),
            sum(new.values()),
            sum(processor_seconds(worker.process.pid) for worker in workers),
            processor_seconds(self._broker),
        )
        if not self._samples or sample.done > self._samples[-1].done:
            self._grown = sample.at
        self._looked = sample.at
        self._samples.append(sample)
        decided = sum(count for (topic, _), count in new.items() if topic == self._decisions)
        return decided >= self._requests and sample.at > self._grown + QUIET_SECONDS


def create_topics(broker: str, topics: Sequence[str], partitions: int) -> None:
    """Create topics, and return when they can be written to and asked for."""
    admin = AdminClient({"bootstrap.servers": broker, "log_level": 0})
    for created in admin.create_topics([NewTopic(name, partitions, 1) for name in topics]).values():
        created.result(SECONDS)

    def are_led() -> bool:
        known = admin.list_topics(timeout=SECONDS).topics
        found = [known[name].partitions.values() for name in topics if name in known]
        return len(found) == len(topics) and all(p.leader >= 0 for each in found for p in each)

    wait_until(are_led, "topics with leaders")


def offsets(
    admin: Any, partitions: Iterable[TopicPartition], spec: Any = None
) -> dict[tuple[str, int], int]:
    """What the broker answers to an `OffsetSpec`, by default where each partition ends."""
    wanted = spec or OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = dict.fromkeys(partitions, wanted)

    def ask() -> dict[tuple[str, int], int]:
        answers = admin.list_offsets(asked, request_timeout=SECONDS)
        return {
            (p.topic, p.partition): answer.result(SECONDS).offset for p, answer in answers.items()
        }

    return retry_while_moving(ask, monotonic() + SECONDS)
