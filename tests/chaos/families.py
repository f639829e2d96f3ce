"""People with several ids: what one id says has to reach the others, whatever is done meanwhile.

They ask for nothing, since a decision depends on how soon a share arrives; their lists do not.
There is room for two ids beside the account: the phone has to go for the tablet, and is mostly
back.
"""

from collections.abc import Iterator
from typing import Any

from schemas.records import Event
from streams.recording.files import RecordedRecord
from streams.recording.simulated.happening import END
from tests.builders import MINUTE, dismissal, purchase, recorded, refund
from tests.linked import linked, placed, unlinked

POLICY = """
[identity]
max_ids = 2
"""
PEOPLE = 300
IDS = ("account", "phone", "laptop", "tablet")
STEP = 10 * MINUTE
"""Event time between two people."""


def recorded_families(partitions: int) -> list[RecordedRecord]:
    """What is said of each of them, over the last days of the simulated shop."""
    return recorded(placed(*_said(), partitions=partitions))


def _said() -> Iterator[Event]:
    for number in range(PEOPLE):
        ts = END - (PEOPLE - number) * STEP
        account, phone, laptop, tablet = (f"{each}-{number}" for each in IDS)
        order: dict[str, Any] = {"order_id": f"order-{number}", "ts": ts}
        yield purchase("tv", event_id=f"bought-{number}", user_id=phone, **order)
        yield linked(phone, account, ts + 1)
        yield linked(laptop, account, ts + 2)
        if number % 3 == 0:
            yield refund(
                event_id=f"back-{number}", order_id=f"order-{number}", user_id=laptop, ts=ts + 3
            )
        if number % 2 == 0:
            yield dismissal(
                "not_interested",
                event_id=f"no-{number}",
                user_id=account,
                product_id="mug",
                ts=ts + 4,
            )
        yield linked(tablet, account, ts + 5)
        if number % 4:
            yield unlinked(tablet, account, ts + 6)
