"""The stored form of what is known of an id's links."""

from typing import Literal

from msgspec import Struct

from schemas.records import Level
from streams.suppression.facts import FactSet

Stated = tuple[int, str]
"""Time and `event_id` of a statement."""


class Statement(Struct, frozen=True, array_like=True, gc=False):
    """What was stated of an id, the leaf, and a hub."""

    event_id: str
    ts: int
    action: Literal["signed_in", "signed_out", "linked", "unlinked"]
    hub: str | None
    method: Literal["authenticated", "declared", "observed", "inferred"]


Statements = tuple[Statement, ...]
"""The statements about one id, in their order."""


class Leaf(Struct, frozen=True, array_like=True, gc=False):
    """What one leaf shares with its hub, and what it may have in return."""

    facts: FactSet
    level: Level
    stated: Stated


class StoredLinks(Struct, array_like=True, gc=False):
    """All that is stored of the links of one id."""

    statements: Statements
    from_hubs: dict[str, FactSet]
    leaves: dict[str, Leaf]
    refused: dict[str, Stated]
    shared_by: str
    waiting: dict[str, Stated] = {}
    is_blocked: bool = False
