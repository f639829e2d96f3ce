"""The progress of a partition: up to which offsets its state includes the inputs.

Each checkpoint stores it with the state.

The offsets in the state and those of the group are committed together. That the former are behind
therefore means that a part of the changelog is lost.
"""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from streams import __version__
from streams.engine.state.store import PROGRESS, Store
from streams.errors import UserError

ANOTHER_TOPIC = (
    "it is not the topic that was read. If it was made anew on purpose, stop all workers and set "
    "the group's offsets of it to the earliest (kafka-consumer-groups --reset-offsets "
    "--to-earliest); what is known of people stays."
)
"""What to say of an input of which more was read than it can have held."""

FIRST_FORMAT = 1
"""The format of a state that names none."""


def progress_of(store: Store) -> dict[str, Any] | None:
    """The progress that the last checkpoint has stored; None before the first."""
    [stored] = store.get([PROGRESS])
    progress: dict[str, Any] | None = None if stored is None else orjson.loads(stored)
    return progress


def processed_offsets(store: Store) -> Mapping[str, int]:
    """The offset of each stream before which the state includes all records."""
    progress = progress_of(store)
    offsets: Mapping[str, int] = {} if progress is None else progress["offsets"]
    return offsets


def require_known_format(store: Store, known: Collection[int], rebuilding: str) -> None:
    """Refuse a state that another version has written, which this one cannot read.

    `known` are the forms that this one reads, `rebuilding` what else can be done. Raises
    `UserError`.
    """
    progress = progress_of(store)
    written = FIRST_FORMAT if progress is None else progress.get("format", FIRST_FORMAT)
    if progress is not None and written not in known:
        article, which = ("a", "newer") if written > max(known) else ("an", "older")
        raise UserError(
            f"The state in {store.path} was written by {article} {which} version of Unhaunt: it "
            f"has format {written}, and this version ({__version__}) reads no other than "
            f"{' and '.join(map(str, sorted(known)))}. "
            f"Start the {which} version, or {rebuilding}"
        )


def is_included(committed: Mapping[str, int], store: Store) -> bool:
    """Whether the state includes all that was read before these offsets."""
    offsets = processed_offsets(store)
    return all(offsets.get(stream, 0) >= offset for stream, offset in committed.items())
