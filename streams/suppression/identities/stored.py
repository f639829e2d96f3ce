"""The stored form of what is known of an id's links."""

from msgspec import Struct

from schemas.records import Level
from streams.suppression.facts import FactSet
from streams.suppression.identities.statements import Statement

Stated = tuple[int, str]
"""Time and `event_id` of a statement."""


class Leaf(Struct, frozen=True, array_like=True, gc=False):
    """What one leaf shares with its hub, and what it may have in return."""

    facts: FactSet
    level: Level
    stated: Stated


class StoredLinks(Struct, array_like=True, gc=False):
    """All that is stored of the links of one id."""

    statements: tuple[Statement, ...]
    from_hubs: dict[str, FactSet]
    leaves: dict[str, Leaf]
    refused: dict[str, Stated]
    shared_by: str
