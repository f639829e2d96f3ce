"""What is known of the links of one id, beside its own evidence (SPEC 9).

An id may be a leaf, about which there are statements, a hub, with which leaves share, or both.
"""

from collections.abc import Mapping
from typing import Final, TypeVar, final

from mypy_extensions import mypyc_attr

from streams.suppression.facts import NO_FACTS, FactSet
from streams.suppression.identities.guests import Guests, at_level
from streams.suppression.identities.standing import LEVELS, NOTHING, Standing
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
        "_guests",
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
        self._guests: Guests | None = None
        """Those of the sets of facts that are there; none of these is changed in place."""

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

    def guests(self, policy: Policy) -> Guests:
        """What others share with this id."""
        standing, guests = self.standing(policy), self._guests
        if guests is None or not guests.are_of(standing, self.from_hubs, self.leaves):
            guests = self._guests = Guests(standing, self.from_hubs, self.leaves)
        return guests

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
        left = hubs_concerned(standing)
        self.refused = {hub: known for hub, known in self.refused.items() if hub in left}

    # -- what is shared

    def put_hub(self, hub: str, facts: FactSet, policy: Policy) -> None:
        """Let this be what a hub shares, as far as this id may have it."""
        kept = at_level(facts, self.standing(policy).level(hub))
        others = without(hub, self.from_hubs)
        self.from_hubs = others if kept == NO_FACTS else {**others, hub: kept}

    def refuse(self, hub: str, known: Stated, policy: Policy) -> None:
        """A hub that knew of this statement has no room for this id."""
        self.put_hub(hub, NO_FACTS, policy)
        self.refused = {**self.refused, hub: known}

    def accept(self, hub: str) -> None:
        """A hub has room for this id."""
        self.refused = without(hub, self.refused)

    def put_leaf(self, leaf: str, known: Leaf, most: int) -> None:
        """Let this be what a leaf shares, of at most so many."""
        self.leaves = {**self.leaves, leaf: known}
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
            self.leaves = {**self.leaves, leaf: Leaf(NO_FACTS, LEVELS[NOTHING], stated[leaf])}
            self.evicted = without(leaf, self.evicted)
            self.admitted = self.admitted | {leaf}
        for leaf in evicted:
            self.leaves = without(leaf, self.leaves)
            self.evicted = {**self.evicted, leaf: stated[leaf]}
        self.waiting = {leaf: stated[leaf] for leaf in waiting}
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
            in_order(self.from_hubs),
            in_order(self.leaves),
            in_order(self.refused),
            self.shared_by,
            in_order(self.waiting),
            self.is_blocked,
        )


def no_links(policy: Policy) -> Links:
    """Those of an id of which nothing was stated, and with which nothing was shared so far."""
    return Links(StoredLinks((), {}, {}, {}, policy.sharing), NO_FACTS)


def hubs_concerned(standing: Standing) -> set[str]:
    """The hubs that are to know what is shared with them, or would be if they had room."""
    return set() if standing.is_kiosk else set(standing.hubs)


def sharing_hubs(standing: Standing, refused: Mapping[str, Stated]) -> set[str]:
    """The hubs with which a leaf shares: not with one that has no room for what it knows of."""
    return {
        hub
        for hub in hubs_concerned(standing)
        if (known := refused.get(hub)) is None or standing.stated(hub) != known
    }


def without(user_id: str, of_ids: dict[str, Known]) -> dict[str, Known]:
    """What is known of others; the very same if nothing is known of this one."""
    if user_id not in of_ids:
        return of_ids
    return {each: known for each, known in of_ids.items() if each != user_id}


def in_order(of_ids: dict[str, Known]) -> dict[str, Known]:
    """What is known of ids, by these in their order."""
    return of_ids if len(of_ids) < 2 else dict(sorted(of_ids.items()))
