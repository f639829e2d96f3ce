"""What others share with an id, and what of it is asked for again and again (SPEC 9)."""

from collections.abc import Mapping
from typing import final

from mypy_extensions import mypyc_attr

from streams.suppression.facts import NO_FACTS, FactSet
from streams.suppression.identities.fact_sets import newest_in, selected, size_of
from streams.suppression.identities.standing import EVERYTHING, NOTHING, Standing, passes
from streams.suppression.identities.stored import Leaf


@mypyc_attr(acyclic=True)
@final
class Guests:
    """The facts that others share with an id, as they are at one time."""

    __slots__ = ("_from_hubs", "_leaves", "_newest", "_standing", "sets", "size")

    def __init__(
        self, standing: Standing, from_hubs: Mapping[str, FactSet], leaves: Mapping[str, Leaf]
    ) -> None:
        self._standing = standing
        self._from_hubs = from_hubs
        self._leaves = leaves
        self._newest: int | None = None
        self.sets: list[FactSet] = [
            at_level(facts, standing.level(hub)) for hub, facts in from_hubs.items()
        ]
        for leaf in leaves.values():
            self.sets.append(leaf.facts)
        self.size: int = 0
        """How many facts there are, besides the preferences."""
        for facts in self.sets:
            self.size += size_of(facts)

    @property
    def newest(self) -> int | None:
        """The time of the newest fact, in epoch milliseconds; None where there is none."""
        if self._newest is None:
            for facts in self.sets:
                newest = newest_in(facts)
                if self._newest is None or (newest is not None and newest > self._newest):
                    self._newest = newest
        return self._newest

    def are_of(
        self, standing: Standing, from_hubs: Mapping[str, FactSet], leaves: Mapping[str, Leaf]
    ) -> bool:
        """Whether they are what these very objects come to."""
        return (
            self._standing is standing and self._from_hubs is from_hubs and self._leaves is leaves
        )


def at_level(facts: FactSet, level: int) -> FactSet:
    """As much of some facts as somebody may have."""
    if level == EVERYTHING:
        return facts
    return NO_FACTS if level == NOTHING else selected(facts, lambda fact: passes(fact, level))
