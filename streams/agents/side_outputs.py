"""Side outputs: what cannot be joined goes to the dead letters or is rerouted (SPEC 7)."""

from collections.abc import Iterator

from schemas.decoding import InvalidRecord
from schemas.topics import REROUTED
from streams.agents.catalog_reader import InvalidProduct
from streams.agents.context import SuppressContext
from streams.agents.intake import (
    ORIGIN_HEADER,
    FetchedRecord,
    Ignored,
    Invalid,
    Misplaced,
    Unjoinable,
)
from streams.dead_letters.letter import Finding
from streams.engine.task import Send

CATALOG = "catalog"


class SideOutputs:
    """Sends what one partition cannot join to the dead letters or to rerouting, and counts it."""

    def __init__(
        self, number: int, send: Send, product_offsets: dict[str, int], context: SuppressContext
    ) -> None:
        """`product_offsets` are, by partition of the catalog, those before which all is done."""
        self.product_offsets = product_offsets
        self._number = number
        self._send = send
        self._settings = context.settings
        self._catalog = context.catalog
        self._counts = context.counts

    def dispatch(self, record: Unjoinable) -> None:
        """Dead-letter a record that is not right; bring one that is misplaced to its partition."""
        if isinstance(record, Ignored):
            self._counts.ignored[record.topic] += 1
        elif isinstance(record, Misplaced):
            self._reroute(record)
        else:
            self._dead_letter_input(record)

    def dead_letter_products(self) -> None:
        """Dead-letter the catalog's invalid records that were not yet dead-lettered."""
        for invalid in self._pending_products():
            record = FetchedRecord(CATALOG, *invalid[1:-1])
            self._dead_letter(record, invalid.partition, invalid.error)
            self._counts.dead_products[invalid.error.code] += 1
            self.product_offsets[str(invalid.partition)] = invalid.offset + 1

    @property
    def has_pending_products(self) -> bool:
        """Whether `dead_letter_products` has anything to do."""
        return next(self._pending_products(), None) is not None

    def _pending_products(self) -> Iterator[InvalidProduct]:
        """Every worker reads the catalog; the one with partition 0 dead-letters what is wrong."""
        if self._number == 0:
            for invalid in self._catalog.invalid:
                if invalid.offset >= self.product_offsets.get(str(invalid.partition), 0):
                    yield invalid

    def _dead_letter_input(self, invalid: Invalid) -> None:
        record, problem = invalid
        self._dead_letter(record, self._number, problem)
        found_at = f"{self._topic(record)}, partition {self._number}, offset {record.offset}"
        self._counts.dead_example = f"{found_at}: {problem.code}"

    def _dead_letter(self, record: FetchedRecord, partition: int, problem: InvalidRecord) -> None:
        found = Finding(
            problem.code,
            problem.detail,
            self._topic(record),
            partition,
            record.offset,
            record.timestamp,
        )
        self._send(
            self._settings.topic("dead-letters"),
            self._number,
            record.key,
            record.value,
            headers=[*record.headers, *found.to_headers()],
        )
        self._counts.dead[problem.code] += 1

    def _topic(self, record: FetchedRecord) -> str:
        """The name of the topic that a record is from."""
        if record.topic == REROUTED:
            return self._settings.reroute
        return self._settings.topic(record.topic)

    def _reroute(self, misplaced: Misplaced) -> None:
        record, user_id, home = misplaced
        self._send(
            self._settings.reroute,
            home,
            user_id.encode(),
            record.value,
            timestamp=record.timestamp,
            headers=[*record.headers, (ORIGIN_HEADER, record.topic)],
        )
        self._counts.rerouted += 1
