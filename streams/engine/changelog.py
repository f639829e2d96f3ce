"""Reading the changelog back: to the end at the start, and on and on for a standby.

Committed records only, in bulk. Transaction markers take offsets of their own, so the end is
reached when the client says so, not when a record of the last offset was seen.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from time import monotonic
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.engine.offsets import watermarks
from streams.engine.output import client_settings
from streams.engine.store import PERSON, Store
from streams.settings import Settings

logger = logging.getLogger(__name__)

BULK = 10_000
"""Most records that are taken from the client at once."""

WAIT_SECONDS = 0.1
"""The client waits for as many records as it is asked for, up to this long."""

Progress = Callable[[int, int], None]
"""Told the number of records restored so far and the number of offsets left."""


class Restore:
    """Brings the state of assigned partitions up to the end of the changelog."""

    def __init__(self, settings: Settings, seconds: float = 60) -> None:
        """`seconds` is how long to wait for a broker that says nothing at all."""
        self._settings = settings
        self._timeout = seconds
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Make a `run` in another thread return at the next occasion."""
        self._cancelled.set()

    def run(self, stores: Mapping[int, Store], progress: Progress | None = None) -> int:
        """Apply what the stores lack; returns how many records that was.

        Waits for transactions that are still open, for what they hold may yet be committed.
        A store that is ahead of the changelog, or for which the changelog no longer reaches back
        far enough, is rebuilt from the beginning.

        Raises `KafkaException` when the changelog cannot be read.
        """
        changelog = self._settings.changelog
        bounds = watermarks(self._settings, [(changelog, n) for n in stores], self._timeout)
        start: list[TopicPartition] = []
        ends: dict[int, int] = {}
        for number, store in stores.items():
            first, end = bounds[changelog, number]
            if not (first <= store.changelog_offset <= end or store.changelog_offset == 0):
                logger.warning(
                    "partition %d is rebuilt: its state is at offset %d, the changelog at %d to %d",
                    number,
                    store.changelog_offset,
                    first,
                    end,
                )
                store.clear()
            if store.changelog_offset < end:
                ends[number] = end
                at = max(store.changelog_offset, first)
                start.append(TopicPartition(changelog, number, at))
        if not start:
            return 0
        with closing(Consumer(self._consumer_settings())) as consumer:
            consumer.assign(start)
            return self._read(consumer, stores, ends, progress)

    def _read(
        self,
        consumer: Consumer,
        stores: Mapping[int, Store],
        ends: dict[int, int],
        progress: Progress | None,
    ) -> int:
        restored = 0
        silent_since = monotonic()
        while ends and not self._cancelled.is_set():
            messages = consumer.consume(BULK, WAIT_SECONDS)
            if messages:
                silent_since = monotonic()
            elif monotonic() - silent_since > self._timeout:
                raise KafkaException(
                    KafkaError(KafkaError._TIMED_OUT, "the changelog did not reach its end in time")
                )
            changes, reached = _sorted_out(messages)
            for number, offset in reached.items():
                store = stores[number]
                content = changes.get(number, {})
                store.write(content, due_of(content), changelog_offset=offset)
                restored += len(content)
                if offset >= ends.get(number, 0):
                    ends.pop(number, None)
            if progress is not None:
                progress(restored, sum(end - stores[n].changelog_offset for n, end in ends.items()))
        return restored

    def _consumer_settings(self) -> dict[str, Any]:
        return {
            **client_settings(self._settings),
            "group.id": self._settings.application,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "queued.min.messages": 200_000,
            "fetch.message.max.bytes": 4_000_000,
        }


def _sorted_out(messages: list[Any]) -> tuple[dict[int, dict[bytes, bytes | None]], dict[int, int]]:
    """The newest value of each key, and the offset reached, by partition."""
    changes: dict[int, dict[bytes, bytes | None]] = {}
    reached: dict[int, int] = {}
    for message in messages:
        error = message.error()
        number = message.partition()
        if error is None:
            changes.setdefault(number, {})[message.key()] = message.value()
            reached[number] = message.offset() + 1
        elif error.code() == KafkaError._PARTITION_EOF:
            reached[number] = message.offset()
        elif not error.retriable():
            raise KafkaException(error)
    return changes, reached


def due_of(changes: Mapping[bytes, bytes | None]) -> list[tuple[int, bytes]]:
    """When each of the changed persons is due, from the front of the stored form."""
    due: list[tuple[int, bytes]] = []
    for key, value in changes.items():
        if value is not None and key.startswith(PERSON):
            time = orjson.loads(value[1 : value.index(b",")])
            if time is not None:
                due.append((time, key))
    return due
