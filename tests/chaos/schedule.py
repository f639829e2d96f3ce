"""What harm is done when: the same for the same seed."""

import heapq
from collections.abc import Callable, Iterator
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple

WORKERS: Final = ("a", "b", "c")
BROKERS: Final = (1, 2, 3)
SESSION_SECONDS: Final = 6


class Harm(StrEnum):
    """What is done to a worker, to a broker, or to connections, in words."""

    KILL = "worker killed"
    KILL_WITHOUT_STATE = "worker killed, state lost"
    PAUSE = "worker stopped and continued"
    LONG_PAUSE = "worker stopped past its session and continued"
    TERMINATE = "worker told to stop"
    TERMINATE_WITHOUT_STATE = "worker told to stop, state lost"
    BROKER_RESTART = "broker restarted"
    BROKER_GONE = "broker gone"
    CUT = "connections cut"


class Blow(NamedTuple):
    """One piece of harm."""

    at: float
    """Seconds since the beginning."""
    harm: Harm
    target: str
    """A worker or the number of a broker."""
    seconds: float = 0.0
    """How long it lasts: until a worker is continued or started, or a broker is back."""

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:6.1f} s  {self.harm}: {self.target}{lasting}"


Draw = Callable[[Random], tuple[Harm, float]]
"""Draws a kind of harm and how long it lasts."""


def schedule(seed: int, seconds: float) -> list[Blow]:
    """The blows in their order, all of them over before `seconds`.

    However short it is, it has a worker that loses its state, one that is stopped past its
    session, a broker that is gone and connections that are cut; 25 s is the least for that.
    """
    random = Random(seed)
    gone = min(30.0, seconds / 4)
    workers = random.sample(WORKERS, len(WORKERS))
    firsts = [_lost_state, _long_pause, random.choice(DRAWS)]
    lanes = [
        *(_lane(random, worker, first) for worker, first in zip(workers, firsts, strict=True)),
        _broker_lane(random, gone),
        _cuts(random),
    ]
    ended = (list(_until(seconds, lane)) for lane in lanes)
    return list(heapq.merge(*ended))


def _until(seconds: float, blows: Iterator[Blow]) -> Iterator[Blow]:
    for blow in blows:
        if blow.at + blow.seconds > seconds:
            return
        yield blow


def _lane(random: Random, worker: str, first: Draw) -> Iterator[Blow]:
    """Blows to one worker one after another, with time in between to get to work."""
    at = random.uniform(1, 5)
    draw = first
    while True:
        harm, seconds = draw(random)
        yield Blow(at, harm, worker, seconds)
        at += seconds + random.uniform(4, 16)
        draw = random.choice(DRAWS)


def _broker_lane(random: Random, gone: float) -> Iterator[Blow]:
    """One broker at a time, since two that are away take the cluster with them."""
    at = random.uniform(4, 8)
    yield Blow(at, Harm.BROKER_GONE, str(random.choice(BROKERS)), gone)
    at += gone
    while True:
        at += random.uniform(8, 20)
        harm = random.choice([Harm.BROKER_RESTART, Harm.BROKER_RESTART, Harm.BROKER_GONE])
        seconds = gone if harm is Harm.BROKER_GONE else random.uniform(3, 8)
        yield Blow(at, harm, str(random.choice(BROKERS)), seconds)
        at += seconds


def _cuts(random: Random) -> Iterator[Blow]:
    at = 0.0
    while True:
        at += random.uniform(1, 6)
        yield Blow(at, Harm.CUT, str(random.choice(BROKERS)))


def _lost_state(random: Random) -> tuple[Harm, float]:
    return Harm.KILL_WITHOUT_STATE, random.uniform(0, 2)


def _long_pause(random: Random) -> tuple[Harm, float]:
    return Harm.LONG_PAUSE, SESSION_SECONDS + random.uniform(2, 6)


DRAWS: Final[tuple[Draw, ...]] = (
    lambda random: (Harm.KILL, random.uniform(0, 3)),
    _lost_state,
    lambda random: (Harm.PAUSE, random.uniform(0.2, SESSION_SECONDS - 2)),
    _long_pause,
    lambda random: (Harm.TERMINATE, random.uniform(0, 2)),
    lambda random: (Harm.TERMINATE_WITHOUT_STATE, random.uniform(0, 2)),
)
