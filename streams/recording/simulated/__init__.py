"""The built-in recording of ``unhaunt demo``: a simulated shop and the people its ads follow.

It is the same every time. Under ``DEMO_POLICY`` every rule of the policy is at work: each reason of
SPEC 5 is the answer for some candidate. It shows what happens without suppression: ads are
requested, and shown, whatever their people bought or rejected.
"""

import random
from collections.abc import Iterator
from operator import attrgetter

from streams.recording.files import RecordedRecord, numbered
from streams.recording.simulated.disorder import invalid_records, repeated
from streams.recording.simulated.happening import Happening
from streams.recording.simulated.person import SimulatedPerson
from streams.recording.simulated.policy import DEMO_POLICY
from streams.recording.simulated.shop import Shop

__all__ = ["DEMO_POLICY", "simulate"]


def simulate(seed: int = 1, persons: int = 3000, partitions: int = 4) -> Iterator[RecordedRecord]:
    """The records, numbered, in the order in which they arrived; the catalog begins."""
    rng = random.Random(seed)
    shop = Shop(rng)
    happenings: list[Happening] = list(shop.catalog_lines())
    for number in range(persons):
        happenings += SimulatedPerson(f"person-{number:04}", shop, rng).live()
    happenings += repeated(happenings, rng)
    records = [happening.record(partitions) for happening in happenings]
    records += invalid_records(partitions)
    records.sort(key=attrgetter("timestamp"))
    return numbered(records)
