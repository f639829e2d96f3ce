"""What a deployment knows of one person now: their state in the changelog, and the catalog.

The state is what workers decide by, so it is the truth about what is held of a person; the input
topics forget sooner, and the lists leave out what claims nothing. It is committed many times a
second, and read as committed.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from schemas.decoding import InvalidRecord
from streams.engine.state.store import PERSON, PROGRESS
from streams.errors import UserError
from streams.kafka.bounded_reading import Bounds, bounds_of, committed_records
from streams.kafka.partitioner import partition_of
from streams.kafka.registry.schema_registry import product_reader, registry_of
from streams.kafka.topics import existing
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy


class KnownNow(NamedTuple):
    """A person as a deployment knows them."""

    join: Join
    """Holds the person if there is anything to hold, and nobody else."""
    is_read_otherwise: bool
    """Whether the workers read this partition by another policy."""


class PersonReading:
    """The two topics that tell what is known of a person, as they are now."""

    def __init__(self, settings: Settings, user_id: str) -> None:
        """Raises `UserError` when no broker or registry answers or there is no changelog."""
        self._settings = settings
        self._key = user_id.encode()
        self._user_id = user_id
        self._read_product = product_reader(registry_of(settings))
        partitions = existing(settings)
        changelog, catalog = settings.changelog, settings.topic("catalog")
        if changelog not in partitions:
            raise UserError(
                f"{changelog}: there is no such topic at {settings.kafka.brokers}, so no worker "
                "has known anybody. UNHAUNT_APPLICATION says whose changelog is meant."
            )
        home = partition_of(self._key, partitions[changelog])
        bounds = bounds_of(settings, changelog, partitions[changelog])
        self._changelog: Bounds = {home: bounds[home]}
        self._products: Bounds = bounds_of(settings, catalog, partitions.get(catalog, 0))

    @property
    def records(self) -> int:
        """About how many records there are to read."""
        bounds = (*self._changelog.values(), *self._products.values())
        return sum(end - first for first, end in bounds)

    def read(self, policy: Policy, advance: Callable[[int], object]) -> KnownNow:
        """What is known. `advance` is called with how many of `records` were passed.

        Raises `KafkaException`, and `UserError` when the broker falls silent or the state was
        written by another version.
        """
        join = Join(policy, self._catalog(advance))
        state, progress = self._state(advance)
        read_as = progress.get("read_as")
        join.newest = progress.get("newest")
        if state is not None:
            join.persons[self._user_id] = person = _person(state)
            # What is read may end between the two, which are of one checkpoint.
            if join.newest is None or join.newest < person.evidence.newest:
                join.newest = person.evidence.newest
        return KnownNow(join, read_as is not None and read_as.split(":")[0] != policy.fingerprint)

    def _catalog(self, advance: Callable[[int], object]) -> Catalog:
        catalog = Catalog()
        topic = self._settings.topic("catalog")
        for message in committed_records(self._settings, topic, self._products, advance):
            try:
                headers = message.headers() or ()
                catalog.put(*self._read_product(message.key(), message.value(), headers))
            except InvalidRecord:
                continue  # a worker leaves it out as well, and buries it
        return catalog

    def _state(self, advance: Callable[[int], object]) -> tuple[bytes | None, Mapping[str, Any]]:
        """The person's last state, and the last progress of the partition."""
        changelog, person = self._settings.changelog, PERSON + self._key
        last: dict[bytes, bytes | None] = {}
        for message in committed_records(self._settings, changelog, self._changelog, advance):
            if message.key() in (person, PROGRESS):
                last[message.key()] = message.value()
        return last.get(person), orjson.loads(last.get(PROGRESS) or b"{}")


def _person(state: bytes) -> Person:
    try:
        return Person.from_bytes(state)
    except ValueError as error:
        raise UserError(f"The person's state cannot be read: {error}") from error
