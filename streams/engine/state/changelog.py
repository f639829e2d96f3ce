"""Reading the changelog back in bulk: the same for a restore and for a standby.

Committed records only. Transaction markers take offsets of their own, so the end is reached when
the client says so, not when a record of the last offset was seen.
"""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.engine.state.store import PERSON, Store
from streams.errors import UserError
from streams.kafka.clients import client_settings
from streams.kafka.offsets import topic_ids, watermarks
from streams.settings import Settings
from streams.suppression import stored

logger = logging.getLogger(__name__)

BULK = 10_000
"""Most records that are taken from the client at once."""

READ_AHEAD_KILOBYTES = 32_768
"""What the client may hold ahead of us, of all partitions."""

WAIT_SECONDS = 0.1
"""The client waits for as many records as it is asked for, up to this long."""


class Applied(NamedTuple):
    """What one read brought."""

    records: int
    is_silent: bool
    """Whether the broker said nothing at all, not even that this is the end."""
    ended: frozenset[int]
    """Partitions of which there are no more committed records for now."""


class ChangelogReader:
    """Applies the changelog to stores, from where each of them is. A context manager."""

    def __init__(self, settings: Settings, stores: Mapping[int, Store], seconds: float) -> None:
        """Check that the stores belong to the changelog, for which a broker has `seconds`.

        A store that is of another changelog, or ahead of it, is emptied and applied from the
        beginning. Raises `KafkaException` when the broker does not answer, and `UserError` when
        the changelog no longer holds what a store lacks.
        """
        self._settings = settings
        self._stores = stores
        changelog = settings.changelog
        current = topic_ids(settings, [changelog], seconds)[changelog]
        bounds = watermarks(settings, [(changelog, number) for number in stores], seconds)
        for number, store in stores.items():
            self._fit(number, store, current, *bounds[changelog, number])
        self.ends = {number: bounds[changelog, number][1] for number in stores}
        """The high watermarks at the beginning, open transactions included."""
        self._consumer = Consumer(self._consumer_settings())
        self._consumer.assign(
            [TopicPartition(changelog, n, store.changelog_offset) for n, store in stores.items()]
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def read(self) -> Applied:
        """Apply what has arrived; waits a moment for it. Raises `KafkaException`."""
        messages = self._consumer.consume(BULK, WAIT_SECONDS)
        changes, reached, ended = _sorted_out(messages)
        for number, offset in reached.items():
            store = self._stores[number]
            content = changes.get(number, {})
            if content or offset != store.changelog_offset:
                store.write(content, due_of(content), changelog_offset=offset)
        return Applied(sum(map(len, changes.values())), not messages, ended)

    def _fit(self, number: int, store: Store, current: str, first: int, end: int) -> None:
        """Empty a store that is not of this changelog; refuse one that it cannot complete."""
        where = f"{self._settings.changelog}, partition {number}"
        if store.changelog_offset > 0:
            problem = None
            if store.changelog_id != current:
                problem = "it belongs to a topic of this name that is gone"
            elif store.changelog_offset > end:
                problem = f"it reaches to offset {store.changelog_offset}, the topic to {end}"
            if problem is not None and end == 0:
                raise UserError(
                    f"{where}: the changelog is empty, but there is a state for it in {store.path} "
                    f"({problem}). The state may be all that is left, so it is not touched. Bring "
                    f"the topic back, or {FROM_THE_INPUTS.format(self._settings)}"
                )
            if problem is not None:
                logger.warning("%s: the state in %s is rebuilt: %s", where, store.path, problem)
                store.clear()
        if store.changelog_offset < first:
            raise UserError(
                f"{where}: its records before offset {first} were deleted, and the state in "
                f"{store.path} reaches only to {store.changelog_offset}: it cannot be completed. "
                "A changelog may be compacted (cleanup.policy=compact) and nothing else. Start a "
                "worker that still has the state, or " + FROM_THE_INPUTS.format(self._settings)
            )
        store.belong_to(current)

    def _consumer_settings(self) -> dict[str, Any]:
        return {
            **client_settings(self._settings),
            "group.id": self._settings.application,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 100,
            "queued.min.messages": 200_000,
            # For each partition, of which the client's own default would be 64 MB.
            "queued.max.messages.kbytes": max(1_024, READ_AHEAD_KILOBYTES // len(self._stores)),
            # When all of that is waiting, the client would not fetch again for a second.
            "fetch.queue.backoff.ms": 5,
            "fetch.message.max.bytes": 1_000_000,
        }


FROM_THE_INPUTS = (
    "rebuild from the inputs that are there: stop all workers, delete their state folders and the "
    "topic {0.changelog}, create it anew with `unhaunt topics apply`, and set the offsets of the "
    "group {0.application} to the earliest (kafka-consumer-groups --reset-offsets --to-earliest)."
)


def _sorted_out(
    messages: list[Any],
) -> tuple[dict[int, dict[bytes, bytes | None]], dict[int, int], frozenset[int]]:
    """The newest value of each key, the offset reached and whether it is the end, by partition."""
    changes: dict[int, dict[bytes, bytes | None]] = {}
    reached: dict[int, int] = {}
    ended: set[int] = set()
    for message in messages:
        error = message.error()
        number = message.partition()
        if error is None:
            changes.setdefault(number, {})[message.key()] = message.value()
            reached[number] = message.offset() + 1
        elif error.code() == KafkaError._PARTITION_EOF:
            reached[number] = message.offset()
            ended.add(number)
        elif not error.retriable():
            raise KafkaException(error)
    return changes, reached, frozenset(ended)


def due_of(changes: Mapping[bytes, bytes | None]) -> list[tuple[int, bytes]]:
    """When each of the changed persons is due, from the front of the stored form."""
    due: list[tuple[int, bytes]] = []
    for key, value in changes.items():
        if value is not None and key.startswith(PERSON):
            time = stored.due_of(value)
            if time is not None:
                due.append((time, key))
    return due
