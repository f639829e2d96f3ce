"""Opening what the group has assigned to this worker: state restored, and where to go on."""

import logging
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from streams.engine.alignment import UNKNOWN_END
from streams.engine.catalog_reader import CatalogReader
from streams.engine.changelog import Restore
from streams.engine.offsets import Place, committed, watermarks
from streams.engine.output import Output
from streams.engine.partition import RANKS, Counts, Partition
from streams.engine.store import Memory, Store
from streams.settings import Settings
from streams.suppression.policy import Policy

logger = logging.getLogger(__name__)

BROKER_SECONDS = 60


class Opened(NamedTuple):
    """Partitions whose state is restored, and the offsets to go on from."""

    partitions: dict[int, Partition]
    start_offsets: dict[Any, int]
    committed: dict[Place, int]


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
    ) -> None:
        """`topics` are the streams by the names of the topics that they are read from."""
        self._settings = settings
        self._policy = policy
        self._topics = topics
        self._number_of_partitions = partitions
        self._catalog = catalog
        self._output = output
        self._counts = counts
        self._memory = Memory(settings.cache_megabytes << 20, settings.write_buffer_megabytes << 20)

    def open(self, assigned: set[Any], restore: Restore) -> Opened:
        """Open stores, restore them, and find where to start. Blocks for as long as that takes."""
        numbers = self._same_numbers(assigned)
        places = [(place.topic, place.partition) for place in assigned]
        offsets = committed(self._settings, places, BROKER_SECONDS)
        stores: dict[int, Store] = {}
        try:
            for number in sorted(numbers):
                stores[number] = Store(self._folder(number), self._memory)
            began = monotonic()
            restored = restore.run(stores, _log_progress)
            if restored:
                seconds = max(monotonic() - began, 0.001)
                logger.info("restored %d records, %.0f a second", restored, restored / seconds)
            bounds = watermarks(self._settings, places, BROKER_SECONDS)
        except BaseException:
            for store in stores.values():
                store.close()
            raise
        partitions = {number: self._partition(number, store) for number, store in stores.items()}
        opened = Opened(partitions, {}, {})
        for place in assigned:
            # Where it ends only the first fetch says: what a broker lists may be out of date.
            first, _ = bounds[place.topic, place.partition]
            start = max(first, offsets.get((place.topic, place.partition), first))
            opened.start_offsets[place] = start
            opened.committed[place.topic, place.partition] = start
            name = self._topics[place.topic]
            stream = partitions[place.partition].alignment.stream(name, RANKS[name])
            stream.next_offset, stream.known_end = start, UNKNOWN_END
        return opened

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
            self._policy,
            self._catalog,
            self._output,
            self._settings,
            self._counts,
        )

    def _folder(self, number: int) -> Path:
        """The folder of a partition's state."""
        return self._settings.folder / "persons" / str(number)


def _log_progress(restored: int, left: int) -> None:
    logger.debug("restored %d records, %d left", restored, left)
