"""The joins of a recording's partitions: events are applied in one order over all of them.

Persons of different partitions meet where ids are linked (SPEC 9). A worker's shares travel by a
topic; of a recording that has none they are made here, and each takes effect at once.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, final

from schemas.outputs import Decision
from schemas.records import Share
from schemas.topics import RANKS, SHARES
from streams.kafka.partitioner import partition_of
from streams.recording.clocks import NewestTimes
from streams.recording.ordered_event import OrderedEvent
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.policy import Policy

SHARES_RANK: Final = RANKS[SHARES]


@final
class Homes:
    """The partitions of ids: where their records lie, or else where Kafka's clients put them."""

    def __init__(self, known: Mapping[str, int], partitions: int) -> None:
        """`known` are those of ids that have records, of which the rest may have none."""
        self._known = known
        self._partitions = partitions

    def of(self, user_id: str) -> int:
        """The number of an id's partition."""
        known = self._known.get(user_id)
        return partition_of(user_id.encode(), self._partitions) if known is None else known


Applied = tuple[tuple[Join, ...], tuple[Decision | None, ...]]
"""For each policy the join that an event was applied to, and its decision."""


@final
class Partitions:
    """A join for each partition and policy, made when it is needed first."""

    def __init__(self, policies: Sequence[Policy], catalog: Catalog) -> None:
        self.joins: dict[int, tuple[Join, ...]] = {}
        """By the number of the partition, for each policy."""
        self.homes: Homes | None = None
        """Where shares go that are made here; None if nobody is linked or they were recorded."""
        self.newest_times: NewestTimes | None = None
        """Those of all events, where only some of them are applied here."""
        self.shared: list[tuple[Share, tuple[Join, ...]]] = []
        """What was shared under the first policy upon the last event, with the receivers' joins."""
        self._policies = policies
        self._catalog = catalog

    def of(self, number: int) -> tuple[Join, ...]:
        """The joins of a partition, for each policy."""
        joins = self.joins.get(number)
        if joins is None:
            made = [Join(policy, self._catalog) for policy in self._policies]
            joins = self.joins[number] = tuple(made)
        return joins

    def apply(self, ordered: OrderedEvent) -> Applied:
        """Apply the next event and all that is shared for it."""
        partition, event = ordered.partition, ordered.event
        joins = self.of(partition)
        if ordered.rank == SHARES_RANK:
            self._pass_time(joins, partition, ordered)
        else:
            clock = ordered.clock
            for join in joins:
                join.newest = clock
        decisions = tuple([join.apply(event) for join in joins])
        if self.homes is not None:
            self.shared = []
            for number, join in enumerate(joins):
                self._share(number, join, ordered, self.homes)
        return joins, decisions

    def _share(self, number: int, join: Join, place: OrderedEvent, homes: Homes) -> None:
        """Apply what a join has to share under a policy, and what others then have to share."""
        waiting = deque(join.take_shares())
        while waiting:
            share = waiting.popleft()
            partition = homes.of(share.user_id)
            joins = self.of(partition)
            self._pass_time(joins, partition, place)
            joins[number].apply(share)
            if number == 0:
                self.shared.append((share, joins))
            waiting.extend(joins[number].take_shares())

    def _pass_time(self, joins: Sequence[Join], partition: int, place: OrderedEvent) -> None:
        """Have the clock of a partition where it stands at this place in the order.

        Events move it themselves, so that this is for where some of them are not applied here.
        """
        if self.newest_times is None:
            return
        reached = self.newest_times.before(partition, place)
        if reached is not None:
            for join in joins:
                join.newest = reached if join.newest is None else max(join.newest, reached)
