"""How fast something was worked off, told from how far it had come at several times."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from streams.errors import UserError

WARM_UP: Final = 0.1
"""So much of the work does not count: the first of it comes before all is under way."""


class Sample(NamedTuple):
    """How far the work had come at some time."""

    at: float
    """Seconds on the monotonic clock."""
    done: float
    """In whatever it is counted; it only grows."""


class TooShort(UserError):
    """A backlog was worked off too soon to say how fast; it has to be larger."""


def rate(samples: Sequence[Sample], events: int) -> float:
    """Events per second of work whose samples go on until all of the events are done.

    From the first tenth of it to the last: neither the start of processes nor waiting for more
    counts. Raises `TooShort` when all of that is in one sample.
    """
    total = samples[-1].done
    begin = next(sample for sample in samples if sample.done >= WARM_UP * total)
    end = next(sample for sample in samples if sample.done == total)
    if end.at <= begin.at:
        raise TooShort(
            f"{events:,} events were worked off too soon to say how fast. Try a larger --scale."
        )
    return events * (end.done - begin.done) / total / (end.at - begin.at)
