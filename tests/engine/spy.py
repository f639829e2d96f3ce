"""A task that writes down what an engine does with it, for tests of engines."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from streams.engine.task import Decoded, Ordered, TaskContext, Waiting
from streams.kafka.group_consumer import Polled

COUNT = b"pcount"
"""The key of the state: how many records were processed."""
OUTPUT = "decisions"


class Call(NamedTuple):
    """A method that was called, and what it was about."""

    method: str
    number: int = -1
    """Of the partition group; -1 where it is of none."""
    about: Any = None


def record(offset: int, ts: int = 0, value: bytes | None = None) -> Any:
    """A record as aiokafka has it; by default its value is its offset."""
    text = str(offset).encode() if value is None else value
    return SimpleNamespace(offset=offset, timestamp=ts, key=b"ann", value=text, headers=())


class SpyTask:
    """Counts records, in its state and in its progress, and sends each on."""

    def __init__(self, context: TaskContext, output: str, note: Callable[[Call], object]) -> None:
        self.context = context
        self._output = output
        self._note = note
        [stored] = context.store.get([COUNT])
        self._stored = 0 if stored is None else int(stored)
        self._counted = (context.progress or {"counted": 0})["counted"]
        self.is_changed = False
        note(Call("create", context.number, {"stored": self._stored, "counted": self._counted}))

    def decode(self, stream: str, records: Sequence[Any]) -> Iterator[Decoded]:
        """The item is the stream and the text of the value."""
        values = [each.value.decode() for each in records]
        self._note(Call("decode", self.context.number, [stream, values]))
        for each, value in zip(records, values, strict=True):
            yield each.offset, each.timestamp, f"{stream} {value}", len(value)

    def process(self, batch: Sequence[Ordered]) -> None:
        """Send each item on."""
        items = [item for _, (item, _) in batch]
        self._note(Call("process", self.context.number, items))
        self._counted += len(items)
        for item in items:
            self.context.send(self._output, self.context.number, b"ann", item.encode())

    def punctuate(self) -> None:
        """Only write down that it was called, once between two other calls."""
        self._note(Call("punctuate", self.context.number))

    def prepare(self) -> None:
        """Put the count into the state."""
        self._note(Call("prepare", self.context.number))
        self.context.changes.put(COUNT, str(self._counted).encode())

    def progress(self) -> Mapping[str, Any]:
        """How many records were processed."""
        return {"counted": self._counted}

    def committed(self) -> None:
        """What the store has by now must be what was prepared."""
        [stored] = self.context.store.get([COUNT])
        self._note(Call("committed", self.context.number, int(stored or 0)))

    def close(self) -> None:
        """Nothing is being read."""
        self._note(Call("close", self.context.number))


class SpyTasks:
    """Supplies spies, which all write into one list, or wherever `note` writes.

    `output` is the topic that they send to.
    """

    state_format = 1
    readable_formats: Collection[int] = (1,)

    def __init__(self, note: Callable[[Call], object] | None = None, output: str = OUTPUT) -> None:
        self.calls: list[Call] = []
        self._note = note or self.calls.append
        self._output = output

    def due_of(self, stored: bytes) -> int | None:
        return None

    def create(self, context: TaskContext) -> SpyTask:
        return SpyTask(context, self._output, self._note)

    async def ready(self, polled: Polled, waiting: Waiting) -> bool:
        self._note(Call("ready", about=sum(map(len, polled.records.values()))))
        return True

    def committed(self) -> None:
        self._note(Call("all committed"))


def methods(calls: Iterable[Call]) -> list[str]:
    """What was called, without what is called again and again when nothing happens."""
    return [call.method for call in calls if call.method not in ("ready", "punctuate")]


def processed(calls: Iterable[Call]) -> dict[int, list[str]]:
    """The items that were processed in each partition group, in their order."""
    found: dict[int, list[str]] = {}
    for call in calls:
        if call.method == "process":
            found.setdefault(call.number, []).extend(call.about)
    return found
