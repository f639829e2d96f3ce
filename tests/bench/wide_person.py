"""What it costs that a lot is known of a person."""

from collections.abc import Iterator
from statistics import median

from schemas.records import Event
from tests.bench.domain import Join, new_join
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.in_process import checkpoint, collecting_nothing
from tests.builders import NOW, dismissal, purchase, request

WIDTHS = (5, 50, 500, 5_000)
"""Pieces of evidence: orders and dismissals of different products in turn."""
PERSONS = 20
"""Of each width."""
REQUESTS = 1_000
"""Of each of them."""
CANDIDATES = ("p0", "p1", "a", "b", "c")
"""Two of which are suppressed, whoever asks."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Requests, then one more event with its checkpoint, of persons of every width in turn."""
    asking: dict[int, list[float]] = {width: [] for width in WIDTHS}
    settling: dict[int, list[float]] = {width: [] for width in WIDTHS}
    requests = max(10, round(REQUESTS * bench.scale))
    with collecting_nothing():
        for _ in range(bench.rounds):
            for width in WIDTHS:
                joined = persons_of(width)
                asking[width].append(seconds_to_ask(joined, width, requests))
                settling[width].append(seconds_to_settle(joined, width))
    yield from figures("request with 5 candidates", asking, Goal(3, 1.2))
    yield from figures("one more event and its checkpoint", settling, None)


def figures(what: str, found: dict[int, list[float]], goal: Goal | None) -> Iterator[Figure]:
    """Medians, and ratios within each round; `goal` is of 500 against 5."""
    for width, seconds in found.items():
        yield Figure(f"{what}, {width:,} known", median(seconds) * 1e6, "µs")
    for width in (500, 5_000):
        ratios = (wide / narrow for wide, narrow in zip(found[width], found[5], strict=True))
        yield Figure(
            f"{what}, {width:,} against 5", median(ratios), "x", goal if width == 500 else None
        )


def persons_of(width: int) -> Join:
    """Persons of whom so many things are known, and were published."""
    joined = new_join()
    events = (evidence(number, person) for number in range(width) for person in range(PERSONS))
    checkpoint(joined, events)
    return joined


def evidence(number: int, person: int) -> Event:
    """An order or a dismissal of a product of which that person has said nothing else."""
    product_id, ts, user_id = f"p{number}", NOW + number, f"u{person}"
    if number % 2:
        event_id = f"d{number}"
        return dismissal("not_interested", event_id, ts, user_id, product_id=product_id)
    return purchase(
        product_id, order_id=f"o{number}", event_id=f"e{number}", ts=ts, user_id=user_id
    )


def seconds_to_ask(joined: Join, width: int, times: int) -> float:
    """What a request takes, with its decision as JSON."""
    asked = [
        request(*CANDIDATES, ts=NOW + width, user_id=f"u{person}") for person in range(PERSONS)
    ]
    return checkpoint(joined, asked * times).applying / (PERSONS * times)


def seconds_to_settle(joined: Join, width: int) -> float:
    """What an event and its checkpoint take: list and state as JSON.

    This is the worst there is: events of one person that fall into one checkpoint share it.
    """
    spent = [checkpoint(joined, [evidence(width, person)]).total for person in range(PERSONS)]
    return sum(spent) / PERSONS
