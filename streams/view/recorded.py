"""Answers without a deployment: by the lists at the end of a recording."""

from collections.abc import Iterable
from time import time

from schemas.outputs import to_json
from streams.kafka.partitioner import partition_of
from streams.recording.backtest import Backtest
from streams.recording.files import RecordedRecord
from streams.suppression.policy import Policy
from streams.view.answers import Answers, Freshness, Known


class RecordedView(Answers):
    """The lists as a recording leaves them; it is always caught up, and as fresh as can be.

    It is still the time of the recording's newest event.
    """

    is_caught_up = True
    failure: Exception | None = None

    def __init__(self, records: Iterable[RecordedRecord], policy: Policy) -> None:
        """Raises `RecordingError` for a line that is no record."""
        backtest = Backtest(policy)
        for _ in backtest.run(records):
            pass
        self._now = max((join.newest or 0 for (join,) in backtest.joins.values()), default=0)
        self._partitions = 1 + max(backtest.joins, default=0)
        self._lists = {
            each.user_id: to_json(each) for each in backtest.lists() if each.entries or each.granted
        }
        self.policy = policy
        self.catalog = backtest.catalog

    @property
    def held(self) -> int:
        """How many lists it has."""
        return len(self._lists)

    def now(self) -> int:
        """The newest event time of the recording, in epoch milliseconds."""
        return self._now

    def freshness(self) -> list[Freshness]:
        """How fresh each partition is."""
        return [self._freshness(number) for number in range(self._partitions)]

    def person(self, user_id: str) -> Known:
        """The list of a person."""
        number = partition_of(user_id.encode(), self._partitions)
        return Known((self._lists.get(user_id),), self._freshness(number))

    def _freshness(self, number: int) -> Freshness:
        return Freshness(number, 0.0, int(time() * 1_000), self._now)
