"""How fast something was worked off and what it took, by how far it had come at some times."""

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
    worker: float = 0.0
    """Seconds of processor time that the processes which do the work have used so far."""
    broker: float = 0.0
    """The same of the broker."""


class Cost(NamedTuple):
    """Microseconds of processor time an event."""

    worker: float
    broker: float


class TooShort(UserError):
    """A backlog was worked off too soon to say how fast; it has to be larger."""


def rate(samples: Sequence[Sample], events: int) -> float:
    """Events per second of work whose samples go on until all of the events are done.

    From the first tenth of it to the last: neither the start of processes nor waiting for more
    counts. Raises `TooShort` when all of that is in one sample.
    """
    begin, end = _between(samples, events, WARM_UP, 1.0)
    return events * (end.done - begin.done) / samples[-1].done / (end.at - begin.at)


def cost(
    samples: Sequence[Sample], events: int, since: float = WARM_UP, until: float = 1.0
) -> Cost:
    """What an event cost between these shares of the work; by default of what `rate` counts.

    Raises `TooShort` when all of that is in one sample.
    """
    begin, end = _between(samples, events, since, until)
    counted = events * (end.done - begin.done) / samples[-1].done
    worker, broker = end.worker - begin.worker, end.broker - begin.broker
    return Cost(worker / counted * 1e6, broker / counted * 1e6)


def _between(
    samples: Sequence[Sample], events: int, since: float, until: float
) -> tuple[Sample, Sample]:
    """The first samples by which these shares of the work were done."""
    total = samples[-1].done
    begin = next(sample for sample in samples if sample.done >= since * total)
    end = next(sample for sample in samples if sample.done >= until * total)
    if end.at <= begin.at:
        raise TooShort(
            f"{events:,} events were worked off too soon to say how fast. Try a larger --scale."
        )
    return begin, end
