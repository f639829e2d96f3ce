"""Whether recorded events name products as the catalog does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec import to_builtins

from schemas.adapters.formats import read, readers_of
from schemas.decoding import InvalidRecord, decode_product, parse
from schemas.records import MOST_ALIASES, Product, events_of
from schemas.topics import PERSON_TOPICS
from streams.recording.alias_proposals import Proposal, propose
from streams.recording.files import RecordedRecord, record_of
from streams.suppression.catalog import Catalog
from streams.suppression.product_ids import ProductIds


class RecordedCatalog:
    """The catalog, with the records that made it: what is proposed goes into them."""

    def __init__(self) -> None:
        self.catalog = Catalog()
        self._records: dict[str, tuple[int, bytes | None]] = {}
        """Timestamp and value of each product's last record."""

    def put(
        self, product_id: str, product: Product | None, timestamp: int, value: bytes | None
    ) -> None:
        """Put in what a record says of a product."""
        self.catalog.put(product_id, product)
        if product is None:
            self._records.pop(product_id, None)
        else:
            self._records[product_id] = (timestamp, value)

    def with_aliases(self, proposals: Sequence[Proposal]) -> Iterator[RecordedRecord]:
        """The records that give products the aliases proposed for them, by product.

        Each says all that the product's last record did. A product gets no more aliases than it
        may have, those of the most frequent ids.
        """
        by_product: dict[str, list[str]] = {}
        for proposal in proposals:
            by_product.setdefault(proposal.product_id, []).append(proposal.alias)
        for product_id, aliases in sorted(by_product.items()):
            timestamp, value = self._records[product_id]
            known = self.catalog.products[product_id]
            fields = _fields(value, known)
            fields["aliases"] = [*(known.aliases or ()), *aliases][:MOST_ALIASES]
            yield record_of("catalog", product_id.encode(), orjson.dumps(fields), timestamp)


def _fields(value: bytes | None, product: Product) -> dict[str, Any]:
    """What a record says of a product: as it stands, or where it is framed what was read of it."""
    try:
        fields = parse(value)
    except InvalidRecord:
        fields = None
    if isinstance(fields, dict):
        return fields
    return {
        name: field for name, field in to_builtins(product).items() if field not in (None, False)
    }


class CatalogCheck:
    """What the catalog knows of the ids in events, and what may be proposed for the rest."""

    def __init__(self, recorded: RecordedCatalog) -> None:
        self.recorded = recorded
        self.product_ids = ProductIds()

    def read(self, records: Iterable[RecordedRecord], formats: Mapping[str, str]) -> None:
        """Count the ids in the records of the person topics, which are in these formats.

        What goes to the dead letters is passed over.
        """
        readers = readers_of(formats)
        catalog = self.recorded.catalog
        for record in records:
            if record.topic not in PERSON_TOPICS:
                continue
            try:
                made = read(
                    readers,
                    record.topic,
                    record.key,
                    record.value,
                    record.timestamp,
                    record.headers,
                )
            except InvalidRecord:
                continue
            for event in () if made is None else events_of(made):
                self.product_ids.count(event, catalog)

    def proposals(self) -> list[Proposal]:
        """Aliases for what is not known, those of the most frequent ids first."""
        unknown: Counter[str] = Counter()
        for counts in self.product_ids.unknown.values():
            unknown.update(counts.kept())
        return propose(unknown, self.recorded.catalog)

    def figures(self, proposals: Sequence[Proposal]) -> dict[str, Any]:
        """All of it as plain JSON data."""
        return {
            "products": len(self.recorded.catalog.products),
            "topics": self.product_ids.figures(),
            "proposals": [proposal.figures() for proposal in proposals],
        }


def recorded_catalog(records: Iterable[RecordedRecord]) -> RecordedCatalog:
    """The catalog of a recording; what breaks the contract is left out, as a worker does."""
    recorded = RecordedCatalog()
    for record in records:
        if record.topic == "catalog":
            try:
                product_id, product = decode_product(record.key, record.value)
            except InvalidRecord:
                continue
            recorded.put(product_id, product, record.timestamp, record.value)
    return recorded
