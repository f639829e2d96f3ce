"""What another id shares with this one: taken in, or ignored where it no longer may (SPEC 9)."""

from typing import Any, Final

from msgspec import json

from schemas.records import Share
from streams.suppression.facts import NO_FACTS, FactSet
from streams.suppression.identities.fact_sets import changed
from streams.suppression.identities.links import Links
from streams.suppression.identities.standing import NOTHING
from streams.suppression.identities.stored import Leaf
from streams.suppression.policy import Policy

_decode_put: Final = json.Decoder(FactSet).decode
_decode_withdrawn: Final = json.Decoder(dict[str, list[str | tuple[str, str]]]).decode


def receive(share: Share, links: Links, policy: Policy) -> bool:
    """Take a share in; returns whether it was of any effect.

    Raises `ValueError` for one that this version did not write.
    """
    if share.direction == "up":
        return _receive_up(share, links, policy)
    return _receive_down(share, links, policy)


def _receive_up(share: Share, links: Links, policy: Policy) -> bool:
    leaf = share.sender
    known = links.leaves.get(leaf)
    if share.ended:
        links.drop_leaf(leaf)
        return known is not None
    if share.stated is None or (known is None and not share.whole):
        return False
    before = NO_FACTS if known is None or share.whole else known.facts
    links.put_leaf(leaf, Leaf(_after(share, before), share.level, share.stated))
    if share.asks:
        links.owed.add(leaf)
    links.make_room(policy.max_ids)
    return True


def _receive_down(share: Share, links: Links, policy: Policy) -> bool:
    hub = share.sender
    if links.standing(policy).level(hub) == NOTHING:
        return False
    if share.ended and share.stated is not None:
        links.refuse(hub, share.stated, policy)
        return True
    if share.whole:
        links.accept(hub)
    elif hub in links.refused:
        return False
    before = NO_FACTS if share.whole else links.from_hubs.get(hub, NO_FACTS)
    links.put_hub(hub, _after(share, before), policy)
    return True


def _after(share: Share, before: FactSet) -> FactSet:
    """What the sender shares, by what it did before and by what it says now."""
    withdrawn: dict[str, list[Any]] = dict(_decode_withdrawn(share.withdrawn))
    return changed(before, _decode_put(share.put), withdrawn)
