"""How fast a backlog is drained, told from outside by what appears on the output topics.

Every contender is timed alike: its processes are started, the ends of its topics for decisions and
lists are looked at ten times a second, and the clock runs from the first tenth of all that comes
out to the last of it. What is before that, such as joining the group, is not counted, nor is what
comes after. Records of a transaction count as soon as they are on the broker. The markers that end
transactions count as well, but what a rate is made of is the share of all output that was there.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

import confluent_kafka
import msgspec
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from streams.kafka.offsets import retry_while_moving
from streams.kafka.topic_partition import TopicPartition
from streams.recording.files import RecordedRecord
from streams.settings import Settings
from streams.supervision.worker_process import PROGRAM
from tests.bench.rate import Sample, rate
from tests.bench.rivals.person_join import OUTPUTS, output_topic
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.waiting import wait_until

PAUSE_SECONDS: Final = 0.1
QUIET_SECONDS: Final = 3.0
"""Who puts out nothing for so long after the last decision is done."""
MOST_SECONDS: Final = 300
SECONDS: Final = 20


class Contender(NamedTuple):
    """Who drains a backlog."""

    name: str
    program: Sequence[str] = PROGRAM
    """What Python is given to run a process of it."""
    processes: int = 1
    share: float = 1.0
    """How much of the backlog it gets, from its newest end."""

    @property
    def is_rival(self) -> bool:
        """Whether it is not Unhaunt, and so has output topics of its own."""
        return self.program != PROGRAM

    def outputs(self, settings: Settings) -> list[str]:
        """The names of its output topics."""
        if self.is_rival:
            return [output_topic(settings, stream) for stream in OUTPUTS]
        return [settings.topic(stream) for stream in OUTPUTS]


class Backlog:
    """Records on input topics that can be drained again and again, each time by a new group."""

    def __init__(
        self, broker: str, folder: Path, partitions: int, records: Iterable[RecordedRecord]
    ) -> None:
        """Put the records onto topics of their own. `folder` takes logs and states."""
        folder.mkdir()
        self._folder = folder
        self._partitions = partitions
        self._settings = settings_of(broker, folder)
        self._admin: Any = AdminClient({"bootstrap.servers": broker, "log_level": 0})
        self._topics: set[str] = set()
        self._first_time, self._last_time = sys.maxsize, 0
        deployment = Deployment(self._settings, partitions)
        deployment.load(self._noted(records))
        deployment.close()

    def _noted(self, records: Iterable[RecordedRecord]) -> Iterator[RecordedRecord]:
        for record in records:
            self._first_time = min(self._first_time, record.timestamp)
            self._last_time = max(self._last_time, record.timestamp)
            self._topics.add(record.topic)
            yield record

    def drain(self, contender: Contender) -> float:
        """Have a contender drain it from the start; returns events per second.

        Raises `TimeoutError` with its last words when it does not get to the end.
        """
        settings = self._turn()
        left = self._left(contender.share)
        with ExitStack() as stack:
            deployment = Deployment(settings, self._partitions)
            stack.callback(deployment.close)
            if contender.is_rival:
                create_topics(settings.kafka.brokers, contender.outputs(settings), self._partitions)
                self._begin_at(settings, left)
            requests = self._settings.topic("impression-requests")
            asked = sum(count for (topic, _), (_, count) in left.items() if topic == requests)
            watch = Watch(self._admin, contender.outputs(settings), self._partitions, asked)
            workers = [
                stack.enter_context(deployment.worker(f"w{number}", contender.program))
                for number in range(contender.processes)
            ]
            what = f"{contender.name}: all of the backlog"
            deployment.wait_until(watch.is_done, what, *workers, seconds=MOST_SECONDS)
        events = sum(count for _, count in left.values())
        found = rate(watch.samples, events)
        note(f"{contender.name}: {found:,.0f} events/s of {events:,}")
        return found

    def _turn(self) -> Settings:
        """Settings with a group, processor's topics and a state that nobody has had yet."""
        settings = settings_of(self._settings.kafka.brokers, self._folder)
        folder = self._folder / settings.application
        folder.mkdir()
        return msgspec.structs.replace(
            settings, topic_prefix=self._settings.topic_prefix, state_folder=str(folder / "state")
        )

    def _left(self, share: float) -> dict[TopicPartition, tuple[int, int]]:
        """Where the newest part of the backlog begins and how many records it has, by place."""
        topics = [self._settings.topic(topic) for topic in self._topics]
        places = [TopicPartition(topic, n) for topic in topics for n in range(self._partitions)]
        ends = offsets(self._admin, places)
        since = self._last_time - round(share * (self._last_time - self._first_time))
        begins = offsets(self._admin, places, OffsetSpec.for_timestamp(since))
        begins = {place: offset if offset >= 0 else ends[place] for place, offset in begins.items()}
        return {place: (begins[place], ends[place] - begins[place]) for place in ends}

    def _begin_at(self, settings: Settings, left: Mapping[TopicPartition, tuple[int, int]]) -> None:
        """Have a group go on from there as if it had done all that was before."""
        group: Any = Consumer(
            {"bootstrap.servers": settings.kafka.brokers, "group.id": settings.application}
        )
        places = [
            confluent_kafka.TopicPartition(*place, offset) for place, (offset, _) in left.items()
        ]
        group.commit(offsets=places, asynchronous=False)
        group.close()


class Watch:
    """Looks at output topics now and then until all that is expected is there."""

    def __init__(
        self, admin: AdminClient, topics: Sequence[str], partitions: int, requests: int
    ) -> None:
        """`topics` are those of the decisions and of the lists."""
        self.samples: list[Sample] = []
        self._admin = admin
        self._places = [TopicPartition(topic, n) for topic in topics for n in range(partitions)]
        self._decisions, _ = topics
        self._requests = requests
        self._before = offsets(admin, self._places)
        self._looked = self._grown = monotonic()

    def is_done(self) -> bool:
        """Take a sample if it is time for one; says whether it was the last."""
        if monotonic() < self._looked + PAUSE_SECONDS:
            return False
        ends = offsets(self._admin, self._places)
        new = {place: end - self._before[place] for place, end in ends.items()}
        sample = Sample(monotonic(), sum(new.values()))
        if not self.samples or sample.done > self.samples[-1].done:
            self._grown = sample.at
        self._looked = sample.at
        self.samples.append(sample)
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
    admin: Any, places: Iterable[TopicPartition], spec: Any = None
) -> dict[TopicPartition, int]:
    """What the broker answers to an `OffsetSpec`, by default where each partition ends."""
    asked = {
        confluent_kafka.TopicPartition(*place): spec or OffsetSpec.latest() for place in places
    }

    def ask() -> dict[TopicPartition, int]:
        answers = admin.list_offsets(asked, request_timeout=SECONDS)
        return {
            TopicPartition(p.topic, p.partition): told.result(SECONDS).offset
            for p, told in answers.items()
        }

    return retry_while_moving(ask, monotonic() + SECONDS)


def note(text: str) -> None:
    """Tell who waits how far it is."""
    print(text, file=sys.stderr, flush=True)
