"""What a leaf has to share with its hubs: what is its own (SPEC 9)."""

from collections.abc import Iterable, Sequence, Set
from typing import final

from schemas.records import Share
from streams.suppression.facts import Fact, FactSet
from streams.suppression.identities.fact_sets import Key, differing, facts_in, find_fact, key_of
from streams.suppression.identities.links import Links, sharing_hubs
from streams.suppression.identities.share_records import Change, records
from streams.suppression.identities.standing import LEVELS, Standing
from streams.suppression.identities.statements import hubs_in
from streams.suppression.policy import Policy


def shares_up(
    user_id: str, own: FactSet, links: Links, policy: Policy, kinds: Sequence[str]
) -> list[Share]:
    """The shares of a leaf; `kinds` are the kinds of facts that are shared at all."""
    if not links.statements:
        return []
    leaf = _Leaf(user_id, own, links, policy, kinds)
    shares = [
        Share(user_id=hub, ts=0, sender=user_id, direction="up", ended=True) for hub in leaf.over
    ]
    for hub in sorted(leaf.hubs):
        shares += leaf.shares_with(hub)
    return shares


@final
class _Leaf:
    """A leaf as it is, and as it was when it last shared."""

    __slots__ = (
        "_after",
        "_before",
        "_keys",
        "_known",
        "_links",
        "_own",
        "_shared",
        "_user_id",
        "hubs",
        "over",
    )

    def __init__(
        self, user_id: str, own: FactSet, links: Links, policy: Policy, kinds: Sequence[str]
    ) -> None:
        shared = links.shared
        self._user_id = user_id
        self._own = own
        self._links = links
        self._shared: FactSet = shared.own
        self._after: Standing = links.standing(policy)
        self._before: Standing = self._after
        self._keys: Iterable[Key] = differing(shared.own, own, kinds)
        if shared.statements is not links.statements:
            self._before = Standing(shared.statements, policy)
            self._keys = {key_of(fact) for facts in (shared.own, own) for fact in facts_in(facts)}
        self.hubs: Set[str] = sharing_hubs(self._after, links.refused)
        """With which it shares."""
        self._known: Set[str] = sharing_hubs(self._before, shared.refused)
        before, after = self._before.concerned, self._after.concerned
        told: Set[str] = before
        if links.shared_by != policy.sharing:  # by that policy it may have been others
            self._known, before, told = frozenset(), frozenset(), hubs_in(shared.statements)
        self.over: list[str] = []
        """With which it shared, or would have if they had room, and does no more."""
        if told is not after:
            # Whoever was told that it is over has forgotten this id, and that it had no room.
            self.hubs = self.hubs | (after - before)
            self.over = sorted(told - after)

    def shares_with(self, hub: str) -> list[Share]:
        """What a hub has to be told."""
        links, before, after = self._links, self._before, self._after
        is_new = hub not in self._known or hub in links.wanted
        asks = is_new or hub in links.asking
        changes = self._all(hub) if is_new else self._changes(hub)
        is_same = not asks and before.level(hub) == after.level(hub)
        if is_same and not changes and before.stated(hub) == after.stated(hub):
            return []
        share = Share(
            user_id=hub,
            ts=0,
            sender=self._user_id,
            direction="up",
            whole=is_new,
            level=LEVELS[after.level(hub)],
            stated=after.stated(hub),
            asks=asks,
        )
        return records(share, changes)

    def _all(self, hub: str) -> list[Change]:
        return [
            (key_of(fact), fact) for fact in facts_in(self._own) if self._after.goes_up(fact, hub)
        ]

    def _changes(self, hub: str) -> list[Change]:
        changes: list[Change] = []
        for key in self._keys:
            old = _shared_with(hub, find_fact(self._shared, key), self._before)
            new = _shared_with(hub, find_fact(self._own, key), self._after)
            if old != new:
                changes.append((key, new))
        return changes


def _shared_with(hub: str, fact: Fact | None, standing: Standing) -> Fact | None:
    return fact if fact is not None and standing.goes_up(fact, hub) else None
