"""The domain as the benchmarks use it: the one module that knows its names.

All else in this folder, the rivals included, goes by these functions, so that a change of the
domain's interface is a change of a few lines here.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from schemas.decoding import decode, decode_product
from schemas.records import Event
from streams.recording.files import RecordedRecord
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy

Decision = dict[str, Any]


class Change(NamedTuple):
    """What a checkpoint has to send and store of one person."""

    user_id: str
    person: Person
    standing: dict[str, Any] | None
    """The list; None for a tombstone."""


def new_join(catalog: Catalog | None = None) -> Join:
    """The join of a partition of which nothing is known yet, by the default policy."""
    return Join(Policy.default(), Catalog() if catalog is None else catalog)


def read_catalog(records: Iterable[RecordedRecord]) -> Catalog:
    """The catalog that records of its topic make."""
    catalog = Catalog()
    for record in records:
        catalog.put(*decode_product(record.key, record.value))
    return catalog


def decode_event(topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> Event:
    """A valid record of a person topic, given by its default name."""
    return decode(topic, key, value, timestamp)


def apply(join: Join, event: Event) -> Decision | None:
    """The next event of the partition; returns the decision where it is a request."""
    return join.take(event)


def prepare(join: Join) -> list[Change]:
    """What a checkpoint has to send and store."""
    return [Change(*change) for change in join.settle()]


def encode_decision(decision: Decision) -> bytes:
    """As it is sent."""
    return orjson.dumps(decision)


def encode_list(standing: dict[str, Any]) -> bytes:
    """As it is sent."""
    return orjson.dumps(standing)


def encode_state(person: Person) -> bytes | None:
    """As it is stored; None for a person of whom there is nothing to keep."""
    return orjson.dumps(person.to_data()) if person.evidence else None


def load(join: Join, user_id: str, stored: bytes) -> None:
    """Have a person in memory as `encode_state` has written it."""
    join.persons[user_id] = Person.from_data(orjson.loads(stored))


def person_of(join: Join, user_id: str) -> Person:
    """Somebody who is in memory."""
    return join.persons[user_id]


def facts_of(person: Person) -> int:
    """How much is known of a person."""
    return person.evidence.facts


def evict(join: Join) -> None:
    """Have nobody in memory any more."""
    join.persons.clear()
