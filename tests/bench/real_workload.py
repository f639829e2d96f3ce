"""The real workload: what a shop's deployment reads, where the bare one (`workload`) has only ids.

A catalog of 2,000 products in groups of four, in three levels of categories, with brands and
prices. Candidates say their price, when interest was shown, on what basis and by which sources.
Beside requests, purchases and dismissals there are impressions, and of one person in five a
preference.

People come as to Datacratic's auctions: of the 19,250 requests of known users in that data 2.6 %
are of one id, the next have 8, 6, 6, 6 and 5, and nine in ten have one. A formula comes to the
same, so that figures can be compared where the data is not at hand: one request in forty is of the
first person, the others' ranks have a frequency that falls with the cube root of the rank. Products
are wanted by Zipf's law.
"""

from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random
from typing import Any, Final

from streams.recording.files import RecordedRecord, json_record
from tests.bench.workload import REASONS, WITH_IMPRESSIONS, mixed
from tests.builders import NOW

PERSONS: Final = 50_000
PRODUCTS: Final = 2_000
CANDIDATES: Final = 5

BUSIEST: Final = 497 / 19_250
"""The share of the busiest person."""
SKEW: Final = 1.5
"""Power of a number from 0 to 1 that gives ranks whose frequency falls with their cube root."""
WITH_PREFERENCE: Final = 5
"""Of so many persons one has said a preference."""

DAY: Final = 86_400_000
BASES: Final = (*["observed"] * 7, "given", "given", "inferred")
SOURCES: Final = ("shop-visits", "newsletter", "loyalty-card", "partner-audience")


def real(events: int, partitions: int, seed: int = 7) -> Iterator[RecordedRecord]:
    """The catalog, then so many records of persons, a millisecond apart."""
    random = Random(seed)
    wanted = [*accumulate(1 / rank for rank in range(1, PRODUCTS + 1))]
    for number in range(PRODUCTS):
        yield json_record("catalog", product_id(number), product(number), NOW, partitions)
    topics, weights = [*WITH_IMPRESSIONS], [*WITH_IMPRESSIONS.values()]
    asked: set[int] = set()
    for number, topic in enumerate(random.choices(topics, weights, k=events)):
        person, ts = person_of(random), NOW + number
        if person % WITH_PREFERENCE == 0 and person not in asked:
            topic = "preferences"
        asked.add(person)
        products = [
            bisect(wanted, random.random() * wanted[-1], hi=PRODUCTS - 1) for _ in range(CANDIDATES)
        ]
        value = {**value_of(topic, number, products, ts, random), "ts": ts}
        yield json_record(topic, f"u{person:06}", value, ts, partitions)


def person_of(random: Random, persons: int = PERSONS) -> int:
    """Whose event is the next: the busiest person's, whose number is 0, or somebody else's."""
    if random.random() < BUSIEST:
        return 0
    return 1 + int((persons - 1) * random.random() ** SKEW)


def product_id(number: int) -> str:
    """Of the product of this rank, counted from 0."""
    return f"p{number:05}"


def product(number: int) -> dict[str, Any]:
    """What the catalog says of it."""
    top, middle, narrow = number % 10, number % 50, number % 200
    return {
        "item_group_id": f"g{number // 4}",
        "categories": [f"c{top}", f"c{top}.{middle}", f"c{top}.{middle}.{narrow}"],
        "brand": f"b{number % 40}",
        "advertiser_id": f"s{number % 7}",
        "price": price(number),
        "currency": "EUR",
    }


def price(number: int) -> float:
    """In the shop."""
    return 5 + number % 97 + 0.95


def value_of(
    topic: str, number: int, products: list[int], ts: int, random: Random
) -> dict[str, Any]:
    """One record of a topic without its person and time, numbered for its ids."""
    first = product_id(products[0])
    if topic == "impression-requests":
        candidates = [
            {
                "product_id": product_id(wanted),
                "price": price(wanted),
                "interest_at": ts - int(random.random() ** 3 * 30 * DAY),
                "basis": random.choice(BASES),
                "sources": random.sample(SOURCES, 1 + int(random.random() * 2)),
            }
            for wanted in products
        ]
        return {"request_id": f"r{number}", "site": "news.example", "candidates": candidates}
    if topic == "purchases":
        bought = [{"product_id": first, "quantity": 1, "price": price(products[0])}]
        order = {"event_id": f"e{number}", "order_id": f"o{number}", "products": bought}
        return {**order, "event": "order_completed"}
    if topic == "dismissals":
        dismissal = {"event_id": f"d{number}", "reason": random.choice(REASONS)}
        return {**dismissal, "product_id": first, "price": price(products[0])}
    if topic == "preferences":
        allowed = "denied" if random.random() < 0.1 else "granted"
        return {"event_id": f"f{number}", "personalised_ads": allowed, "sensitive_topics": "denied"}
    return {"impression_id": f"i{number}", "product_id": first, "request_id": f"r{number}"}


WORKLOADS: Final[dict[str, Callable[[int, int], Iterator[RecordedRecord]]]] = {
    "bare": mixed,
    "real": real,
}
"""By name: so many events, in so many partitions."""
