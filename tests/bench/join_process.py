"""What each part of the join takes in this process: `python -m tests.bench.join_process RECORDING`.

`join` runs it with one build after the other. It writes to stdout as JSON what an event takes.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from math import ceil
from time import process_time
from typing import Any, Final, TypeVar

import msgspec

from schemas.records import Event
from streams.recording.files import RecordedRecord, read
from tests.bench.domain import (
    Change,
    Decision,
    Join,
    apply,
    decode_event,
    encode_decision,
    encode_list,
    encode_state,
    new_join,
    prepare,
    read_catalog,
)
from tests.bench.in_process import collecting_nothing
from tests.bench.yardstick import work

EVENTS: Final = 2_500
"""Of each checkpoint."""
YARDSTICKS: Final = 100
"""Beside each of them, so that what troubles the machine troubles both."""

Received = tuple[str, bytes | None, bytes | None, int]
"""Topic, key, value and timestamp of a record."""
Result = TypeVar("Result")


class Parts(msgspec.Struct):
    """Microseconds of processor time: the parts of an event's, and the yardstick's."""

    decode: float
    apply: float
    prepare: float
    """Making lists and states at each checkpoint."""
    encode: float
    """Decisions, lists and states, as bytes."""
    yardstick: float
    is_compiled: bool

    @property
    def total(self) -> float:
        """Of an event."""
        return self.decode + self.apply + self.prepare + self.encode


def parts(records: Sequence[RecordedRecord]) -> Parts:
    """Put a recording through the join of one partition."""
    join = new_join(read_catalog(record for record in records if record.topic == "catalog"))
    received = [
        (record.topic, record.key, record.value, record.timestamp)
        for record in records
        if record.topic != "catalog"
    ]
    seconds: dict[str, float] = defaultdict(float)

    def timed(part: str, work: Callable[..., Result], *given: Any) -> Result:
        began = process_time()
        result = work(*given)
        seconds[part] += process_time() - began
        return result

    with collecting_nothing():
        for start in range(0, len(received), EVENTS):
            batch = received[start : start + EVENTS]
            events = timed("decode", decode_all, batch)
            decisions = timed("apply", apply_all, join, events)
            changes = timed("prepare", prepare, join)
            timed("encode", encode, decisions, changes)
            timed("yardstick", work, YARDSTICKS)
    yardsticks = YARDSTICKS * ceil(len(received) / EVENTS)
    yardstick = seconds.pop("yardstick") / yardsticks * 1e6
    of_an_event = {part: spent / len(received) * 1e6 for part, spent in seconds.items()}
    return Parts(**of_an_event, yardstick=yardstick, is_compiled=is_compiled())


def decode_all(received: Sequence[Received]) -> list[Event]:
    """As events."""
    return [decode_event(*record) for record in received]


def apply_all(join: Join, events: Sequence[Event]) -> list[Decision | None]:
    """With a decision for each request."""
    return [apply(join, event) for event in events]


def encode(decisions: Sequence[Decision | None], changes: Sequence[Change]) -> None:
    """What a checkpoint sends and stores, as bytes."""
    for decision in decisions:
        if decision is not None:
            encode_decision(decision)
    for _, person, standing in changes:
        if standing is not None:
            encode_list(standing)
        encode_state(person)


def is_compiled() -> bool:
    """Whether the domain that runs here is compiled."""
    return any(
        not str(getattr(module, "__file__", ".py")).endswith(".py")
        for name, module in sys.modules.items()
        if name.startswith("streams.suppression.")
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(parts(list(read([sys.argv[1]])))))
