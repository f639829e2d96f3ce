"""Stops a worker that dead-letters most of what it reads: a deployment is then at fault.

A producer that was released with another format, or a worker that cannot read the one that is
right, would else empty whole topics into the dead letters before anybody looks.
"""

from collections import Counter, deque
from typing import Final, NamedTuple

from streams.errors import FailedCheck
from streams.wording import counted

WINDOW_SECONDS: Final = 300.0
FEWEST_RECORDS: Final = 1_000
"""Of fewer records within the window a share says nothing."""
PAUSE_SECONDS: Final = 1.0
"""Looking back is exact to so much; it bounds how many moments are remembered."""


class TooManyDeadLetters(FailedCheck):
    """The share of dead letters is over the limit. All of them are committed and kept."""


class Moment(NamedTuple):
    """What had become of the records at one time."""

    time: float
    records: int
    dead: Counter[str]
    """By error code."""


class DeadLetterLimit:
    """Watches the share of dead letters among the records of the person topics.

    The catalog does not count: every worker reads it, and one dead-letters what is wrong in it.
    Its share would say nothing of a worker.
    """

    def __init__(self, percent: int, now: float) -> None:
        """`percent` of the records may be dead letters, 0 for any number; `now` is in seconds."""
        self._percent = percent
        self._moments = deque([Moment(now, 0, Counter())])

    def check(self, total: int, all_dead: Counter[str], example: str, now: float) -> None:
        """Compare what became of the records within the window, which ends `now`, in seconds.

        `total` is how many records there were since the start, `all_dead` how many of them are dead
        letters, by code, and `example` says where the newest was found. Raises
        `TooManyDeadLetters` when more than the allowed share of them are dead letters.
        """
        if not self._percent:
            return
        moments = self._moments
        while len(moments) > 1 and moments[1].time <= now - WINDOW_SECONDS:
            moments.popleft()
        before = moments[0]
        records = total - before.records
        dead = all_dead - before.dead
        if records >= FEWEST_RECORDS and dead.total() * 100 > records * self._percent:
            raise TooManyDeadLetters(self._message(records, dead, example))
        if now >= moments[-1].time + PAUSE_SECONDS:
            moments.append(Moment(now, total, all_dead.copy()))

    def _message(self, records: int, dead: Counter[str], example: str) -> str:
        codes = ", ".join(f"{code} {count:,}" for code, count in dead.most_common())
        return (
            f"Stopped: {dead.total():,} of the last {counted(records, 'record')} "
            f"({100 * dead.total() / records:.0f} %) are dead letters, more than the "
            f"{self._percent} % of UNHAUNT_DEAD_LETTER_PERCENT ({codes}). The newest: {example}. "
            "So many say that a producer or this worker was deployed with another format. Nothing "
            "is lost: see `unhaunt dead-letters list`, put the cause right, start the worker "
            "again, and send them back with `unhaunt dead-letters replay`. "
            "UNHAUNT_DEAD_LETTER_PERCENT=0 lets the worker go on whatever their share."
        )
