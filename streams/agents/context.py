"""What the tasks of a worker share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.adapters.formats import Reader, label, readers_of
from schemas.adapters.notes import Note
from schemas.outputs import to_json
from streams.agents.catalog_reader import CatalogReader
from streams.agents.counts import SuppressCounts
from streams.kafka.registry.schema_registry import SchemaRegistry
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class SuppressContext:
    """Made once for a worker, and the same for as long as it runs."""

    settings: Settings
    catalog: CatalogReader
    readers: Mapping[str, Reader]
    """Those of the topics that are not in Unhaunt's own format, or whose values are framed."""
    counts: SuppressCounts
    write_decision: Callable[[Any], bytes] = to_json
    write_list: Callable[[Any], bytes] = to_json


def context_of(
    settings: Settings, catalog: CatalogReader, registry: SchemaRegistry | None
) -> SuppressContext:
    """The context of a worker; `registry` has the schemas of topics whose values are framed."""
    counts = SuppressCounts()

    def count(format_name: str, notes: Sequence[Note]) -> None:
        for note in notes:
            counts.notes[format_name, label(format_name, note), note.kind] += 1

    readers = readers_of(settings.format_by_topic, count)
    if registry is None:
        return SuppressContext(settings, catalog, readers, counts)
    return SuppressContext(
        settings,
        catalog,
        registry.framed_readers(readers),
        counts,
        registry.writer("decisions"),
        registry.writer("suppressions"),
    )
