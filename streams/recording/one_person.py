"""What a recording tells of one person, up to a time or to a request (SPEC 6)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from schemas.records import Event, Request, events_of
from streams.errors import UserError
from streams.recording.backtest import NATIVE, Backtest
from streams.recording.files import RecordedRecord
from streams.recording.order import OrderedEvent
from streams.suppression.join import Join
from streams.suppression.policy import Policy


class Known(NamedTuple):
    """A person as they were known at a time."""

    join: Join
    """Holds the person if there is anything to hold, and nobody else."""
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
        ordered = backtest.in_order()
        self._catalog = backtest.catalog
        self._own = [each for each in ordered if each.event.user_id == user_id]
        homes = {each.partition for each in self._own}
        self._clocks = [each.clock for each in ordered if not homes or each.partition in homes]
        """The clocks of the person's partition in their order; all, where the person has none."""

    def at(self, time: int | None) -> Known:
        """What is known when the clock of the person's partition is about to pass a time.

        So a record that is older than that, but came later, is not among it. Without a time it is
        everything.
        """
        if time is None:
            return self._known(self._own, max(self._clocks, default=None))
        clocks = [clock for clock in self._clocks if clock <= time]
        own = [each for each in self._own if each.clock <= time]
        return self._known(own, max(clocks, default=None))

    def before(self, request_id: str) -> Known:
        """What was known upon the last request of the person with this id.

        Raises `UserError` when there is none.
        """
        for number in reversed(range(len(self._own))):
            clock, event = self._own[number].clock, self._own[number].event
            if isinstance(event, Request) and event.request_id == request_id:
                return self._known(self._own[:number], clock)._replace(request=event)
        raise UserError(
            f"--request: the recording has no request '{request_id}' of this person. Its decision "
            "names it as request_id; a request that went to the dead letters has none."
        )

    def _known(self, own: Sequence[OrderedEvent], clock: int | None) -> Known:
        join = Join(self._policy, self._catalog)
        for ordered in own:
            join.newest = ordered.clock
            join.apply(ordered.event)
        join.newest = clock
        return Known(join, tuple(event for ordered in own for event in events_of(ordered.event)))
