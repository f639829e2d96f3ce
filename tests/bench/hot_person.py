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
HOT: Final = "hot"
HOT_A_SECOND: Final = 500
HOT_BEFORE: Final = 100_000
SECONDS: Final = 5.0
"""Of event time, without and with the hot person."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Throughput of everybody else, with a hot person among them and without, in turns."""
    seconds = SECONDS * bench.scale
    with collecting_nothing():
        alone, beside = sides = Side(None), Side(life(HOT, -1))
        while alone.at < seconds or beside.at < seconds:
            for side in sides:
                side.go_on()
    person = person_of(beside.join, HOT)
    of_others = alone.spent / alone.at
    of_hot = beside.spent / beside.at - of_others
    rate = OTHERS_A_SECOND / of_others
    yield Figure("the others without a hot person", rate, "events/s")
    yield Figure("processor time a second that a hot person takes", 1_000 * of_hot, "ms")
    yield Figure("the others in the rest of it", rate * (1 - of_hot), "events/s")
    yield Figure("throughput with a hot person against without", 1 - of_hot, "x")
    yield Figure("what is known of the hot person", facts_of(person), "facts")
    size = len(encode_state(person) or b"")
    yield Figure("what each checkpoint writes of it", size / 1_000, "kB")


class Side:
    """A partition with the crowd, and maybe with a hot person among them."""

    def __init__(self, hot: Iterator[Event] | None) -> None:
        self.join: Join = new_join()
        self.at = 0.0
        """Seconds of event time so far."""
        self.spent = 0.0
        """Processor seconds for them."""
        self._pace = CheckpointSchedule(Settings(), 0.0)
        self._crowd = others()
        self._hot: Iterator[Event] = iter(()) if hot is None else hot
        checkpoint(self.join, islice(self._crowd, 10 * PERSONS))
        for _ in range(HOT_BEFORE // 1_000):
            checkpoint(self.join, islice(self._hot, 1_000))

    def go_on(self) -> None:
        """One checkpoint, as the engine paces them."""
        pause = self._pace.seconds_left(self.at, is_caught_up=False)
        events = [
            *islice(self._crowd, round(pause * OTHERS_A_SECOND)),
            *islice(self._hot, round(pause * HOT_A_SECOND)),
        ]
        cost = checkpoint(self.join, events)
        self.at += pause
        self.spent += cost.total
        self._pace.prepared(self.at, cost.preparing)


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
