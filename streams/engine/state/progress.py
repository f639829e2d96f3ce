"""How far the inputs are part of a partition's state: what its checkpoints say with the state.

The offsets in the state and those of the group are committed together. That the former are behind
therefore means that a part of the changelog is lost.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from streams import __version__
from streams.engine.state.store import PROGRESS, Store
from streams.errors import UserError
from streams.suppression.stored import FORMAT

ANOTHER_TOPIC = (
    "it is not the topic that was read. If it was made anew on purpose, stop all workers and set "
    "the group's offsets of it to the earliest (kafka-consumer-groups --reset-offsets "
    "--to-earliest); what is known of people stays."
)
"""What to say of an input of which more was read than it can have held."""

FIRST_FORMAT = 1
"""The form of a state that does not say which it has."""


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


def require_known_format(store: Store, rebuilding: str) -> None:
    """Refuse a state that another version has written, whose persons this one cannot read.

    `rebuilding` is what else can be done. Raises `UserError`.
    """
    progress = progress_of(store)
    written = FIRST_FORMAT if progress is None else progress.get("format", FIRST_FORMAT)
    if progress is not None and written != FORMAT:
        which = "a newer" if written > FORMAT else "an older"
        raise UserError(
            f"The state in {store.path} was written by {which} version of Unhaunt: it has format "
            f"{written}, and this version ({__version__}) reads no other than {FORMAT}. Start "
            f"the {which.split()[1]} version, or {rebuilding}"
        )


def is_included(committed: Mapping[str, int], store: Store) -> bool:
    """Whether the state includes all that was read before these offsets."""
    offsets = taken(store)
    return all(offsets.get(stream, 0) >= offset for stream, offset in committed.items())
