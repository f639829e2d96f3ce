"""How far the inputs are part of a partition's state: what its checkpoints say with the state.

The offsets in the state and those of the group are committed together. That the former are behind
therefore means that a part of the changelog is lost.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from streams.engine.store import PROGRESS, Store

ANOTHER_TOPIC = (
    "it is not the topic that was read. If it was made anew on purpose, stop all workers and set "
    "the group's offsets of it to the earliest (kafka-consumer-groups --reset-offsets "
    "--to-earliest); what is known of people stays."
)
"""What to say of an input of which more was read than it can have held."""


def progress_of(store: Store) -> dict[str, Any] | None:
    """What the last checkpoint said of the partition; None before the first."""
    [stored] = store.get([PROGRESS])
    progress: dict[str, Any] | None = None if stored is None else orjson.loads(stored)
    return progress


def taken(store: Store) -> Mapping[str, int]:
    """The next offset of each stream that is not part of the state yet."""
    progress = progress_of(store)
    offsets: Mapping[str, int] = {} if progress is None else progress["offsets"]
    return offsets


def is_included(committed: Mapping[str, int], store: Store) -> bool:
    """Whether the state includes all that was read before these offsets."""
    offsets = taken(store)
    return all(offsets.get(stream, 0) >= offset for stream, offset in committed.items())
