"""A deployment of its own for a test: topics, a recording on them, workers, and what they say."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import confluent_kafka
import msgspec
import orjson
from confluent_kafka import Consumer, ConsumerGroupState, KafkaError
from confluent_kafka.admin import AdminClient

from schemas.topics import PERSON_TOPICS
from streams.engine.state.store import PERSON, Memory, Store
from streams.kafka.offsets import retry_while_moving
from streams.kafka.topic_partition import TopicPartition
from streams.kafka.topics import create, plan
from streams.recording.files import RecordedRecord
from streams.recording.live.replay import Replay
from streams.settings import Settings
from streams.supervision.worker_process import PROGRAM, WorkerProcess
from tests.waiting import SECONDS, wait_until

INPUTS = (*PERSON_TOPICS, "catalog")


class Deployment:
    """Topics under a prefix of their own, with the same number of partitions each."""

    def __init__(
        self, settings: Settings, partitions: int, policy: str = "", replicas: int = 1
    ) -> None:
        """`policy` is the text of a policy file; empty for the default policy."""
        folder = Path(settings.state_folder).parent
        self._policy = folder / "policy.toml"
        self.use_policy(policy)
        self.partitions = partitions
        self.settings = msgspec.structs.replace(settings, policy=str(self._policy))
        create(self.settings, plan(self.settings, partitions, replicas))
        self._folder = folder
        self._logs: list[Path] = []
        self._loaded: Counter[TopicPartition] = Counter()
        self._group: Any = Consumer({**_reader(self.settings), "group.id": settings.application})

    def close(self) -> None:
        """Leave the broker."""
        self._group.close()

    # -- what goes in

    def load(self, records: Iterable[RecordedRecord]) -> None:
        """Put the inputs of a recording onto the topics, each record where it was recorded."""
        replay = Replay(self.settings)
        for record in records:
            if record.topic in INPUTS:
                replay.send(record)
                if record.topic in PERSON_TOPICS:
                    topic = self.settings.topic(record.topic)
                    self._loaded[TopicPartition(topic, record.partition)] += 1
        replay.flush()

    @property
    def loaded(self) -> int:
        """How many records of the person topics were loaded."""
        return self._loaded.total()

    def use_policy(self, policy: str) -> None:
        """Give the workers that start from now on another policy."""
        self._policy.write_text(policy)

    def worker(
        self, instance: str = "a", program: Sequence[str] = PROGRAM, **settings: object
    ) -> WorkerProcess:
        """A worker of this deployment, to be entered; `settings` are other than the usual."""
        changed = msgspec.structs.replace(self.settings, instance=instance, **settings)
        self._logs.append(self._folder / f"worker-{len(self._logs) + 1}.log")
        return WorkerProcess(changed, self._logs[-1], program)

    def state(self, instance: str = "a") -> Path:
        """The folder of a worker's state."""
        return msgspec.structs.replace(self.settings, instance=instance).folder

    def persons(self, *instances: str) -> dict[int, dict[bytes, bytes]]:
        """The state of all persons by partition, as workers that have stopped have left it.

        Of a partition that several of them had, the last one's counts. The usual worker is "a".
        """
        persons: dict[int, dict[bytes, bytes]] = {}
        reached: dict[int, int] = {}
        for instance in instances or ("a",):
            for folder in (self.state(instance) / "persons").iterdir():
                number = int(folder.name)
                with Store(folder, Memory(1 << 20, 1 << 20)) as store:
                    if store.changelog_offset >= reached.get(number, 0):
                        reached[number] = store.changelog_offset
                        persons[number] = dict(store.persons())
        return persons

    def persons_in_changelog(self) -> dict[int, dict[bytes, bytes]]:
        """The same, as a worker that begins from nothing would have it."""
        persons: dict[int, dict[bytes, bytes]] = {n: {} for n in range(self.partitions)}
        for message in read_topic(self.settings, self.settings.changelog, self.partitions):
            if message.key().startswith(PERSON):
                persons[message.partition()].pop(message.key(), None)
                if message.value():
                    persons[message.partition()][message.key()] = message.value()
        return persons

    # -- how far it got

    def wait_until_shared_by(self, instances: Iterable[str], *workers: WorkerProcess) -> None:
        """Wait until the group has given these instances, and no others, all partitions."""
        names = set(instances)
        self.wait_until(lambda: self._members() == names, f"a share for {names}", *workers)

    def _members(self) -> set[str]:
        """The instances that have partitions; nobody while the group gives them anew."""
        client = AdminClient({"bootstrap.servers": self.settings.kafka.brokers})
        name = self.settings.application
        group = retry_while_moving(
            lambda: client.describe_consumer_groups([name])[name].result(SECONDS),
            monotonic() + SECONDS,
        )
        if group.state != ConsumerGroupState.STABLE:
            return set()
        return {
            member.group_instance_id
            for member in group.members
            if member.assignment.topic_partitions
        }

    def consumed(self) -> float:
        """How much of the person topics the group has committed, 1 being all that was loaded."""
        asked = [confluent_kafka.TopicPartition(*each) for each in self._loaded]
        answers = retry_while_moving(
            lambda: self._group.committed(asked, SECONDS), monotonic() + SECONDS
        )
        return sum(max(0, answer.offset) for answer in answers) / self.loaded

    def wait_until_consumed(self, *workers: WorkerProcess) -> None:
        """Wait until the group has committed all that was loaded."""
        try:
            self.wait_until(lambda: self.consumed() == 1, "all records consumed", *workers)
        except TimeoutError as late:
            raise TimeoutError(f"{late}\nNot consumed: {self._unconsumed()}") from None

    def _unconsumed(self) -> list[str]:
        """The partitions of which other records were consumed than loaded, and where they end."""
        found = []
        for partition, loaded in sorted(self._loaded.items()):
            asked = confluent_kafka.TopicPartition(*partition)
            [answer] = self._group.committed([asked], SECONDS)
            if answer.offset != loaded:
                ends = self._group.get_watermark_offsets(asked, SECONDS)
                found.append(f"{partition}: {answer.offset} of {loaded}, offsets {ends}")
        return found

    def wait_until_lists_are(
        self,
        expected: dict[str, dict[str, Any]],
        *workers: WorkerProcess,
        seconds: float = SECONDS,
    ) -> None:
        """Wait for lists that need nobody to say anything, and come a little later therefore.

        Returns without them in the end, for the test to show how they differ.
        """
        try:
            self.wait_until(lambda: self.lists() == expected, "lists", *workers, seconds=seconds)
        except TimeoutError:
            return

    def wait_until(
        self,
        condition: Callable[[], bool],
        what: str,
        *workers: WorkerProcess,
        seconds: float = SECONDS,
    ) -> None:
        """Wait for something that these workers are to do; they are to stay alive.

        Raises `TimeoutError` with the last words of all workers when it does not happen in time.
        """

        def holds() -> bool:
            for worker in workers:
                worker.check()
            return condition()

        try:
            wait_until(holds, what, seconds)
        except TimeoutError as late:
            raise TimeoutError("\n".join([str(late), *map(_last_words, self._logs)])) from None

    # -- what comes out

    def read(self, stream: str) -> list[Any]:
        """All committed records of an output topic, as Kafka has them, by partition and offset."""
        return read_topic(self.settings, self.settings.topic(stream), self.partitions)

    def uncommitted(self, stream: str) -> list[Any]:
        """All records of an output topic, also of transactions that are open or were aborted."""
        topic = self.settings.topic(stream)
        return read_topic(self.settings, topic, self.partitions, "read_uncommitted")

    def decisions(self) -> dict[int, list[dict[str, Any]]]:
        """The decisions of each partition in their order."""
        decisions = defaultdict(list)
        for message in self.read("decisions"):
            decisions[message.partition()].append(orjson.loads(message.value()))
        return dict(decisions)

    def lists(self) -> dict[str, dict[str, Any]]:
        """The last list of every person, without those that ended in a tombstone."""
        last = {message.key().decode(): message.value() for message in self.read("suppressions")}
        return {
            user_id: orjson.loads(value) for user_id, value in last.items() if value is not None
        }


