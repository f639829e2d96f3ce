"""Whether the catalog knows the ids of products in a worker's records."""

from collections.abc import Sequence
from typing import Any, Final

from schemas.records import events_of
from streams.agents.counts import SuppressCounts
from streams.agents.intake import UNJOINABLE
from streams.engine.task import Ordered
from streams.suppression.catalog import Catalog
from streams.suppression.product_ids import found_as, ids_named, looks_of

EVERY: Final = 16
"""One record in so many is looked at: it is the share of ids that tells something."""


class ProductIdSample:
    """Looks at some of the records of one partition."""

    def __init__(self, catalog: Catalog, counts: SuppressCounts) -> None:
        self._catalog = catalog
        self._counts = counts
        self._next = 0
        """The position in the next batch of the record that is looked at next."""

    def look_at(self, batch: Sequence[Ordered]) -> None:
        """Count the ids in some of the records; none as long as there is no catalog."""
        if not self._catalog.products:
            return
        at = self._next
        while at < len(batch):
            self._count(batch[at][1][0])
            at += EVERY
        self._next = at - len(batch)

    def _count(self, item: Any) -> None:
        if isinstance(item, UNJOINABLE):
            return
        for event in events_of(item):
            topic, ids = ids_named(event)
            for product_id in ids:
                found = found_as(product_id, self._catalog)
                self._counts.product_ids[topic, found, looks_of(product_id)] += 1
