"""Random people with several ids, as the joins and as the oracle take what happens to them."""

from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.records import Candidate, Event, Identity, Request
from streams.suppression import policy_document
from streams.suppression.catalog import Catalog
from streams.suppression.policy import Policy
from tests.builders import recorded
from tests.identities import Partitions
from tests.oracle.linked import linked_recording
from tests.oracle.persons import Persons
from tests.oracle.policy import merged
from tests.oracle.recompute import read_catalog
from tests.oracle.validation import RefusedError, person_event


@dataclass
class Story:
    """A recording as the joins and as the oracle take it."""

    policy: Policy
    catalog: Catalog
    partition_of: dict[str, int]
    events: list[tuple[Event, dict[str, Any]]]
    """Each as a record and as the oracle reads it."""
    plain_policy: dict[str, Any]
    plain_catalog: dict[str, Any]

    def partitions(self) -> Partitions:
        return Partitions(self.policy, self.catalog, self.partition_of)

    def oracle(self) -> Persons:
        return Persons(self.plain_policy, self.plain_catalog, self.partition_of)

    @property
    def end(self) -> int:
        return max((event.ts for event, _ in self.events), default=0)

    def change_identity(self, random: Random, so_many: int) -> None:
        """Another `[identity]` of the policy after so many of the events.

        What is stated after that of ids that it blocks is a dead letter.
        """
        self.plain_policy["identity"] |= {
            "lookback_days": random.choice([0, 30, 400]),
            "max_persons": random.choice([1, 2, 5]),
            "max_ids": random.choice([1, 2, 50]),
            "impressions": random.random() < 0.5,
            "blocked": random.choice([[], ["a1"], ["u1", "u2"], ["a1", "u1"]]),
        }
        document = {**self.policy.document, "identity": self.plain_policy["identity"]}
        self.policy = Policy(document)
        self.events = [
            *self.events[:so_many],
            *[each for each in self.events[so_many:] if not self._is_refused(each[0])],
        ]

    def _is_refused(self, event: Event) -> bool:
        if not isinstance(event, Identity):
            return False
        named = [event.user_id] if event.person_id is None else [event.user_id, event.person_id]
        return any(map(self.policy.is_blocked, named))

    def requests(self) -> list[tuple[Request, dict[str, Any]]]:
        """At the end every id is asked for every product, so that every clock has come there."""
        return [self._asking(user_id, self.end) for user_id in sorted(self.partition_of)]

    def request(self, random: Random, ts: int) -> tuple[Request, dict[str, Any]]:
        """One by somebody."""
        return self._asking(random.choice(sorted(self.partition_of)), ts)

    def _asking(self, user_id: str, ts: int) -> tuple[Request, dict[str, Any]]:
        products = [f"p{number}" for number in range(1, 10)] + ["sku-1", "0012"]
        request = Request(
            request_id=f"for {user_id}",
            user_id=user_id,
            ts=ts,
            candidates=[Candidate(product_id) for product_id in products],
        )
        record = {"topic": "impression-requests", "key": user_id, "timestamp": ts}
        return request, person_event({**record, "value": msgspec.to_builtins(request)})


def story(seed: int, kind: str = "lasting") -> Story:
    records, tables, partition_of = linked_recording(seed, kind=kind)
    catalog = Catalog()
    events = []
    for line in records:
        try:
            if line["topic"] == "catalog":
                [record] = recorded([line])
                catalog.put(*decode_product(record.key, record.value))
            else:
                plain = person_event(line)
                events.append((_event(line, plain), plain))
        except (InvalidRecord, RefusedError):
            continue
    return Story(
        Policy(policy_document.complete(tables)),
        catalog,
        partition_of,
        events,
        merged(tables),
        read_catalog(records, []),
    )


def _event(line: dict[str, Any], plain: dict[str, Any]) -> Event:
    if line["topic"] == "identities":
        return Identity(**{name: value for name, value in plain.items() if name != "topic"})
    [record] = recorded([line])
    return decode(record.topic, record.key, record.value, record.timestamp)


def shuffled(story: Story, random: Random) -> Story:
    events = list(story.events)
    random.shuffle(events)
    story.events = events
    return story
