"""Measuring the join by itself: no broker, one core, processor time."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import NamedTuple

from schemas.records import Event
from streams.recording.files import RecordedRecord
from tests.bench.domain import (
    Join,
    apply,
    decode_event,
    encode_decision,
    encode_list,
    encode_state,
    prepare,
)


class Spent(NamedTuple):
    """Processor seconds."""

    applying: float
    preparing: float

    @property
    def total(self) -> float:
        """Both."""
        return self.applying + self.preparing


@contextmanager
def collecting_nothing() -> Iterator[None]:
    """Collect no garbage meanwhile, as a worker hardly does either."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def checkpoint(join: Join, events: Iterable[Event]) -> Spent:
    """Apply events and write what a checkpoint would: decisions, lists, states."""
    began = process_time()
    for event in events:
        decision = apply(join, event)
        if decision is not None:
            encode_decision(decision)
    applied = process_time()
    for _, person, standing in prepare(join):
        if standing is not None:
            encode_list(standing)
        encode_state(person)
    return Spent(applied - began, process_time() - applied)


def decoded(records: Iterable[RecordedRecord]) -> Iterator[Event]:
    """Valid records as the join reads them."""
    for record in records:
        yield decode_event(record.topic, record.key, record.value, record.timestamp)
