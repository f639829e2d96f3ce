"""What one hot person costs the others.

Without a broker, on one core: the join, a settling with each checkpoint, and writing what it says
as JSON. The hot person is a bot with 500 events a second and 100,000 before that, so that the
bound on evidence is at work.
"""

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Final

from schemas.records import Event
from streams.engine.checkpoint.schedule import CheckpointSchedule
from streams.settings import Settings
from tests.bench.domain import Join, encode_state, facts_of, new_join, person_of
from tests.bench.figures import Bench, Figure
from tests.bench.in_process import checkpoint, collecting_nothing
from tests.builders import NOW, dismissal, impression, purchase, request

PERSONS: Final = 5_000
OTHERS_A_SECOND: Final = 20_000
HOT_A_SECOND: Final = 500
HOT_BEFORE: Final = 100_000
SECONDS: Final = 5.0
"""Of event time, without and with the hot person."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Throughput of everybody else, without and with a hot person among them."""
    seconds = SECONDS * bench.scale
    with collecting_nothing():
        joined, crowd, hot = new_join(), others(), life("hot", -1)
        checkpoint(joined, islice(crowd, 10 * PERSONS))
        for _ in range(HOT_BEFORE // 1_000):
            checkpoint(joined, islice(hot, 1_000))
        alone = run(joined, crowd, None, seconds)
        beside = run(joined, crowd, hot, seconds)
    person = person_of(joined, "hot")
    yield Figure("the others without a hot person", OTHERS_A_SECOND / alone, "events/s")
    yield Figure("the others beside a hot person", OTHERS_A_SECOND / beside, "events/s")
    yield Figure("throughput with a hot person against without", alone / beside, "x")
    yield Figure("what is known of the hot person", facts_of(person), "facts")
    size = len(encode_state(person) or b"")
    yield Figure("what each checkpoint writes of it", size / 1_000, "kB")


def run(joined: Join, crowd: Iterator[Event], hot: Iterator[Event] | None, seconds: float) -> float:
    """Processor seconds for each second of events, with checkpoints as the engine paces them."""
    pace, at, spent = CheckpointSchedule(Settings(), 0.0), 0.0, 0.0
    while at < seconds:
        pause = pace.seconds_left(at, is_caught_up=False)
        events = list(islice(crowd, round(pause * OTHERS_A_SECOND)))
        events += islice(hot or (), round(pause * HOT_A_SECOND))
        cost = checkpoint(joined, events)
        at += pause
        spent += cost.total
        pace.checkpointed(at, cost.preparing)
    return spent / at


def others() -> Iterator[Event]:
    """What everybody else does, in turn."""
    lives = [life(f"person-{number}", number) for number in range(PERSONS)]
    while True:
        for events in lives:
            yield next(events)


def life(user_id: str, seed: int) -> Iterator[Event]:
    """Requests, impressions, purchases and dismissals of products hardly any of which repeat."""
    names = Random(seed)
    number = 0
    while True:
        number += 1
        product_id, ts = f"p{names.randrange(1_000_000)}", NOW + number
        kind = names.random()
        if kind < 0.5:
            wanted = [f"p{names.randrange(1_000_000)}" for _ in range(5)]
            yield request(*wanted, user_id=user_id, ts=ts)
        elif kind < 0.8:
            yield impression(f"i{number}-{user_id}", product_id, ts, user_id)
        elif kind < 0.9:
            order_id = f"o{number}-{user_id}"
            yield purchase(product_id, order_id=order_id, event_id=order_id, ts=ts, user_id=user_id)
        else:
            event_id = f"d{number}-{user_id}"
            yield dismissal("not_interested", event_id, ts, user_id, product_id=product_id)
