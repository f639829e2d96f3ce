"""Engines to hold one contract against: on Apache Kafka, and in memory."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import orjson
from confluent_kafka import Producer

from streams.settings import Settings
from streams.supervision.worker_process import WorkerProcess
from tests.engine.in_memory import InMemoryEngine
from tests.engine.spy import OUTPUT, Call, SpyTasks, processed, record
from tests.integration.deployment import Deployment, read_topic

REPOSITORY = Path(__file__).parents[2]
PROGRAM = """
import sys
_, repository, notes = sys.argv
sys.path.insert(0, repository)
from tests.engine.spy_worker import main
main(notes)
"""
"""What Python is given to run a worker with spies."""

NEVER = {"checkpoint_milliseconds": 3_600_000, "checkpoint_records": 1_000_000}
"""Settings of an engine that takes no checkpoint before it is stopped."""


class EngineUnderTest(ABC):
    """An engine of one partition number whose tasks are spies. Use it as a context manager."""

    def __init__(self) -> None:
        self._fed = 0

    @abstractmethod
    def start(self, **settings: Any) -> None:
        """Start, or start again from what was committed."""

    @abstractmethod
    def kill(self) -> None:
        """End at once, without a last checkpoint."""

    @abstractmethod
    def stop(self) -> None:
        """End in order."""

    @abstractmethod
    def feed(self, stream: str, *times: int) -> None:
        """Put records with these times behind those of a topic; their values are their times."""

    @abstractmethod
    def calls(self) -> list[Call]:
        """All that has been called since the first start."""

    @abstractmethod
    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Let it work until this holds."""

    @abstractmethod
    def outputs(self) -> list[str]:
        """What tasks have sent, as a reader of committed records sees it."""

    def run(self) -> None:
        """Let it work until all that was fed is processed and committed."""
        self.wait_until(self._is_committed)

    def _is_committed(self) -> bool:
        calls = self.calls()
        items = processed(calls).get(0, [])
        committed = [call.about for call in calls if call.method == "committed"]
        return len(set(items)) == self._fed and bool(committed) and committed[-1] == self._fed


class EngineInMemory(EngineUnderTest):
    """The engine's own loop, without a broker."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._tasks = SpyTasks()
        self._engine: InMemoryEngine | None = None
        self._records: list[tuple[str, Any]] = []
        self._committed: list[str] = []

    @property
    def engine(self) -> InMemoryEngine:
        assert self._engine is not None, "not started"
        return self._engine

    def start(self, **settings: Any) -> None:
        folder = str(self._folder)
        changed = msgspec.structs.replace(Settings(), state_folder=folder, **settings)
        self._engine = InMemoryEngine(self._tasks, self._folder, changed)
        self._engine.__enter__()
        for stream, each in self._records:
            self._engine.feed(stream, each)

    def kill(self) -> None:
        self._keep_outputs()
        self.engine.__exit__()
        self._engine = None

    def stop(self) -> None:
        self.engine.call(self.engine.engine.revoke())
        self.kill()

    def feed(self, stream: str, *times: int) -> None:
        for ts in times:
            offset = sum(of == stream for of, _ in self._records)
            self._records.append((stream, record(offset, ts, str(ts).encode())))
            self._fed += 1
            if self._engine is not None:
                self._engine.feed(stream, self._records[-1][1])

    def calls(self) -> list[Call]:
        return self._tasks.calls

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(1_000):
            if is_so():
                return
            self.engine.step()
        raise TimeoutError(f"not so after a thousand steps: {self.calls()[-20:]}")

    def outputs(self) -> list[str]:
        self._keep_outputs()
        return self._committed

    def _keep_outputs(self) -> None:
        if self._engine is not None:
            sent = [each for each in self.engine.producer.committed if each.topic == OUTPUT]
            self._committed += [(each.value or b"").decode() for each in sent]
            self.engine.producer.committed = []


class EngineOnKafka(EngineUnderTest):
    """A worker process on a broker, with topics of its own."""

    def __init__(self, deployment: Deployment, notes: Path) -> None:
        super().__init__()
        self._deployment = deployment
        self._notes = notes
        self._worker: WorkerProcess | None = None

    @property
    def worker(self) -> WorkerProcess:
        assert self._worker is not None, "not started"
        return self._worker

    def start(self, **settings: Any) -> None:
        program = ("-c", PROGRAM, str(REPOSITORY), str(self._notes))
        self._worker = self._deployment.worker(program=program, **settings)
        self._worker.__enter__()

    def kill(self) -> None:
        self.worker.process.kill()
        self.worker.process.wait()
        self._worker = None

    def stop(self) -> None:
        assert self.worker.stop() == 0, self.worker.log.read_text()
        self._worker = None

    def feed(self, stream: str, *times: int) -> None:
        settings = self._deployment.settings
        producer = Producer({"bootstrap.servers": settings.kafka.brokers})
        for ts in times:
            value = str(ts).encode()
            producer.produce(settings.topic(stream), value, b"ann", 0, timestamp=ts)
            self._fed += 1
        assert producer.flush(30) == 0

    def calls(self) -> list[Call]:
        if not self._notes.exists():
            return []
        lines = self._notes.read_bytes().split(b"\n")[:-1]
        return [Call(*orjson.loads(line)) for line in lines]

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        self._deployment.wait_until(is_so, "what the test waits for", self.worker)

    def outputs(self) -> list[str]:
        messages = read_topic(self._deployment.settings, self._topic, 1)
        return [message.value().decode() for message in messages]

    @property
    def _topic(self) -> str:
        return self._deployment.settings.topic(OUTPUT)
