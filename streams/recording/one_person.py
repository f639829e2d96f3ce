"""What a recording tells of one person, up to a time or to a request (SPEC 6 and 9)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from schemas.records import Event, Request, events_of
from schemas.topics import RANKS, SHARES
from streams.errors import UserError
from streams.recording.backtest import NATIVE, Backtest
from streams.recording.clocks import NewestTimes
from streams.recording.files import RecordedRecord
from streams.recording.linked_ids import Links
from streams.recording.ordered_event import OrderedEvent
from streams.recording.partitions import Partitions
from streams.suppression.join import Join
from streams.suppression.policy import Policy

SHARES_RANK: Final = RANKS[SHARES]


class Known(NamedTuple):
    """A person as they were known at a time."""

    join: Join
    """Holds the person if there is anything to hold; of others at most those who are linked."""
    events: tuple[Event, ...] = ()
    """The person's records, requests included, in the order in which they were applied."""
    request: Request | None = None
    """The request that was asked for; it comes after all of `events`."""


class OnePerson:
    """One person's records of a recording, in their order among everybody's.

    Everybody's records have to be decoded, since the valid ones move the partition's clock, by
    which evidence expires.
    """

    def __init__(
        self,
        records: Iterable[RecordedRecord],
        user_id: str,
        policy: Policy,
        formats: Mapping[str, str] = NATIVE,
    ) -> None:
        """`formats` are those of topics in another format than Unhaunt's own."""
        self._policy = policy
        backtest = Backtest(policy, formats=formats)
        backtest.read(records)
        self._newest_times = NewestTimes([backtest.clocks()])
        self._catalog, self._homes = backtest.catalog, backtest.partitions.homes
        ordered = backtest.in_order()
        self._user_id = user_id
        linked = {user_id} if self._homes is None else _linked_with(user_id, ordered)
        self._taken = [each for each in ordered if each.event.user_id in linked]
        """The records of all ids that are linked with the person's, where these share anything."""
        homes = {each.partition for each in self._taken if each.event.user_id == user_id}
        if not homes and self._homes is not None and len(linked) > 1:
            homes = {self._homes.of(user_id)}
        self._home = min(homes, default=0)
        self._clocks = [
            each.clock
            for each in ordered
            if each.rank != SHARES_RANK and (not homes or each.partition in homes)
        ]
        """The clocks of the person's partition in their order; all, where the person has none."""

    def at(self, time: int | None) -> Known:
        """What is known when the clock of the person's partition is about to pass a time.

        So a record that is older than that, but came later, is not among it. Without a time it is
        everything.
        """
        if time is None:
            return self._known(self._taken, max(self._clocks, default=None))
        clocks = [clock for clock in self._clocks if clock <= time]
        taken = [each for each in self._taken if each.clock <= time]
        return self._known(taken, max(clocks, default=None))

    def before(self, request_id: str) -> Known:
        """What was known upon the last request of the person with this id.

        Raises `UserError` when there is none.
        """
        for number in reversed(range(len(self._taken))):
            clock, event = self._taken[number].clock, self._taken[number].event
            if (
                isinstance(event, Request)
                and event.request_id == request_id
                and event.user_id == self._user_id
            ):
                return self._known(self._taken[:number], clock)._replace(request=event)
        raise UserError(
            f"--request: the recording has no request '{request_id}' of this person. Its decision "
            "names it as request_id; a request that went to the dead letters has none."
        )

    def _known(self, taken: Sequence[OrderedEvent], clock: int | None) -> Known:
        partitions = Partitions((self._policy,), self._catalog)
        partitions.homes, partitions.newest_times = self._homes, self._newest_times
        for ordered in taken:
            partitions.apply(ordered)
        (join,) = partitions.of(self._home)
        join.newest = clock
        own = [each.event for each in taken if each.event.user_id == self._user_id]
        return Known(join, tuple(event for record in own for event in events_of(record)))


def _linked_with(user_id: str, ordered: Iterable[OrderedEvent]) -> set[str]:
    """The ids that statements put together with this one, itself included."""
    links = Links()
    for each in ordered:
        links.add(each.event)
    return links.linked_with(user_id)
