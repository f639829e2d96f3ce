"""What the tasks of a worker share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.adapters.formats import Reader, readers_of
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
    write_decision: Callable[[Any], bytes] = to_json
    write_list: Callable[[Any], bytes] = to_json
    counts: SuppressCounts = field(default_factory=SuppressCounts)


def context_of(
    settings: Settings, catalog: CatalogReader, registry: SchemaRegistry | None
) -> SuppressContext:
    """The context of a worker; `registry` has the schemas of topics whose values are framed."""
    readers = readers_of(settings.format_by_topic)
    if registry is None:
        return SuppressContext(settings, catalog, readers)
    return SuppressContext(
        settings,
        catalog,
        registry.framed_readers(readers),
        registry.writer("decisions"),
        registry.writer("suppressions"),
    )
