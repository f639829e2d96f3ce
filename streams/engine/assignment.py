"""Opening what the group has assigned to this worker: state restored, and where to go on."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from streams.agents.catalog_reader import CatalogReader
from streams.engine.checkpoint.output import Output
from streams.engine.checkpoint.takeover import end_transactions_of_the_dead
from streams.engine.partition import Partition
from streams.engine.state.changelog import FROM_THE_INPUTS
from streams.engine.state.progress import (
    ANOTHER_TOPIC,
    is_included,
    progress_of,
    require_known_format,
    taken,
)
from streams.engine.state.restore import Restore
from streams.engine.state.standby import Standby
from streams.engine.state.store import Memory, Store
from streams.engine.telemetry.counts import Counts
from streams.errors import UserError
from streams.kafka.offsets import Committed, committed, topic_ids, watermarks
from streams.kafka.registry.schema_registry import SchemaRegistry
from streams.settings import Settings
from streams.suppression.policy import Policy

logger = logging.getLogger(__name__)

BROKER_SECONDS = 60


class Opened(NamedTuple):
    """Partitions whose state is restored, and the offsets to go on from."""

    partitions: dict[int, Partition]
    start_offsets: dict[Any, int]
    committed: dict[tuple[str, int], int]


class Assignment:
    """Opens assigned partitions, which share their memory."""

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        topics: Mapping[str, str],
        partitions: int,
        catalog: CatalogReader,
        output: Output,
        counts: Counts,
        registry: SchemaRegistry | None,
    ) -> None:
        """`topics` are the streams by the names of the topics that they are read from."""
        self.policy = policy
        """What partitions are opened with from now on."""
        self._settings = settings
        self._topics = topics
        self._number_of_partitions = partitions
        self._catalog = catalog
        self._output = output
        self._counts = counts
        self._registry = registry
        self._memory = Memory(settings.cache_megabytes << 20, settings.write_buffer_megabytes << 20)

    def open(self, assigned: set[Any], restore: Restore) -> Opened:
        """Open stores, restore them, and find where to start. Blocks for as long as that takes.

        Raises `Interrupted` when the restore was cancelled, `KafkaException` when the broker does
        not answer, and `UserError` when a state, the changelog and the inputs do not fit together.
        """
        numbers = self._same_numbers(assigned)
        places = [(place.topic, place.partition) for place in assigned]
        end_transactions_of_the_dead(self._settings, places, self._output.name, BROKER_SECONDS)
        offsets = committed(self._settings, places, BROKER_SECONDS)
        by_checkpoint = self._by_checkpoint(numbers, offsets)
        ids = topic_ids(self._settings, self._topics, BROKER_SECONDS)
        stores: dict[int, Store] = {}
        try:
            for number in sorted(numbers):
                stores[number] = self.open_store(number)
            restore.run(stores, by_checkpoint)
            for number, store in stores.items():
                require_known_format(store, FROM_THE_INPUTS.format(self._settings))
                self._require_all_of(by_checkpoint[number], store)
                self._require_the_same_topics(ids, number, offsets, store)
            bounds = watermarks(self._settings, places, BROKER_SECONDS)
            starts = {
                place: self._start(place, stores[place[1]], offsets.get(place), bounds[place][0])
                for place in places
            }
        except BaseException:
            for store in stores.values():
                store.close()
            raise
        partitions = {number: self._partition(number, store) for number, store in stores.items()}
        for partition in partitions.values():
            partition.topic_ids = {self._topics[topic]: ids[topic] for topic in ids}
        for (topic, number), start in starts.items():
            partitions[number].start_at(self._topics[topic], start)
        return Opened(partitions, {place: starts[tuple(place)] for place in assigned}, starts)

    def standby(self, numbers: Iterable[int]) -> Standby:
        """Keep the state of partitions warm that other workers work on."""
        return Standby(self._settings, numbers, self.open_store, self._count_standby_failure)

    def open_store(self, number: int) -> Store:
        """The state of a partition. Raises `UserError` when it cannot be opened."""
        return Store(self._settings.folder / "persons" / str(number), self._memory)

    def _count_standby_failure(self) -> None:
        self._counts.standby_failures += 1

    def _by_checkpoint(
        self, numbers: set[int], offsets: Mapping[tuple[str, int], Committed]
    ) -> dict[int, dict[str, int]]:
        """For each number the offsets, by stream, that were committed together with its state."""
        found: dict[int, dict[str, int]] = {number: {} for number in numbers}
        for (topic, number), (offset, committed_by) in offsets.items():
            if committed_by is not None:
                found[number][self._topics[topic]] = offset
        return found

    def _require_all_of(self, offsets: Mapping[str, int], store: Store) -> None:
        """Refuse a state that lacks what was read: its part of the changelog must be lost."""
        if not is_included(offsets, store):
            raise UserError(
                f"The group {self._settings.application} has read its inputs up to "
                f"{dict(offsets)}, but with the changelog {self._settings.changelog} the state in "
                f"{store.path} reaches only to {dict(taken(store))}: records of the changelog are "
                f"lost. Bring them back, or {FROM_THE_INPUTS.format(self._settings)}"
            )

    def _require_the_same_topics(
        self,
        ids: Mapping[str, str],
        number: int,
        offsets: Mapping[tuple[str, int], Committed],
        store: Store,
    ) -> None:
        """Refuse a topic that was made anew, unless somebody has said where to begin with it."""
        progress = progress_of(store)
        known = {} if progress is None else progress["topic_ids"]
        for topic, stream in self._topics.items():
            offset = offsets.get((topic, number))
            is_set_by_hand = offset is not None and offset.committed_by is None
            if not is_set_by_hand and ids[topic] != known.get(stream, ids[topic]):
                raise UserError(f"{topic}: {ANOTHER_TOPIC}")

    def _start(
        self, place: tuple[str, int], store: Store, committed: Committed | None, first: int
    ) -> int:
        """The offset to go on from; what was deleted before anybody read it is counted."""
        topic, number = place
        stream = self._topics[topic]
        # Brokers forget the offsets of a group that has rested for long; the state knows them.
        offset = committed.offset if committed else taken(store).get(stream, first)
        if offset < first:
            self._counts.lost[stream] += first - offset
            logger.warning(
                "%s, partition %d: %d records were deleted from the topic before they were read, "
                "offsets %d to %d: its retention is too short, or no worker ran for too long",
                topic,
                number,
                first - offset,
                offset,
                first - 1,
            )
        return max(first, offset)

    def _same_numbers(self, assigned: set[Any]) -> set[int]:
        """The assigned partition numbers, which must be the same for every topic."""
        by_topic: dict[str, set[int]] = {topic: set() for topic in self._topics}
        for place in assigned:
            by_topic[place.topic].add(place.partition)
        numbers = {place.partition for place in assigned}
        for topic, found in by_topic.items():
            if found != numbers:
                raise RuntimeError(
                    f"topic {topic}: partitions {sorted(found)} were assigned to this worker, of "
                    f"other topics {sorted(numbers)}. All of them need the same number of "
                    f"partitions: see `unhaunt topics check`"
                )
        return numbers

    def _partition(self, number: int, store: Store) -> Partition:
        return Partition(
            number,
            self._number_of_partitions,
            store,
            self.policy,
            self._catalog,
            self._output,
            self._settings,
            self._counts,
            self._registry,
        )
