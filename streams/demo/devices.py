"""People with two devices: what is bought on the one is to stop its ad on the other (SPEC 9)."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from schemas.outputs import Decision
from streams.recording.backtest import Backtest
from streams.recording.files import RecordedRecord, json_record, numbered
from streams.suppression.policy import Policy

OWN_IDS: Final = "unhaunt-demo-"
"""What the ids of the demo's own people begin with."""
PERSONS: Final = 100
_TRIED: Final = 2 * PERSONS
"""Some may be in the holdout, to whom ads are shown all the same."""


class Devices(NamedTuple):
    """The ids of one person: an account, and a phone and a laptop that are linked to it.

    Everything happens at one time, which is not later than what the recording ends with: so none of
    it moves a clock, or changes anything for those who are recorded.
    """

    account: str
    phone: str
    laptop: str
    ts: int
    """In epoch milliseconds."""
    partitions: int

    def linked(self) -> list[RecordedRecord]:
        """Both devices are the account's."""
        return [
            self._record(
                "identities",
                device,
                {"event_id": f"{device}-linked", "action": "linked", "person_id": self.account},
            )
            for device in (self.phone, self.laptop)
        ]

    def bought(self, product_id: str) -> RecordedRecord:
        """An order of a product on the phone, whose event has the id of `order`."""
        value = {
            "event_id": self.order(product_id),
            "event": "order_completed",
            "order_id": self.order(product_id),
            "products": [{"product_id": product_id}],
        }
        return self._record("purchases", self.phone, value)

    def order(self, product_id: str) -> str:
        """The id of the order of a product."""
        return f"{self.phone}-bought-{product_id}"

    def asked(self, product_id: str) -> RecordedRecord:
        """A request for ads on the laptop, which is named like that."""
        value = {"request_id": self.laptop, "candidates": [{"product_id": product_id}]}
        return self._record("impression-requests", self.laptop, value)

    def _record(self, topic: str, user_id: str, value: dict[str, Any]) -> RecordedRecord:
        return json_record(
            topic, user_id, {"user_id": user_id, "ts": self.ts, **value}, self.ts, self.partitions
        )


def people_with_devices(
    policy: Policy, product_id: str, ts: int, partitions: int
) -> Iterator[Devices]:
    """Those whose order of this product on the phone stops its ad on the laptop, by the policy."""
    people = [_person(number, ts, partitions) for number in range(_TRIED)]
    records = [
        record
        for each in people
        for record in (*each.linked(), each.bought(product_id), each.asked(product_id))
    ]
    decisions = Backtest(policy).run(numbered(records))
    reasons = {each.user_id: reasons_of(each) for each in decisions}
    stopped = (each for each in people if each.order(product_id) in reasons[each.laptop])
    return islice(stopped, PERSONS)


def reasons_of(decision: Decision) -> set[str]:
    """The events because of which ads are suppressed."""
    return {event_id for answer in decision.suppressed for event_id in answer.because}


def _person(number: int, ts: int, partitions: int) -> Devices:
    account, phone, laptop = (
        f"{OWN_IDS}{what}-{number:03}" for what in ("account", "phone", "laptop")
    )
    return Devices(account, phone, laptop, ts, partitions)
