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
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from streams.worker import COLLECT_SELDOM
from tests.builders import NOW, dismissal, impression, purchase, request

PERSONS: Final = 5_000
OTHERS_A_CHECKPOINT: Final = 2_000
"""Events of the others in 100 ms: a worker with 20,000 a second to do."""
HOT_A_CHECKPOINT: Final = 50
"""Events of the hot person in 100 ms: 500 a second."""
HOT_BEFORE: Final = 100_000
CHECKPOINTS: Final = 50


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


def checkpoint(joined: Join, events: list[Event]) -> None:
    """Take events, and write what a checkpoint would."""
    for event in events:
        decision = joined.take(event)
        if decision is not None:
            orjson.dumps(decision)
    for _, person, standing in joined.settle():
        orjson.dumps(standing)
        orjson.dumps(person.to_data())


def seconds_for(joined: Join, checkpoints: list[list[Event]]) -> float:
    """Processor time that these take."""
    began = process_time()
    for events in checkpoints:
        checkpoint(joined, events)
    return process_time() - began


def cost_to_the_others() -> None:
    """Throughput of everybody, without and with a hot person among them."""
    joined, crowd, hot = Join(Policy.default(), Catalog()), others(), life("hot", -1)
    checkpoint(joined, list(islice(crowd, 10 * PERSONS)))
    for _ in range(HOT_BEFORE // 1_000):
        checkpoint(joined, list(islice(hot, 1_000)))
    spent = {}
    for among, many in (("without", 0), ("with", HOT_A_CHECKPOINT)):
        rounds = [
            [*islice(crowd, OTHERS_A_CHECKPOINT), *islice(hot, many)] for _ in range(CHECKPOINTS)
        ]
        spent[among] = seconds_for(joined, rounds)
        rate = CHECKPOINTS * OTHERS_A_CHECKPOINT / spent[among]
        print(f"{among:>8} a hot person: {rate:9,.0f} events/s of the others")
    extra = (spent["with"] - spent["without"]) / CHECKPOINTS
    person = joined.persons["hot"]
    size = len(orjson.dumps(person.to_data()))
    print(f"   the hot person has {person.evidence.facts:,} facts, {person.forgotten:,} forgotten")
    print(f"   and takes {extra * 1_000:.1f} ms of each 100 ms checkpoint, {size / 1_000:,.0f} kB")
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
        taken[facts] = seconds_for(joined, [asked])
        each = taken[facts] / len(asked) * 1e6
        print(f"{facts:5,} pieces of evidence: {each:5.1f} µs a request with 5 candidates")
    print(f"ratio: {taken[500] / taken[5]:.2f} with 500 against 5 (wanted: at most 3, aim 1.2)")


if __name__ == "__main__":
    gc.set_threshold(*COLLECT_SELDOM)
    cost_of_evidence()
    cost_to_the_others()
