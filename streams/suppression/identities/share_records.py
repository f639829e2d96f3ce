"""Shares as records: what changed in facts, in as many of them as it needs (SPEC 9)."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Raw, json
from msgspec.structs import replace

from schemas.records import Share
from streams.suppression.aliases import KIND_OF
from streams.suppression.facts import Fact
from streams.suppression.identities.fact_sets import Key

MOST_FACTS: Final = 500
"""So many facts are shared in one record."""

MOST_BYTES: Final = 256 * 1024
"""A record with more than one fact is no larger than this, and so far from what brokers take."""

Change = tuple[Key, Fact | None]
"""What is known by a key now; None if it is to be withdrawn."""

_encode: Final = json.Encoder().encode


def records(share: Share, changes: list[Change]) -> list[Share]:
    """The share with these changes. What does not fit into one record follows in others."""
    return _split(share, sorted(changes, key=_key_of_change) if len(changes) > 1 else changes)


def _split(share: Share, changes: Sequence[Change]) -> list[Share]:
    if not changes:
        return [share]
    put, withdrawn = _written(changes)
    size, half = len(changes), len(changes) // 2
    if size > 1 and (size > MOST_FACTS or len(put) + len(withdrawn) > MOST_BYTES):
        rest = replace(share, whole=False, asks=False)
        return _split(share, changes[:half]) + _split(rest, changes[half:])
    if put:
        share.put = Raw(put)
    if withdrawn:
        share.withdrawn = Raw(withdrawn)
    return [share]


def _written(changes: Sequence[Change]) -> tuple[bytes, bytes]:
    """What is put and what is withdrawn, by kind, as JSON; empty where there is none."""
    put: dict[str, list[Fact]] = {}
    withdrawn: dict[str, list[Any]] = {}
    for (kind, identity), fact in changes:
        if fact is None:
            withdrawn.setdefault(kind, []).append(identity)
        else:
            put.setdefault(KIND_OF[type(fact)], []).append(fact)
    return _encode(put) if put else b"", _encode(withdrawn) if withdrawn else b""


def _key_of_change(change: Change) -> Key:
    return change[0]
