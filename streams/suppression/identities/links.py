"""What is known of the links of one id, beside its own evidence (SPEC 9).

An id may be a leaf, about which there are statements, a hub, with which leaves share, or both.
"""

from collections.abc import Mapping, Set
from typing import Final, TypeVar, final

from mypy_extensions import mypyc_attr

from streams.suppression.facts import NO_FACTS, FactSet
from streams.suppression.identities.fact_sets import selected, size_of
from streams.suppression.identities.standing import EVERYTHING, LEVELS, NOTHING, Standing, passes
from streams.suppression.identities.stored import Leaf, Stated, Statements, StoredLinks
from streams.suppression.policy import Policy

Known = TypeVar("Known")

MOST_WAITING: Final = 200
"""So many leaves a hub remembers for which it has no room."""

NOBODY: Final[frozenset[str]] = frozenset()
NOTHING_STATED: Final[dict[str, Stated]] = {}


@mypyc_attr(acyclic=True)
@final
class Shared:
    """What there was to share when that was last done; by it, what has changed is found."""

    __slots__ = ("leaves", "own", "refused", "statements")

    def __init__(
        self,
        own: FactSet,
        statements: Statements,
        leaves: dict[str, Leaf],
        refused: dict[str, Stated],
    ) -> None:
        self.own = own
        self.statements = statements
        self.leaves = leaves
        self.refused = refused


@mypyc_attr(acyclic=True)
@final
class Links:
    """The statements about an id, and what others share with it."""

    __slots__ = (
        "_policy",
        "_standing",
        "admitted",
        "asking",
        "evicted",
        "from_hubs",
        "is_blocked",
        "leaves",
        "owed",
        "refused",
        "shared",
        "shared_by",
        "statements",
        "waiting",
        "wanted",
    )

    def __init__(self, stored: StoredLinks, own: FactSet) -> None:
        """`own` is what of the id's own evidence was there to share when this was stored."""
        self.statements: Statements = stored.statements
        self.from_hubs: dict[str, FactSet] = stored.from_hubs
        self.leaves: dict[str, Leaf] = stored.leaves
        self.refused: dict[str, Stated] = stored.refused
        """Hubs that have no room for this id, with the newest statement of which they know."""
        self.waiting: dict[str, Stated] = stored.waiting
        """Leaves for which there is no room, with the newest statement of which is known."""
        self.shared_by: str = stored.shared_by
        """Names the policy by which the id last shared."""
        self.is_blocked: bool = stored.is_blocked
        """Whether that policy blocks this id, so that no statement about it counts."""
        self.asking: frozenset[str] = NOBODY
        """Hubs of which this id may have more than before, so that it needs the whole."""
        self.wanted: frozenset[str] = NOBODY
        """Hubs that need the whole of this id."""
        self.owed: frozenset[str] = NOBODY
        """Leaves that need the whole."""
        self.admitted: frozenset[str] = NOBODY
        """Leaves for which there is room again. Nothing of them is known until they share."""
        self.evicted: dict[str, Stated] = NOTHING_STATED
        """Leaves that have not been told yet that there is no room for them, and by what."""
        self.shared: Shared = Shared(own, self.statements, self.leaves, self.refused)
        self._policy: Policy | None = None
        self._standing: Standing | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remember."""
        return not (self.statements or self.leaves or self.waiting or self.evicted)

    def standing(self, policy: Policy) -> Standing:
        """What the statements come to."""
        standing = self._standing
        if standing is None or policy is not self._policy:
            counting = () if self.is_blocked else self.statements
            standing = self._standing = Standing(counting, policy)
            self._policy = policy
        return standing

    def is_alone(self, policy: Policy) -> bool:
        """Whether nothing counts but the id's own evidence, and all of that."""
        return not (self.from_hubs or self.leaves or self.standing(policy).sessions.all)

    def guests(self, policy: Policy) -> list[FactSet]:
        """What others share with this id."""
        standing = self.standing(policy)
        sets = [at_level(facts, standing.level(hub)) for hub, facts in self.from_hubs.items()]
        for leaf in self.leaves.values():
            sets.append(leaf.facts)
        return sets

    def size_of_guests(self, policy: Policy) -> int:
        """How many facts that are, besides the preferences."""
        size = 0
        for facts in self.guests(policy):
            size += size_of(facts)
        return size

    # -- what is stated

    def state(self, statements: Statements, policy: Policy) -> None:
        """Let these statements stand; what a hub may no longer be asked for is dropped at once."""
        before = self.standing(policy)
        self.statements = statements
        self._standing = None
        after = self.standing(policy)
        more = [hub for hub in after.hubs if after.level(hub) > before.level(hub)]
        self.asking = self.asking.union(more)
        self.restrict(policy)

    def block(self, is_blocked: bool) -> None:
        """Let no statement about this id count, or all of them again."""
        if is_blocked != self.is_blocked:
            self.is_blocked = is_blocked
            self._standing = None

    def restrict(self, policy: Policy) -> None:
        """Keep of what hubs share no more than this id may have."""
        standing = self.standing(policy)
        for hub, facts in self.from_hubs.items():
            self.put_hub(hub, facts, policy)
        concerned = standing.concerned
        self.refused = {hub: known for hub, known in self.refused.items() if hub in concerned}

    # -- what is shared

    def put_hub(self, hub: str, facts: FactSet, policy: Policy) -> None:
        """Let this be what a hub shares, as far as this id may have it."""
        kept = at_level(facts, self.standing(policy).level(hub))
        if kept == NO_FACTS:
            self.from_hubs = without(hub, self.from_hubs)
        else:
            self.from_hubs = with_one(hub, kept, self.from_hubs)

    def refuse(self, hub: str, known: Stated, policy: Policy) -> None:
        """A hub that knew of this statement has no room for this id."""
        self.put_hub(hub, NO_FACTS, policy)
        self.refused = with_one(hub, known, self.refused)

    def accept(self, hub: str) -> None:
        """A hub has room for this id."""
        self.refused = without(hub, self.refused)

    def put_leaf(self, leaf: str, known: Leaf, most: int) -> None:
        """Let this be what a leaf shares, of at most so many."""
        self.leaves = with_one(leaf, known, self.leaves)
        self.waiting = without(leaf, self.waiting)
        self.evicted = without(leaf, self.evicted)
        self.make_room(most)

    def drop_leaf(self, leaf: str, most: int) -> None:
        """Forget a leaf, so that there may be room for another one."""
        self.leaves = without(leaf, self.leaves)
        self.waiting = without(leaf, self.waiting)
        self.evicted = without(leaf, self.evicted)
        self.owed, self.admitted = self.owed - {leaf}, self.admitted - {leaf}
        self.make_room(most)

    def make_room(self, most: int) -> None:
        """Let the leaves with the newest statements be there, and others wait."""
        if len(self.leaves) <= most and not self.waiting:
            return
        stated = self.waiting | {leaf: known.stated for leaf, known in self.leaves.items()}
        newest = sorted(stated, key=lambda leaf: (stated[leaf], leaf), reverse=True)
        room, waiting = newest[:most], newest[most : most + MOST_WAITING]
        evicted = self.leaves.keys() - room
        for leaf in self.waiting.keys() & room:
            admitted = Leaf(NO_FACTS, LEVELS[NOTHING], stated[leaf])
            self.leaves = with_one(leaf, admitted, self.leaves)
            self.evicted = without(leaf, self.evicted)
            self.admitted = self.admitted | {leaf}
        for leaf in evicted:
            self.leaves = without(leaf, self.leaves)
            self.evicted = {**self.evicted, leaf: stated[leaf]}
        self.waiting = {leaf: stated[leaf] for leaf in sorted(waiting)}
        self.owed, self.admitted = self.owed - evicted, self.admitted - evicted

    def remember(self, own: FactSet, policy: Policy) -> None:
        """All that is there has just been shared."""
        self.shared = Shared(own, self.statements, self.leaves, self.refused)
        self.shared_by = policy.sharing
        self.asking = self.wanted = self.owed = self.admitted = NOBODY
        self.evicted = NOTHING_STATED

    def stored(self) -> StoredLinks:
        """The stored form, one for one state."""
        return StoredLinks(
            self.statements,
            self.from_hubs,
            self.leaves,
            self.refused,
            self.shared_by,
            self.waiting,
            self.is_blocked,
        )


