"""What goes wrong on the way: repeats of what was sent already, and records that are not right."""

import random
from collections.abc import Iterable, Iterator

import orjson

from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, record_of
from streams.recording.simulated.happening import DAY, MINUTE, SECOND, START, Happening

_REPEATED = 0.005


def repeated(happenings: Iterable[Happening], rng: random.Random) -> list[Happening]:
    """Evidence that its producer sent a second time a little later."""
    return [
        happening._replace(arrival=happening.arrival + rng.randint(SECOND, MINUTE))
        for happening in happenings
        # A preference takes its time from the record: a second one would be another fact.
        if happening.topic in ("purchases", "dismissals", "impressions")
        and rng.random() < _REPEATED
    ]


def invalid_records(partitions: int) -> Iterator[RecordedRecord]:
    """One record for each way to be wrong that a broker lets through (SPEC 7), and some more."""
    for index, (topic, value) in enumerate(_INVALID):
        key = f"person-{index:04}".encode()
        arrival = START + (index + 1) * 3 * DAY
        yield record_of(topic, key, value, arrival, partition=partition_of(key, partitions))


_PRODUCT = [{"product_id": "tv-01-a"}]

_INVALID: tuple[tuple[str, bytes | None], ...] = (
    ("impression-requests", b'{"request_id": "cut off in the mid'),
    ("purchases", b"order;o-1;tv-01-a;1"),
    ("dismissals", b'["not_interested", "tv-01-a"]'),
    ("preferences", None),
    ("impression-requests", orjson.dumps({"request_id": "x-1", "candidates": []})),
    ("purchases", orjson.dumps({"event_id": "x-2", "event": "order_completed", "order_id": "x"})),
    (
        "impression-requests",
        orjson.dumps(
            {"request_id": "x-3", "candidates": [{"product_id": "tv-01-a", "price": "9"}]}
        ),
    ),
    ("dismissals", orjson.dumps({"event_id": "x-4", "reason": "bored", "product_id": "tv-01-a"})),
    (
        "purchases",
        orjson.dumps(
            {
                "event_id": "x-5",
                "user_id": "person-0999",
                "event": "order_completed",
                "order_id": "x",
                "products": _PRODUCT,
            }
        ),
    ),
    (
        "impressions",
        orjson.dumps({"impression_id": "x-6", "product_id": "tv-01-a", "ts": START + 90 * DAY}),
    ),
    (
        "dismissals",
        orjson.dumps({"event_id": "x-7", "ts": START // SECOND, "reason": "opt_out_all"}),
    ),
)
