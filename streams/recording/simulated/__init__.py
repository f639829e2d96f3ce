"""The built-in recording of ``unhaunt demo``: a simulated shop and the people its ads follow.

It is the same every time. Under ``DEMO_POLICY`` every rule of the policy is at work: each reason of
SPEC 5 is the answer for some candidate. It shows what happens without suppression: ads are
requested, and shown, whatever their people bought or rejected.
"""

import random
from collections.abc import Iterator
from operator import attrgetter

from streams.recording.files import RecordedRecord, numbered
from streams.recording.simulated.devices import households, on_devices
from streams.recording.simulated.disorder import invalid_records, repeated
from streams.recording.simulated.happening import Happening
from streams.recording.simulated.person import SimulatedPerson
from streams.recording.simulated.policy import DEMO_POLICY
from streams.recording.simulated.shop import Shop

__all__ = ["DEMO_POLICY", "simulate"]


def simulate(
    seed: int = 1, persons: int = 3000, partitions: int = 4, linked: float = 0
) -> Iterator[RecordedRecord]:
    """The records, numbered, in the order in which they arrived; the catalog begins.

    Of a hundred persons `linked` are known by several ids (SPEC 9).
    """
    rng = random.Random(seed)
    shop = Shop(rng)
    happenings: list[Happening] = list(shop.catalog_lines())
    have_devices = households(seed, persons, linked)
    for number in range(persons):
        user_id = f"person-{number:04}"
        life = SimulatedPerson(user_id, shop, rng).live()
        if number in have_devices:
            life = on_devices(life, seed, number, user_id)
        happenings += life
    happenings += repeated(happenings, rng)
    records = [happening.record(partitions) for happening in happenings]
    records += invalid_records(partitions)
    records.sort(key=attrgetter("timestamp"))
    return numbered(records)
