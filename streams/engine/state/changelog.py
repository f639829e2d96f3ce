"""Reading the changelog back in bulk: the same for a restore and for a standby."""

import logging
from collections.abc import Mapping
from typing import NamedTuple, Self

import orjson

from streams.engine.state.store import PERSON, Store
from streams.errors import UserError
from streams.kafka.offsets import topic_ids, watermarks
from streams.kafka.reader import Fetching, TopicReader
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings

logger = logging.getLogger(__name__)

BULK = 10_000
"""Most records that are read at once."""

READ_AHEAD_KILOBYTES = 32_768
"""Most that may be fetched ahead of what is applied, of all partitions together."""

WAIT_SECONDS = 0.1
"""The client waits for as many records as it is asked for, up to this long."""


class Applied(NamedTuple):
    """What one read has applied."""

    records: int
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
        self._partitions = {number: TopicPartition(changelog, number) for number in stores}
        bounds = watermarks(settings, self._partitions.values(), seconds)
        for number, partition in self._partitions.items():
            self._require_fit(number, stores[number], current, *bounds[partition])
        self.ends = {number: bounds[each][1] for number, each in self._partitions.items()}
        """The high watermarks at the beginning, open transactions included."""
        # Less the more partitions there are, since the client counts all that it has queued.
        queue = max(1_024, READ_AHEAD_KILOBYTES // len(stores))
        self._reader = TopicReader(settings, Fetching(queue, queue_records=200_000, wait_ms=100))
        self._reader.assign(
            {each: stores[number].changelog_offset for number, each in self._partitions.items()}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    @property
    def silence(self) -> float:
        """For how many seconds the broker has sent neither records nor the end of a partition."""
        return self._reader.silence

    def read(self) -> Applied:
        """Apply what has arrived; waits a moment for it. Raises `KafkaException`."""
        records = 0
        fetched = self._reader.consume(BULK, WAIT_SECONDS)
        for partition, (messages, position, _) in fetched.items():
            store = self._stores[partition.partition]
            changes = {message.key(): message.value() for message in messages}
            records += len(changes)
            if changes or position != store.changelog_offset:
                store.write(changes, due_of(changes), changelog_offset=position)
        ended = frozenset(each.partition for each, batch in fetched.items() if batch.is_end)
        return Applied(records, ended)

    def _require_fit(self, number: int, store: Store, current: str, first: int, end: int) -> None:
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


FROM_THE_INPUTS = (
    "rebuild from the inputs that are there: stop all workers, delete their state folders and the "
    "topic {0.changelog}, create it anew with `unhaunt topics apply`, and set the offsets of the "
    "group {0.application} to the earliest (kafka-consumer-groups --reset-offsets --to-earliest)."
)


def due_of(changes: Mapping[bytes, bytes | None]) -> list[tuple[int, bytes]]:
    """When each of the changed persons is due, from the front of the stored form."""
    due: list[tuple[int, bytes]] = []
    for key, value in changes.items():
        if value is not None and key.startswith(PERSON):
            time = orjson.loads(value[1 : value.index(b",")])
            if time is not None:
                due.append((time, key))
    return due
