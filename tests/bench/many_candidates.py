"""What a request costs by the number of its candidates."""

from collections.abc import Iterator
from statistics import median

from schemas.records import Event
from tests.bench.domain import new_join
from tests.bench.figures import Bench, Figure
from tests.bench.in_process import checkpoint, collecting_nothing, decoded
from tests.bench.persons import EVIDENCE, FACTS
from tests.bench.workload import Crowd, mixed

NUMBERS = (1, 5, 20, 100)
PERSONS = 5_000
REQUESTS = 20_000
"""Of each number of candidates, by everybody in turn."""


def measure(bench: Bench) -> Iterator[Figure]:
    """The join and the decision as JSON, without a broker, on one core."""
    joined = new_join()
    requests = round(REQUESTS * bench.scale)
    spent: dict[int, list[float]] = {number: [] for number in NUMBERS}
    with collecting_nothing():
        checkpoint(joined, decoded(mixed(FACTS * PERSONS, 1, EVIDENCE, Crowd(PERSONS))))
        asked = {number: list(asking(requests, number)) for number in NUMBERS}
        for events in asked.values():
            checkpoint(joined, events)
        for _ in range(bench.rounds):
            for number, events in asked.items():
                spent[number].append(checkpoint(joined, events).applying / requests)
    for number in NUMBERS:
        microseconds = median(spent[number]) * 1e6
        yield Figure(f"candidates: {number}, the request", microseconds, "µs")
        yield Figure(f"candidates: {number}, each", microseconds / number, "µs")


def asking(requests: int, candidates: int) -> Iterator[Event]:
    """So many requests with so many candidates."""
    crowd = Crowd(PERSONS, candidates=candidates)
    return decoded(mixed(requests, 1, {"impression-requests": 1}, crowd))
