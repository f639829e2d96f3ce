"""What a hub has to share with its leaves: what is its own, and what the others share (SPEC 9)."""

from collections.abc import Iterable, Sequence

from schemas.records import Share
from streams.suppression.facts import NO_FACTS, Fact, FactSet
from streams.suppression.identities.fact_sets import (
    Key,
    differing,
    facts_in,
    join_found,
    key_of,
)
from streams.suppression.identities.links import Links
from streams.suppression.identities.share_records import Change, records
from streams.suppression.identities.standing import LEVELS, is_shareable, passes
from streams.suppression.identities.stored import Leaf
from streams.suppression.policy import Policy

Leaves = dict[str, Leaf]


def shares_down(
    user_id: str, own: FactSet, links: Links, policy: Policy, kinds: Sequence[str]
) -> list[Share]:
    """The shares of a hub; `kinds` are the kinds of facts that are shared at all."""
    shares = [
        Share(user_id=leaf, ts=0, sender=user_id, direction="down", ended=True, stated=stated)
        for leaf, stated in sorted(links.evicted.items())
    ]
    if not links.leaves:
        return shares
    shared, is_anew = links.shared, links.shared_by != policy.sharing
    changed = _keys_that_changed(own, links, kinds)
    for leaf, known in sorted(links.leaves.items()):
        is_whole = is_anew or leaf in links.owed or leaf not in shared.leaves
        now, then = _besides(leaf, own, links.leaves), _besides(leaf, shared.own, shared.leaves)
        keys: Iterable[Key] = changed
        if is_whole:
            then, keys = [], {key_of(fact) for facts in now for fact in facts_in(facts)}
        changes = _changes(keys, then, now, LEVELS.index(known.level), policy)
        if is_whole or changes:
            share = Share(user_id=leaf, ts=0, sender=user_id, direction="down", whole=is_whole)
            shares += records(share, changes)
    return shares


def _keys_that_changed(own: FactSet, links: Links, kinds: Sequence[str]) -> set[Key]:
    shared = links.shared
    keys = differing(shared.own, own, kinds)
    if shared.leaves is not links.leaves:
        for leaf in {*shared.leaves, *links.leaves}:
            then, now = _facts_of(leaf, shared.leaves), _facts_of(leaf, links.leaves)
            keys |= differing(then, now, kinds)
    return keys


def _facts_of(leaf: str, leaves: Leaves) -> FactSet:
    known = leaves.get(leaf)
    return NO_FACTS if known is None else known.facts


def _besides(leaf: str, own: FactSet, leaves: Leaves) -> list[FactSet]:
    """What a hub has of itself, and of all leaves but one."""
    return [own, *[known.facts for other, known in leaves.items() if other != leaf]]


def _changes(
    keys: Iterable[Key],
    then: Sequence[FactSet],
    now: Sequence[FactSet],
    level: int,
    policy: Policy,
) -> list[Change]:
    """What is different for a leaf that may have so much."""
    changes: list[Change] = []
    for key in keys:
        old = _as_far_as(level, join_found(then, key), policy)
        new = _as_far_as(level, join_found(now, key), policy)
        if old != new:
            changes.append((key, new))
    return changes


def _as_far_as(level: int, fact: Fact | None, policy: Policy) -> Fact | None:
    if fact is None or not is_shareable(fact, policy) or not passes(fact, level):
        return None
    return fact
