"""The domain as the benchmarks use it: the one module that knows its names.

All else in this folder, the rivals included, goes by these functions, so that a change of the
domain's interface is a change of a few lines here.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from schemas.decoding import decode, decode_product
from schemas.outputs import Decision, SuppressionList, to_json
from schemas.records import Event, Share
from schemas.topics import SHARES
from streams.recording.files import RecordedRecord
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy


class Change(NamedTuple):
    """What a checkpoint has to send and store of one person."""

    user_id: str
    person: Person
    current: SuppressionList | None
    """The list; None for a tombstone."""


def new_join(catalog: Catalog | None = None, policy: str = "") -> Join:
    """The join of a partition of which nothing is known yet, by the text of a policy file."""
    return Join(Policy.from_toml(policy), Catalog() if catalog is None else catalog)


def read_catalog(records: Iterable[RecordedRecord]) -> Catalog:
    """The catalog that records of its topic make."""
    catalog = Catalog()
    for record in records:
        catalog.put(*decode_product(record.key, record.value))
    return catalog


def decode_event(topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> Event:
    """A valid record of a person topic, given by its default name."""
    return cast(Event, decode(topic, key, value, timestamp))


def apply(join: Join, event: Event) -> Decision | None:
    """The next event of the partition; returns the decision where it is a request."""
    return join.apply(event)


def prepare(join: Join) -> list[Change]:
    """What a checkpoint has to send and store where nobody is linked."""
    return [Change(*change) for change in join.prepare()]


def put_off(join: Join, key: bytes, value: bytes) -> None:
    """Have a share taken in when that is needed, as its topic has it."""
    share: Any = decode(SHARES, key, value, 0)
    join.put_off(share)


def checkpoint(join: Join) -> Iterator[tuple[list[Share], Change]]:
    """What a checkpoint has to share of each person, and to send and store."""
    for user_id, person, shares, current in join.checkpoint():
        yield shares, Change(user_id, person, current)


def encode_share(share: Share) -> bytes:
    """As it is sent."""
    return to_json(share)


def encode_decision(decision: Decision) -> bytes:
    """As it is sent."""
    return to_json(decision)


def encode_list(current: SuppressionList) -> bytes:
    """As it is sent."""
    return to_json(current)


def encode_state(person: Person) -> bytes | None:
    """As it is stored; None for a person of whom there is nothing to keep."""
    return person.to_bytes() if person else None


def load(join: Join, user_id: str, stored: bytes) -> None:
    """Have a person in memory as `encode_state` has written it."""
    join.persons[user_id] = Person.from_bytes(stored)


def person_of(join: Join, user_id: str) -> Person:
    """Somebody who is in memory."""
    return join.persons[user_id]


def facts_of(person: Person) -> int:
    """How much is known of a person."""
    return person.evidence.size


def evict(join: Join) -> None:
    """Have nobody in memory any more."""
    join.persons.clear()
