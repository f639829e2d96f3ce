"""What an id has to share: what is different from when it last did (SPEC 9).

What has merely ended is no difference: everybody forgets it by the clock of their own partition.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import astuple

from schemas.records import Share
from streams.suppression.facts import FactSet
from streams.suppression.identities.downward import shares_down
from streams.suppression.identities.fact_sets import KINDS
from streams.suppression.identities.links import Links
from streams.suppression.identities.upward import shares_up
from streams.suppression.policy import Policy

BUT_IMPRESSIONS: Final = tuple([kind for kind in KINDS if kind != "impressions"])


def take_shares(user_id: str, own: FactSet, links: Links, policy: Policy, ts: int) -> list[Share]:
    """What an id with these facts of its own has to share; from here on it is shared.

    `ts` is the time of the records. By another policy than before everything is shared anew.
    """
    kinds = KINDS if policy.impressions_shared else BUT_IMPRESSIONS
    is_anew = links.shared_by != policy.sharing
    if not is_anew and not _is_changed(own, links, kinds):
        return []
    if is_anew:
        links.block(policy.is_blocked(user_id))
        links.restrict(policy)
        links.make_room(policy.max_ids)
    shares = [
        *shares_up(user_id, own, links, policy, kinds),
        *shares_down(user_id, own, links, policy, kinds),
    ]
    links.remember(own, policy)
    for share in shares:
        share.ts = ts
    return shares


def _is_changed(own: FactSet, links: Links, kinds: Sequence[str]) -> bool:
    """Whether anything may be different. Nothing is changed in place: the same is the very same."""
    shared = links.shared
    return (
        shared.statements is not links.statements
        or shared.leaves is not links.leaves
        or shared.refused is not links.refused
        or bool(links.asking or links.wanted)
        or bool(links.owed or links.admitted or links.evicted)
        or _is_different(shared.own, own, kinds)
    )


def _is_different(before: FactSet, after: FactSet, kinds: Sequence[str]) -> bool:
    old, new = astuple(before), astuple(after)
    return any(old[at] is not new[at] and kind in kinds for at, kind in enumerate(KINDS))