def no_links(policy: Policy) -> Links:
    """Those of an id of which nothing was stated, and with which nothing was shared so far."""
    return Links(StoredLinks((), {}, {}, {}, policy.sharing), NO_FACTS)


def at_level(facts: FactSet, level: int) -> FactSet:
    """As much of some facts as somebody may have."""
    if level == EVERYTHING:
        return facts
    return NO_FACTS if level == NOTHING else selected(facts, lambda fact: passes(fact, level))


def sharing_hubs(standing: Standing, refused: Mapping[str, Stated]) -> Set[str]:
    """The hubs with which a leaf shares: not with one that has no room for what it knows of."""
    if not refused:
        return standing.concerned
    return {
        hub
        for hub in standing.concerned
        if (known := refused.get(hub)) is None or standing.stated(hub) != known
    }


def without(user_id: str, of_ids: dict[str, Known]) -> dict[str, Known]:
    """What is known of others; the very same if nothing is known of this one."""
    if user_id not in of_ids:
        return of_ids
    return {each: known for each, known in of_ids.items() if each != user_id}


def with_one(user_id: str, known: Known, of_ids: dict[str, Known]) -> dict[str, Known]:
    """What is known of ids, and this of one of them; by these in their order, as it is stored."""
    more = {**of_ids, user_id: known}
    return more if user_id in of_ids or not of_ids else dict(sorted(more.items()))
