"""Opening assigned partitions: their state is restored, and the offsets to go on from found."""

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.engine.checkpoint.takeover import end_transactions_of_dead_workers
from streams.engine.context import EngineContext
from streams.engine.partition_processor import PartitionProcessor
from streams.engine.state.changelog import FROM_THE_INPUTS
from streams.engine.state.progress import (
    ANOTHER_TOPIC,
    is_included,
    processed_offsets,
    progress_of,
    require_known_format,
)
from streams.engine.state.restore import Restore
from streams.engine.state.standby import Standby
from streams.engine.state.store import Memory, Store
from streams.errors import UserError
from streams.kafka.offsets import Committed, committed, topic_ids, watermarks
from streams.kafka.topic_partition import TopicPartition

logger = logging.getLogger(__name__)

BROKER_SECONDS = 60


class Opened(NamedTuple):
    """Partition groups whose state is restored, and the offsets to go on from."""

    processors: dict[int, PartitionProcessor]
    starts: dict[TopicPartition, int]


class PartitionOpener:
    """Opens assigned partitions, which share their memory."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._settings = context.settings
        self._topics = context.topics
        self._counts = context.counts
        settings = context.settings
        self._memory = Memory(settings.cache_megabytes << 20, settings.write_buffer_megabytes << 20)

    def open(self, assigned: frozenset[TopicPartition], restore: Restore) -> Opened:
        """Open stores, restore them, and find where to start. Blocks for as long as that takes.

        Raises `Interrupted` when the restore was cancelled, `KafkaException` when the broker does
        not answer, and `UserError` when a state, the changelog and the inputs do not fit together.
        """
        numbers = self._same_numbers(assigned)
        own_name = self._context.strategy.producer.name
        end_transactions_of_dead_workers(self._settings, assigned, own_name, BROKER_SECONDS)
        offsets = committed(self._settings, assigned, BROKER_SECONDS)
        by_checkpoint = self._by_checkpoint(numbers, offsets)
        ids = topic_ids(self._settings, self._topics, BROKER_SECONDS)
        stores: dict[int, Store] = {}
        try:
            for number in sorted(numbers):
                stores[number] = self.open_store(number)
            restore.run(stores, by_checkpoint)
            for number, store in stores.items():
                require_known_format(
                    store,
                    self._context.tasks.readable_formats,
                    FROM_THE_INPUTS.format(self._settings),
                )
                self._require_all_of(by_checkpoint[number], store)
                self._require_the_same_topics(ids, number, offsets, store)
            bounds = watermarks(self._settings, assigned, BROKER_SECONDS)
            starts = {
                each: self._start(each, stores[each.partition], offsets.get(each), bounds[each][0])
                for each in sorted(assigned)
            }
        except BaseException:
            for store in stores.values():
                store.close()
            raise
        topic_ids_by_stream = {self._topics[topic]: ids[topic] for topic in ids}
        processors = {
            number: PartitionProcessor(number, store, topic_ids_by_stream, self._context)
            for number, store in stores.items()
        }
        for each, start in starts.items():
            processors[each.partition].start_at(self._topics[each.topic], start)
        return Opened(processors, starts)

    def standby(self, numbers: Iterable[int]) -> Standby:
        """Keep the state of partitions warm that other workers work on."""
        due_of = self._context.tasks.due_of
        return Standby(
            self._settings, numbers, self.open_store, due_of, self._count_standby_failure
        )

    def open_store(self, number: int) -> Store:
        """The state of a partition. Raises `UserError` when it cannot be opened."""
        return Store(self._settings.folder / "persons" / str(number), self._memory)

    def _count_standby_failure(self) -> None:
        self._counts.standby_failures += 1

    def _by_checkpoint(
        self, numbers: set[int], offsets: Mapping[TopicPartition, Committed]
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
            reached = dict(processed_offsets(store))
            raise UserError(
                f"The group {self._settings.application} has read its inputs up to "
                f"{dict(offsets)}, but with the changelog {self._settings.changelog} the state in "
                f"{store.path} reaches only to {reached}: records of the changelog are "
                f"lost. Bring them back, or {FROM_THE_INPUTS.format(self._settings)}"
            )

    def _require_the_same_topics(
        self,
        ids: Mapping[str, str],
        number: int,
        offsets: Mapping[TopicPartition, Committed],
        store: Store,
    ) -> None:
        """Refuse a topic that was created again, unless somebody has set the group's offset."""
        progress = progress_of(store)
        known = {} if progress is None else progress["topic_ids"]
        for topic, stream in self._topics.items():
            offset = offsets.get(TopicPartition(topic, number))
            is_set_by_hand = offset is not None and offset.committed_by is None
            if not is_set_by_hand and ids[topic] != known.get(stream, ids[topic]):
                raise UserError(f"{topic}: {ANOTHER_TOPIC}")

    def _start(
        self, partition: TopicPartition, store: Store, committed: Committed | None, first: int
    ) -> int:
        """The offset to go on from; what was deleted before anybody read it is counted."""
        topic, number = partition
        stream = self._topics[topic]
        # Brokers forget the offsets of a group that has rested for long; the state knows them.
        offset = committed.offset if committed else processed_offsets(store).get(stream, first)
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

    def _same_numbers(self, assigned: frozenset[TopicPartition]) -> set[int]:
        """The assigned partition numbers, which must be the same for every topic."""
        by_topic: dict[str, set[int]] = {topic: set() for topic in self._topics}
        for each in assigned:
            by_topic[each.topic].add(each.partition)
        numbers = {each.partition for each in assigned}
        for topic, found in by_topic.items():
            if found != numbers:
                raise RuntimeError(
                    f"topic {topic}: partitions {sorted(found)} were assigned to this worker, of "
                    f"other topics {sorted(numbers)}. All of them need the same number of "
                    f"partitions: see `unhaunt topics check`"
                )
        return numbers