def _last_words(log: Path) -> str:
    text = log.read_text(errors="replace").strip() if log.exists() else ""
    return f"--- {log.name}\n{text[-2_000:]}"


def read_topic(
    settings: Settings, topic: str, partitions: int, isolation: str = "read_committed"
) -> list[Any]:
    """All records of a topic as this isolation level shows them, by partition and offset.

    Raises `TimeoutError` when its end is not reached.
    """
    consumer: Any = Consumer({**_reader(settings), "isolation.level": isolation})
    messages: dict[int, list[Any]] = {number: [] for number in range(partitions)}
    ended: set[int] = set()
    deadline = monotonic() + SECONDS
    try:
        # From 0, since the client takes half a second to ask where a topic begins; where what was
        # there is deleted, from the first that is left.
        consumer.assign([confluent_kafka.TopicPartition(topic, n, 0) for n in messages])
        while len(ended) < partitions:
            if monotonic() > deadline:
                raise TimeoutError(f"{topic}: the end was not reached")
            for message in consumer.consume(10_000, 0.1):
                error = message.error()
                if error is None:
                    messages[message.partition()].append(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    ended.add(message.partition())
                else:
                    raise AssertionError(error)
    finally:
        consumer.close()
    return [message for number in sorted(messages) for message in messages[number]]


def _reader(settings: Settings) -> dict[str, Any]:
    return {
        "bootstrap.servers": settings.kafka.brokers,
        "group.id": "reader",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": 10,
        "log_level": 0,
    }


def counts_of(worker: WorkerProcess) -> dict[str, Any]:
    """What a worker that has stopped in order says became of its records."""
    counts = re.findall(r"worker stopped: Counts\((.*)\)$", worker.log.read_text(), re.MULTILINE)
    assert counts, worker.log.read_text()
    return eval(f"dict({counts[-1]})", {"Counter": Counter})
