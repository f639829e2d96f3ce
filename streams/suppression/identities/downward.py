"""What a hub has to share with its leaves: what is its own, and what the others share (SPEC 9)."""

from collections.abc import Iterable, Sequence, Set

from schemas.records import Share
from streams.suppression.evidence import join_facts
from streams.suppression.facts import NO_FACTS, Fact, FactSet
from streams.suppression.identities.fact_sets import Key, differing, facts_in, find_fact, key_of
from streams.suppression.identities.links import Links
from streams.suppression.identities.share_records import Change, records
from streams.suppression.identities.standing import LEVELS, is_shareable, passes
from streams.suppression.identities.stored import Leaf
from streams.suppression.policy import Policy

Leaves = dict[str, Leaf]

Held = dict[Key, list[tuple[str, Fact]]]
"""Who has something under a key, the hub itself or a leaf, and what."""


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
    shared = links.shared
    keys = _keys_that_changed(own, links, kinds)
    now = _held(keys, user_id, own, links.leaves)
    then = _held(keys, user_id, shared.own, shared.leaves)
    wanting: Set[str] = links.owed | links.admitted
    if links.shared_by != policy.sharing:
        wanting = links.leaves.keys()
    elif shared.leaves is not links.leaves:
        wanting = wanting | (links.leaves.keys() - shared.leaves.keys())
    everything = _all_held(user_id, own, links.leaves) if wanting else {}
    for leaf, known in links.leaves.items():
        is_whole, level = leaf in wanting, LEVELS.index(known.level)
        if is_whole:
            changes = _changes(leaf, {}, everything, level, policy)
        else:
            changes = _changes(leaf, then, now, level, policy)
        if is_whole or changes:
            share = Share(user_id=leaf, ts=0, sender=user_id, direction="down", whole=is_whole)
            share.asks = leaf in links.admitted
            shares += records(share, changes)
    return shares


def _keys_that_changed(own: FactSet, links: Links, kinds: Sequence[str]) -> set[Key]:
    shared = links.shared
    keys = differing(shared.own, own, kinds)
    if shared.leaves is not links.leaves:
        for leaf, known in links.leaves.items():
            before = shared.leaves.get(leaf)
            if before is not known:
                then = NO_FACTS if before is None else before.facts
                keys |= differing(then, known.facts, kinds)
        for leaf, known in shared.leaves.items():
            if leaf not in links.leaves:
                keys |= differing(known.facts, NO_FACTS, kinds)
    return keys


def _held(keys: Iterable[Key], user_id: str, own: FactSet, leaves: Leaves) -> Held:
    """Who has what of some keys."""
    sources = [(user_id, own), *[(leaf, known.facts) for leaf, known in leaves.items()]]
    return {
        key: [
            (holder, fact)
            for holder, facts in sources
            if (fact := find_fact(facts, key)) is not None
        ]
        for key in keys
    }


def _all_held(user_id: str, own: FactSet, leaves: Leaves) -> Held:
    """Who has what of all that there is."""
    held: Held = {}
    for holder, facts in ((user_id, own), *[(leaf, each.facts) for leaf, each in leaves.items()]):
        for fact in facts_in(facts):
            held.setdefault(key_of(fact), []).append((holder, fact))
    return held


def _changes(leaf: str, then: Held, now: Held, level: int, policy: Policy) -> list[Change]:
    """What is different for a leaf that may have so much."""
    changes: list[Change] = []
    for key, held in now.items():
        old = _may_have(leaf, then.get(key, []), level, policy)
        new = _may_have(leaf, held, level, policy)
        if old != new:
            changes.append((key, new))
    return changes


def _may_have(
    leaf: str, held: Sequence[tuple[str, Fact]], level: int, policy: Policy
) -> Fact | None:
    """What a leaf may have of a fact, which is not from itself alone."""
    joint: Fact | None = None
    for holder, fact in held:
        if holder != leaf:
            joint = fact if joint is None else join_facts(fact, joint)
    if joint is None or not is_shareable(joint, policy) or not passes(joint, level):
        return None
    return joint
