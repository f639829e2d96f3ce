"""How long facts stay that count beside those of other ids, and how many (SPEC 3 and 9).

A fact goes once it is over among all that there is, and would be without what others share as well:
that may be taken back, and then has to leave no trace. What has gone is not withdrawn from others:
they forget it by their own clock.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import final

from streams.suppression.aliases import KIND_OF, as_read, read_evidence
from streams.suppression.catalog import Catalog
from streams.suppression.claim_index import ClaimIndex
from streams.suppression.evidence import Evidence
from streams.suppression.expiry import Ending, endings, first_ending
from streams.suppression.facts import (
    NO_FACTS,
    Acting,
    Fact,
    FactSet,
    Line,
    Refund,
    Rejection,
    Restoration,
    Shown,
)
from streams.suppression.identities.fact_sets import (
    Key,
    as_evidence,
    differing,
    facts_of,
    find_fact,
    joined,
    key_of,
    put_into,
    selected,
)
from streams.suppression.identities.links import Links
from streams.suppression.identities.stored import Leaf
from streams.suppression.policy import Policy
from streams.suppression.surplus import ROOM, rank
from streams.suppression.undone import restores
from streams.suppression.words import FOREVER, LATEST


@final
class Keeping:
    """All facts of an id and of its guests, as a policy and a catalog read them."""

    __slots__ = ("_catalog", "_index", "_links", "_own", "_policy")

    def __init__(self, own: Evidence, links: Links, index: ClaimIndex) -> None:
        """`index` is of all of them, whether they count or not. It may lack old impressions."""
        self._own = own
        self._links = links
        self._index = index
        self._policy: Policy = index.policy
        self._catalog: Catalog = index.catalog

    def expire(self, newest: int) -> tuple[int | None, bool]:
        """Remove what is over at the partition's newest event time.

        Returns the first event time at which more of it will be, as `expiry.expire` does, and
        whether anything was removed.
        """
        retention = self._policy.retention
        cutoff = newest - retention
        first = min(first_ending(self._index), self._first_end_of_impressions())
        gone: set[Key] = set()
        if first < cutoff:
            first, gone = self._over(cutoff)
            self._remove(gone)
        due = first + retention + 1
        return (due if due <= LATEST else None), bool(gone)

    def forget_surplus(self, most: int) -> Counter[str]:
        """Keep no more than so many facts; returns how many of each kind had to go."""
        ends = sorted(self._endings(), key=rank)
        if len(ends) <= most:
            return Counter()
        gone = [fact for fact, _ in ends[: len(ends) - most + ROOM]]
        self._remove({key_of(fact) for fact in gone})
        return Counter([KIND_OF[type(fact)] for fact in gone])

    def _over(self, cutoff: int) -> tuple[int, set[Key]]:
        """When the first of what stays ends, and the keys of what goes."""
        ends = self._endings()
        over = {key_of(fact): fact for fact, end in ends if end < cutoff}
        first = min([end for _, end in ends if end >= cutoff], default=FOREVER)
        stays: set[Key] = set()
        for facts in self._sources():
            for fact, end in self._endings_alone(facts):
                key = key_of(fact)
                if end >= cutoff and key in over:
                    stays.add(key)
                    first = min(first, end)
        acted_on = [over[key] for key in stays]
        gone = {
            key
            for key, fact in over.items()
            if key not in stays and not any(_acts_on(fact, other) for other in acted_on)
        }
        return first, gone

    def _sources(self) -> Iterable[FactSet]:
        """What there is of each id by itself.

        What came from a hub is of many, and so its restorations may go before what they restored.
        """
        yield facts_of(self._own)
        for known in self._links.leaves.values():
            yield known.facts
        for facts in self._links.from_hubs.values():
            yield selected(facts, lambda fact: not isinstance(fact, Restoration))

    def _endings(self) -> list[Ending]:
        """When each fact but the preferences is over among all of them."""
        ends = [each for each in endings(self._index) if KIND_OF[type(each[0])] != "impressions"]
        return [*ends, *self._ends_of_impressions()]

    def _endings_alone(self, facts: FactSet) -> list[Ending]:
        """The same of what makes claims, among the facts of one id."""
        read = read_evidence(as_evidence(facts), self._catalog)
        index = ClaimIndex(read, self._policy, self._catalog)
        return [each for each in endings(index) if isinstance(each[0], Line | Rejection)]

    def _first_end_of_impressions(self) -> int:
        first = FOREVER
        if not self._index.evidence.impressions:
            return first
        for each in self._own.impressions:
            first = min(first, each.ts)
        for facts in self._links.guests(self._policy):
            for each in facts.impressions:
                first = min(first, each.ts)
        return first if first == FOREVER else first + self._policy.frequency_length

    def _shown(self) -> list[tuple[Shown, ...]]:
        guests = self._links.guests(self._policy)
        return [self._own.impressions, *[facts.impressions for facts in guests]]

    def _ends_of_impressions(self) -> list[Ending]:
        facts = joined([FactSet(impressions=shown) for shown in self._shown()])
        read = read_evidence(as_evidence(facts), self._catalog)
        length = self._policy.frequency_length
        return [(each, each.ts + length) for each in read.impressions]

    def _remove(self, gone: set[Key]) -> None:
        """Remove facts wherever they are, and from what was shared, so that nobody is told."""
        catalog, links = self._catalog, self._links

        def stays(fact: Fact) -> bool:
            return key_of(as_read(fact, catalog)) not in gone

        put_into(self._own, selected(facts_of(self._own), stays))
        from_hubs = {hub: selected(facts, stays) for hub, facts in links.from_hubs.items()}
        links.from_hubs = {hub: facts for hub, facts in from_hubs.items() if facts != NO_FACTS}
        shared = links.shared
        leaves = {leaf: _selected(known, stays) for leaf, known in links.leaves.items()}
        if shared.leaves is not links.leaves:
            shared.leaves = {leaf: _selected(known, stays) for leaf, known in shared.leaves.items()}
        else:
            shared.leaves = leaves
        links.leaves = leaves
        shared.own = selected(shared.own, stays)


def forget_shared(links: Links, before: FactSet, own: Evidence) -> None:
    """What has gone from an id's own facts is not to be withdrawn from others."""
    left = facts_of(own)
    if left != before:
        gone = {key for key in differing(before, left) if find_fact(left, key) is None}
        links.shared.own = selected(links.shared.own, lambda fact: key_of(fact) not in gone)


def _selected(known: Leaf, stays: Callable[[Fact], bool]) -> Leaf:
    facts = selected(known.facts, stays)
    return known if facts is known.facts else Leaf(facts, known.level, known.stated)


def _acts_on(fact: Fact, other: Fact) -> bool:
    """Whether a fact changes what another one claims."""
    if isinstance(fact, Restoration):
        return isinstance(other, Rejection) and restores(fact, other)
    if not isinstance(fact, Acting) or not isinstance(other, Line):
        return False
    if isinstance(fact, Refund) and fact.product_id != other.product_id:
        return False
    return fact.order_id == other.order_id
