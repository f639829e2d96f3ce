"""Measuring the join by itself: no broker, one core, processor time."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import NamedTuple

from schemas.decoding import decode
from schemas.outputs import to_json
from schemas.records import Event
from streams.recording.files import RecordedRecord
from streams.suppression.join import Join


class Spent(NamedTuple):
    """Processor seconds."""

    taking: float
    settling: float

    @property
    def total(self) -> float:
        """Both."""
        return self.taking + self.settling


@contextmanager
def collecting_nothing() -> Iterator[None]:
    """Collect no garbage meanwhile, as a worker hardly does either."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def checkpoint(joined: Join, events: Iterable[Event]) -> Spent:
    """Take events and write what a checkpoint would: decisions, lists, states."""
    began = process_time()
    for event in events:
        decision = joined.apply(event)
        if decision is not None:
            to_json(decision)
    taken = process_time()
    for _, person, current in joined.prepare():
        if current is not None:
            to_json(current)
        person.to_bytes()
    return Spent(taken - began, process_time() - taken)


def decoded(records: Iterable[RecordedRecord]) -> Iterator[Event]:
    """Valid records as the join takes them."""
    for record in records:
        yield decode(record.topic, record.key, record.value, record.timestamp)
