"""What another id shares with this one: taken in, or ignored where it no longer may (SPEC 9)."""

from typing import Any, Final, final

from msgspec import json

from schemas.decoding import InvalidRecord
from schemas.records import Share
from streams.suppression.facts import NO_FACTS, Fact, FactsByKind
from streams.suppression.identities.fact_sets import ByKind, Key, changed, key_of
from streams.suppression.identities.links import Links
from streams.suppression.identities.standing import NOTHING
from streams.suppression.identities.stored import Leaf
from streams.suppression.policy import Policy

_decode_put: Final = json.Decoder(FactsByKind).decode
_decode_withdrawn: Final = json.Decoder(dict[str, list[str | tuple[str, str]]]).decode


def require_readable(share: Share) -> None:
    """Raises `InvalidRecord` for a share whose facts this version did not write."""
    try:
        _decode_put(share.put)
        _decode_withdrawn(share.withdrawn)
    except ValueError as error:
        raise InvalidRecord("wrong_type", f"expected facts of this version: {error}") from error


def facts_put(share: Share) -> list[Fact]:
    """What a share brings. Raises `ValueError` for one that this version did not write."""
    put, _ = _read(share)
    return [fact for facts in put.values() for fact in facts]


@final
class Received:
    """What came of a share."""

    __slots__ = ("is_effective", "keys")

    def __init__(self, is_effective: bool, keys: list[Key] | None) -> None:
        self.is_effective = is_effective
        self.keys = keys
        """Of the facts that may have changed; None if all may have."""


IGNORED: Final = Received(False, [])


def receive(share: Share, links: Links, policy: Policy) -> Received:
    """Take a share in. Raises `ValueError` for one that this version did not write."""
    if share.direction == "up":
        return _receive_up(share, links, policy)
    return _receive_down(share, links, policy)


def _receive_up(share: Share, links: Links, policy: Policy) -> Received:
    leaf = share.sender
    known = links.leaves.get(leaf)
    if share.ended:
        if known is None and leaf not in links.waiting:
            return IGNORED
        links.drop_leaf(leaf, policy.max_ids)
        return Received(True, None)
    if share.stated is None or (known is None and not share.whole):
        return IGNORED
    put, withdrawn = _read(share)
    before = NO_FACTS if known is None or share.whole else known.facts
    if share.asks:
        links.owed = links.owed | {leaf}
    facts = changed(before, put, withdrawn)
    links.put_leaf(leaf, Leaf(facts, share.level, share.stated), policy.max_ids)
    return _received(share, put, withdrawn)


def _receive_down(share: Share, links: Links, policy: Policy) -> Received:
    hub = share.sender
    if share.ended or share.asks:
        links.wanted = links.wanted | {hub}  # also if it is linked again only after this
    if links.standing(policy).level(hub) == NOTHING:
        return IGNORED
    if share.ended and share.stated is not None:
        links.refuse(hub, share.stated, policy)
        return Received(True, None)
    if share.whole:
        links.accept(hub)
    elif hub in links.refused:
        return IGNORED
    put, withdrawn = _read(share)
    before = NO_FACTS if share.whole else links.from_hubs.get(hub, NO_FACTS)
    links.put_hub(hub, changed(before, put, withdrawn), policy)
    return _received(share, put, withdrawn)


def _read(share: Share) -> tuple[ByKind, ByKind]:
    """The facts that are to be put, and what those are known by that are withdrawn."""
    put: Any = _decode_put(share.put)
    withdrawn: Any = _decode_withdrawn(share.withdrawn)
    return put, withdrawn


def _received(share: Share, put: ByKind, withdrawn: ByKind) -> Received:
    if share.whole:
        return Received(True, None)
    keys = [key_of(fact) for facts in put.values() for fact in facts]
    keys += [(kind, identity) for kind, identities in withdrawn.items() for identity in identities]
    return Received(True, keys)
