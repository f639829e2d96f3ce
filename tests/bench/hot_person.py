"""What one hot person costs the others: `python -m tests.bench.hot_person`.

Without a broker, on one core: the join, a settling with each checkpoint, and writing what it says
as JSON. The hot person is a bot with 500 events a second and 100,000 before that, so that the
bound on evidence is at work.
"""

import gc
from collections.abc import Iterator
from itertools import islice
from random import Random
from time import process_time
from typing import Final

import orjson

from schemas.records import Event
from streams.engine.pace import Pace
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from tests.builders import NOW, dismissal, impression, purchase, request

PERSONS: Final = 5_000
OTHERS_A_SECOND: Final = 20_000
HOT_A_SECOND: Final = 500
HOT_BEFORE: Final = 100_000
SECONDS: Final = 5.0
"""Of event time, without and with the hot person."""


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


def others() -> Iterator[Event]:
    """What everybody else does, in turn."""
    lives = [life(f"person-{number}", number) for number in range(PERSONS)]
    while True:
        for events in lives:
            yield next(events)


def checkpoint(joined: Join, events: list[Event]) -> tuple[float, float]:
    """Take events and write what a checkpoint would; processor seconds of all and of settling."""
    began = process_time()
    for event in events:
        decision = joined.take(event)
        if decision is not None:
            orjson.dumps(decision)
    taken = process_time()
    for _, person, standing in joined.settle():
        orjson.dumps(standing)
        orjson.dumps(person.to_data())
    ended = process_time()
    return ended - began, ended - taken


def run(joined: Join, crowd: Iterator[Event], hot: Iterator[Event] | None) -> float:
    """Processor seconds for each second of events, with checkpoints as the engine paces them."""
    pace, at, spent = Pace(Settings(), 0.0), 0.0, 0.0
    while at < SECONDS:
        pause = pace.seconds_left(at)
        events = list(islice(crowd, round(pause * OTHERS_A_SECOND)))
        events += islice(hot or (), round(pause * HOT_A_SECOND))
        seconds, settling = checkpoint(joined, events)
        at += pause
        spent += seconds
        pace.taken(at, settling)
    return spent / at


def cost_to_the_others() -> None:
    """Throughput of everybody, without and with a hot person among them."""
    joined, crowd, hot = Join(Policy.default(), Catalog()), others(), life("hot", -1)
    checkpoint(joined, list(islice(crowd, 10 * PERSONS)))
    for _ in range(HOT_BEFORE // 1_000):
        checkpoint(joined, list(islice(hot, 1_000)))
    spent = {"without": run(joined, crowd, None), "with": run(joined, crowd, hot)}
    for among, share in spent.items():
        rate = OTHERS_A_SECOND / share
        print(f"{among:>8} a hot person: {rate:9,.0f} events/s of the others")
    person = joined.persons["hot"]
    size = len(orjson.dumps(person.to_data()))
    print(f"   the hot person has {person.evidence.facts:,} facts, {person.forgotten:,} forgotten")
    print(f"   and each checkpoint writes {size / 1_000:,.0f} kB of them")
    print(f"ratio: {spent['without'] / spent['with']:.2f} of the throughput that there was without")


def cost_of_evidence() -> None:
    """A request on somebody with much evidence against one with little (DESIGN)."""
    taken = {}
    for facts in (5, 500, 5_000):
        joined = Join(Policy.default(), Catalog())
        for number in range(facts):
            joined.take(purchase(f"p{number}", order_id=f"o{number}", ts=NOW + number))
        asked: list[Event] = [request(*"abcde", ts=NOW + facts)] * 20_000
        list(joined.settle())
        taken[facts], _ = checkpoint(joined, asked)
        each = taken[facts] / len(asked) * 1e6
        print(f"{facts:5,} pieces of evidence: {each:5.1f} µs a request with 5 candidates")
    print(f"ratio: {taken[500] / taken[5]:.2f} with 500 against 5 (wanted: at most 3, aim 1.2)")


if __name__ == "__main__":
    gc.disable()
    cost_of_evidence()
    cost_to_the_others()
