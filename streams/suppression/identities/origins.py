"""Where the facts that count for an id are from, for who asks why (SPEC 9).

The ids that share with a hub are its person's, so who asks for it is told which of them has said
what. Who asks for a leaf may be anybody before that device, and is told only that another one has.
"""

from typing import Any

from streams.suppression.aliases import as_read
from streams.suppression.catalog import Catalog
from streams.suppression.claims import Claim
from streams.suppression.evidence import Evidence
from streams.suppression.facts import Fact
from streams.suppression.identities.fact_sets import Key, facts_in, facts_of, key_of
from streams.suppression.identities.links import Links, sharing_hubs
from streams.suppression.identities.standing import LEVELS, NOTHING, WAYS
from streams.suppression.identities.union import counting, is_of_others, said_by
from streams.suppression.policy import Policy


class Origins:
    """Of which ids each fact was reported."""

    def __init__(self, own: Evidence, links: Links, policy: Policy, catalog: Catalog) -> None:
        counts = counting(own, links, policy)
        self._said = said_by(counts)
        self._own = {key_of(as_read(fact, catalog)) for fact in facts_in(counts)}
        self._leaves: dict[Key, list[str]] = {}
        for leaf, known in sorted(links.leaves.items()):
            for fact in facts_in(known.facts):
                self._leaves.setdefault(key_of(as_read(fact, catalog)), []).append(leaf)
        standing, reported = links.standing(policy), facts_of(own)
        self.links: dict[str, Any] = {
            "persons": len(standing.hubs),
            "is_kiosk": standing.is_kiosk,
            "ways": [] if standing.is_kiosk else _ways(links, policy),
            "ids": sorted(links.leaves),
            "waiting": sorted(links.waiting),
            "not_counting": sum(not standing.counts(fact) for fact in facts_in(reported)),
        }
        """The links as plain JSON data: how many persons the id is one of, whether it is a kiosk,
        by what way how much of each of them counts, the ids that share with it, those that wait for
        room to do so, and how many of its own facts do not count now."""

    def of(self, fact: Fact) -> dict[str, Any]:
        """What is said of a fact, as it is read: nothing where it was reported of this id alone."""
        key = key_of(fact)
        origin: dict[str, Any] = {}
        if key not in self._own:
            origin["via"] = "person"
        if key in self._leaves:
            origin["ids"] = self._leaves[key]
        return origin

    def of_claim(self, claim: Claim) -> dict[str, Any]:
        """The same of a claim."""
        return {"via": "person"} if is_of_others(claim, self._said) else {}


def _ways(links: Links, policy: Policy) -> list[dict[str, str]]:
    """How much of each person counts, and by what way, in the order of these; of one that has no
    room for this id nothing does.
    """
    standing = links.standing(policy)
    sharing = sharing_hubs(standing, links.refused)
    ways = sorted((WAYS.index(standing.way(hub)), -standing.level(hub)) for hub in sharing)
    without_room = [{"by": "no_room", "level": LEVELS[NOTHING]}] * (
        len(standing.hubs) - len(sharing)
    )
    return [{"by": WAYS[way], "level": LEVELS[-level]} for way, level in ways] + without_room
