"""What an id has to share: what is different from when it last shared (SPEC 9).

Up goes what is a leaf's own, and down what is a hub's own with what its other leaves share. What
has merely ended is no difference: everybody forgets it by the clock of their own partition.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Raw, json

from schemas.records import NO_FACTS as NOTHING_PUT
from schemas.records import Share
from streams.suppression.aliases import KIND_OF
from streams.suppression.facts import NO_FACTS, Fact, FactSet
from streams.suppression.identities.fact_sets import (
    KINDS,
    Key,
    differing,
    facts_in,
    find_fact,
    join_found,
    key_of,
)
from streams.suppression.identities.links import Links, Shared, sharing_hubs
from streams.suppression.identities.standing import (
    LEVELS,
    Standing,
    is_shareable,
    passes,
)
from streams.suppression.identities.stored import Leaf
from streams.suppression.policy import Policy

MOST_FACTS: Final = 500
"""So many facts are shared in one record."""

MOST_BYTES: Final = 256 * 1024
"""A record with more than one fact is no larger than this, and so far from what brokers take."""

Change = tuple[Key, Fact | None]
"""What is known by a key now; None if it is to be withdrawn."""

_BUT_IMPRESSIONS: Final = tuple([kind for kind in KINDS if kind != "impressions"])

_encode: Final = json.Encoder().encode


def take_shares(user_id: str, own: FactSet, links: Links, policy: Policy, ts: int) -> list[Share]:
    """What an id has to share; from here on it is shared."""
    is_anew = links.shared_by != policy.sharing
    if not is_anew and not _is_any_different(own, links, policy):
        return []
    if is_anew:
        links.restrict(policy)
        links.make_room(policy.max_ids)
    shares = _up(user_id, own, links, policy, is_anew) + _down(user_id, own, links, policy, is_anew)
    links.remember(own, policy)
    for share in shares:
        share.sender, share.ts = user_id, ts
    return shares


def _is_any_different(own: FactSet, links: Links, policy: Policy) -> bool:
    """Whether anything may have to be shared: nothing is changed, so the same is the very same."""
    shared = links.shared
    return (
        shared.statements is not links.statements
        or shared.leaves is not links.leaves
        or shared.refused is not links.refused
        or bool(links.asking or links.owed or links.evicted)
        or any(getattr(shared.own, kind) is not getattr(own, kind) for kind in _kinds(policy))
    )


# -- from a leaf to its hubs


def _up(user_id: str, own: FactSet, links: Links, policy: Policy, is_anew: bool) -> list[Share]:
    if not links.statements:
        return []
    shared, standing = links.shared, links.standing(policy)
    before = standing
    if shared.statements is not links.statements:
        before = Standing(shared.statements, policy)
    hubs, known = sharing_hubs(standing, links.refused), sharing_hubs(before, shared.refused)
    over = known - hubs
    if is_anew:  # by the policy before, other ones may have been shared with
        known, over = set(), set(before.hubs) - hubs
    shares = [
        Share(user_id=hub, ts=0, sender=user_id, direction="up", ended=True)
        for hub in sorted(over)
        if (refused := links.refused.get(hub)) is None or refused < before.stated(hub)
    ]
    keys: Iterable[Key] = differing(shared.own, own, _kinds(policy))
    if standing is not before:
        keys = {*map(key_of, facts_in(shared.own)), *map(key_of, facts_in(own))}
    for hub in sorted(hubs):
        refused = links.refused.get(hub)
        # A hub that had no room did not take in what was stated to it meanwhile.
        is_new = hub not in known or (refused is not None and refused != shared.refused.get(hub))
        first = Share(
            user_id=hub,
            ts=0,
            sender=user_id,
            direction="up",
            whole=is_new,
            level=LEVELS[standing.level(hub)],
            stated=standing.stated(hub),
            asks=is_new or hub in links.asking,
        )
        if is_new:
            changes: list[Change] = [
                (key_of(fact), fact) for fact in facts_in(own) if standing.goes_up(fact, hub)
            ]
        else:
            changes = _changes_up(keys, hub, shared.own, before, own, standing)
            is_same = before.level(hub) == standing.level(hub) and before.stated(
                hub
            ) == standing.stated(hub)
            if is_same and not changes and not first.asks:
                continue
        shares += _records(first, changes)
    return shares


def _changes_up(
    keys: Iterable[Key], hub: str, shared: FactSet, before: Standing, own: FactSet, after: Standing
) -> list[Change]:
    changes: list[Change] = []
    for key in keys:
        old, new = find_fact(shared, key), find_fact(own, key)
        if old is not None and not before.goes_up(old, hub):
            old = None
        if new is not None and not after.goes_up(new, hub):
            new = None
        if old != new:
            changes.append((key, new))
    return changes


# -- from a hub to its leaves


def _down(user_id: str, own: FactSet, links: Links, policy: Policy, is_anew: bool) -> list[Share]:
    shares = [
        Share(user_id=leaf, ts=0, sender=user_id, direction="down", ended=True, stated=stated)
        for leaf, stated in sorted(links.evicted.items())
    ]
    if not links.leaves:
        return shares
    keys = _keys_that_changed(own, links, _kinds(policy))
    for leaf, known in sorted(links.leaves.items()):
        is_whole = is_anew or leaf in links.owed or leaf not in links.shared.leaves
        if not is_whole and not keys:
            continue
        now = _besides(leaf, own, links.leaves)
        then = _besides(leaf, links.shared.own, links.shared.leaves)
        if is_whole:
            then, keys_of_leaf = [], {key_of(fact) for facts in now for fact in facts_in(facts)}
        else:
            keys_of_leaf = keys
        changes = _changes_down(keys_of_leaf, then, now, LEVELS.index(known.level), policy)
        if is_whole or changes:
            first = Share(user_id=leaf, ts=0, sender=user_id, direction="down", whole=is_whole)
            shares += _records(first, changes)
    return shares


def _keys_that_changed(own: FactSet, links: Links, kinds: Sequence[str]) -> set[Key]:
    shared: Shared = links.shared
    keys = differing(shared.own, own, kinds)
    if shared.leaves is not links.leaves:
        for leaf in {*shared.leaves, *links.leaves}:
            then, now = _facts_from(leaf, shared.leaves), _facts_from(leaf, links.leaves)
            keys |= differing(then, now, kinds)
    return keys


def _kinds(policy: Policy) -> Sequence[str]:
    """The kinds of facts that are shared at all."""
    return KINDS if policy.impressions_shared else _BUT_IMPRESSIONS


def _facts_from(leaf: str, leaves: dict[str, Leaf]) -> FactSet:
    known = leaves.get(leaf)
    return NO_FACTS if known is None else known.facts


def _besides(leaf: str, own: FactSet, leaves: dict[str, Leaf]) -> list[FactSet]:
    """What a hub has of itself and of all leaves but one."""
    return [own, *[known.facts for other, known in sorted(leaves.items()) if other != leaf]]


def _changes_down(
    keys: Iterable[Key],
    then: Sequence[FactSet],
    now: Sequence[FactSet],
    level: int,
    policy: Policy,
) -> list[Change]:
    changes: list[Change] = []
    for key in keys:
        old, new = (_may_have(join_found(facts, key), level, policy) for facts in (then, now))
        if old != new:
            changes.append((key, new))
    return changes


def _may_have(fact: Fact | None, level: int, policy: Policy) -> Fact | None:
    if fact is None or not is_shareable(fact, policy) or not passes(fact, level):
        return None
    return fact


# -- records


def _records(first: Share, changes: list[Change]) -> list[Share]:
    """The changes in as many records as they need; the first may take the place of all before."""
    changes.sort(key=_key_of_change)
    put, withdrawn = _written(changes)
    if len(changes) > 1 and (len(changes) > MOST_FACTS or len(put) + len(withdrawn) > MOST_BYTES):
        half = len(changes) // 2
        more = Share(
            user_id=first.user_id,
            ts=0,
            sender=first.sender,
            direction=first.direction,
            level=first.level,
            stated=first.stated,
        )
        return _records(first, changes[:half]) + _records(more, changes[half:])
    if changes:
        first.put, first.withdrawn = Raw(put), Raw(withdrawn)
    return [first]


def _written(changes: Sequence[Change]) -> tuple[bytes, bytes]:
    put: dict[str, list[Fact]] = {}
    withdrawn: dict[str, list[Any]] = {}
    for (kind, identity), fact in changes:
        if fact is None:
            withdrawn.setdefault(kind, []).append(identity)
        else:
            put.setdefault(KIND_OF[type(fact)], []).append(fact)
    return (
        _encode(put) if put else bytes(NOTHING_PUT),
        _encode(withdrawn) if withdrawn else bytes(NOTHING_PUT),
    )


def _key_of_change(change: Change) -> Key:
    return change[0]
