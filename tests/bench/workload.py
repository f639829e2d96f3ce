"""The bare workload, which benchmarks feed to workers: mixes of events, drawn with a seed.

Candidates are ids, and there is no catalog; `real_workload` is the other one. The reference mix is
that of the design's measurements: of a hundred events seventy are requests with five candidates,
ten purchases and twenty dismissals, of 50,000 persons and 2,000 products.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from streams.recording.files import RecordedRecord, json_record
from tests.builders import NOW

REFERENCE: Final = {"impression-requests": 70, "purchases": 10, "dismissals": 20}
WITH_IMPRESSIONS: Final = {**REFERENCE, "impressions": 50}
REASONS: Final = ("not_interested", "already_bought", "seen_too_often", "removed_from_cart")


class Crowd(NamedTuple):
    """Whose events they are, and about how many products."""

    persons: int = 50_000
    products: int = 2_000
    candidates: int = 5


def mixed(
    events: int,
    partitions: int,
    mix: dict[str, int] = REFERENCE,
    crowd: Crowd = Crowd(),  # noqa: B008
    seed: int = 7,
    persons: Iterator[int] | None = None,
) -> Iterator[RecordedRecord]:
    """So many events, a millisecond apart; each topic's share is its weight in the mix.

    `persons` are the numbers of those whose events they are; without it they are drawn.
    """
    random = Random(seed)
    topics, weights = [*mix], [*mix.values()]
    for number, topic in enumerate(random.choices(topics, weights, k=events)):
        person = random.randrange(crowd.persons) if persons is None else next(persons)
        user_id = f"u{person:06}"
        ts = NOW + number
        yield json_record(topic, user_id, value(topic, number, ts, crowd, random), ts, partitions)


def value(topic: str, number: int, ts: int, crowd: Crowd, random: Random) -> dict[str, Any]:
    """One record of a topic without its person, numbered for its ids."""

    def product() -> str:
        return f"p{random.randrange(crowd.products):05}"

    if topic == "impression-requests":
        candidates = [{"product_id": product()} for _ in range(crowd.candidates)]
        return {"request_id": f"r{number}", "ts": ts, "candidates": candidates}
    if topic == "purchases":
        bought = [{"product_id": product(), "quantity": 1, "price": 20.0}]
        order = {"event_id": f"e{number}", "order_id": f"o{number}", "products": bought}
        return {**order, "event": "order_completed", "ts": ts}
    if topic == "dismissals":
        dismissal = {"event_id": f"d{number}", "reason": random.choice(REASONS), "ts": ts}
        return {**dismissal, "product_id": product()}
    return {"impression_id": f"i{number}", "product_id": product(), "ts": ts}
