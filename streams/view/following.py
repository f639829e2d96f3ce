"""Keeping copies level with the topic of lists, while its brokers come and go."""

import logging
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from time import monotonic, time
from typing import Any, Final, NamedTuple

import confluent_kafka
import msgspec
from confluent_kafka import OFFSET_BEGINNING, IsolationLevel
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from schemas.decoding import InvalidRecord
from schemas.outputs import SuppressionList
from streams.kafka.clients import client_settings
from streams.kafka.offsets import topic_ids
from streams.kafka.reader import Fetched, Fetching, RecordsDeleted, TopicReader
from streams.kafka.registry.schema_registry import SchemaRegistry
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings
from streams.view.copies import Copies, Seen

logger = logging.getLogger(__name__)

SECONDS: Final = 5
"""How long to wait for a broker's answer before asking again."""
ASK_SECONDS: Final = 1.0
"""How often a broker is asked where the partitions end."""
BULK: Final = 10_000
QUEUE_KILOBYTES: Final = 16_384
"""So much may have been fetched that was not yet read."""
KEPT_SECONDS: Final = 43_200
"""For how long a topic is sure to keep tombstones, half of Kafka's `delete.retention.ms`: a copy
that has missed more than that may hold lists that have ended since, and is made anew."""

MOST_PENDING: Final = 5
"""At most so many answers are kept until the copies have reached their offsets."""


class _Dated(msgspec.Struct):
    ts: int


_DATED: Final = msgspec.json.Decoder(_Dated)
_LIST: Final = msgspec.json.Decoder(SuppressionList)


class Contact(NamedTuple):
    """When a copy was last known to hold all that was there."""

    level_at: int
    """In epoch milliseconds."""
    clock: float
    """The same on the monotonic clock, in seconds."""


class EndOffsetsRequest(NamedTuple):
    """A request to the broker for the offsets at which the partitions end."""

    at: Contact
    answers: Mapping[confluent_kafka.TopicPartition, "Future[Any]"]


class ListFollower:
    """Follows the partitions of the lists into copies. One thread may use it.

    All of its calls raise `KafkaException` when the brokers cannot be had, and
    `RegistryUnavailable` when a schema cannot; after `begin` they may be made again.
    """

    def __init__(
        self, settings: Settings, copies: Copies, registry: SchemaRegistry | None = None
    ) -> None:
        """`registry` has the schemas of the topics whose values are framed."""
        self.contacts: dict[int, Contact] = {}
        """The last contact of each partition that has been level since this was made."""
        self.partitions = 0
        """How many partitions the topic has; 0 before the first contact."""
        self.invalid = 0
        """How many records were no lists, and were left out."""
        self._topic = settings.topic("suppressions")
        self._settings = settings
        self._copies = copies
        self._list_of = bytes if registry is None else registry.list_reader()
        self._id = ""
        self._reached: dict[int, int] = {}
        self._request: EndOffsetsRequest | None = None
        self._next_request = 0.0
        self._pending: list[tuple[Contact, dict[int, int]]] = []
        self._admin = AdminClient(client_settings(settings))
        self._reader = TopicReader(settings, Fetching(QUEUE_KILOBYTES, wait_ms=100))

    @property
    def is_level(self) -> bool:
        """Whether every partition that is followed has been level since this was made."""
        return bool(self._reached) and self._reached.keys() <= self.contacts.keys()

    def begin(self, partitions: Collection[int] | None) -> None:
        """Follow these partitions, or all, from where their copies end."""
        self._id = topic_ids(self._settings, [self._topic], SECONDS)[self._topic]
        count = len(self._reader.partitions(self._topic, SECONDS))
        self._reached = {}
        for number in range(count) if partitions is None else partitions:
            seen = self._copies[number].seen
            age = time() - self._level_at(number) / 1_000
            if seen.offset and (seen.topic != self._id or age > KEPT_SECONDS):
                self._forget(number, "it is of another topic, or has missed too much")
            self._reached[number] = self._copies[number].seen.offset
        self._assign()
        self.partitions = count

    def poll(self, seconds: float) -> None:
        """Apply what has come, after waiting up to so long for it."""
        try:
            fetched = self._reader.consume(BULK, seconds)
        except RecordsDeleted as deleted:
            self._make_anew(deleted.partition.partition, "what comes next is not there any more")
        else:
            for partition, batch in fetched.items():
                self._apply(partition.partition, batch)
        self._look_where_it_ends()

    def close(self) -> None:
        """Stop following, and keep how far it got."""
        for number in self._reached:
            copy = self._copies[number]
            copy.write({}, self._seen(number, copy.seen.newest))
        self._reader.close()

    def _apply(self, number: int, fetched: Fetched) -> None:
        """Apply what was fetched of a partition to its copy."""
        copy = self._copies[number]
        lists: dict[bytes, bytes | None] = {}
        newest = copy.seen.newest
        for message in fetched.records:
            try:
                value = self._list_in(message)
            except ValueError as problem:  # what msgspec raises is one as well
                self._leave_out(message, problem)
            else:
                lists[message.key()] = value
                newest = _newer(newest, value)
        self._reached[number] = fetched.position
        if lists:
            copy.write(lists, self._seen(number, newest))

    def _seen(self, number: int, newest: int | None) -> Seen:
        return Seen(self._id, self._reached[number], newest, self._level_at(number))

    def _level_at(self, number: int) -> int:
        contact = self.contacts.get(number)
        return self._copies[number].seen.level_at if contact is None else contact.level_at

    def _list_in(self, message: Any) -> bytes | None:
        """The list in a record, None for a tombstone. Raises `ValueError` for what is neither."""
        value = message.value()
        if message.key() is None:
            raise ValueError("it has no key")
        if value is None:
            return None
        try:
            value = self._list_of(value)
        except InvalidRecord as error:
            raise ValueError(str(error)) from error
        _LIST.decode(value)
        return value

    def _leave_out(self, message: Any, error: ValueError) -> None:
        self.invalid += 1
        where = f"{self._topic}, partition {message.partition()}, offset {message.offset()}"
        logger.warning("%s: left out, since it is no list: %s", where, error)

    def _assign(self) -> None:
        self._reader.assign(
            {
                TopicPartition(self._topic, number): offset or OFFSET_BEGINNING
                for number, offset in self._reached.items()
            }
        )

    def _make_anew(self, number: int, why: str) -> None:
        """Forget the copy of a partition, and read it from its beginning."""
        self._forget(number, why)
        self._reached[number] = 0
        self._assign()

    def _forget(self, number: int, why: str) -> None:
        logger.warning("%s, partition %d: all of it is read again: %s", self._topic, number, why)
        self._copies[number].clear()
        self.contacts.pop(number, None)

    # -- how fresh it is

    def _look_where_it_ends(self) -> None:
        """Ask now and then for the end offsets: a copy that reaches one was level when asked."""
        now = monotonic()
        if self._request is None and now >= self._next_request:
            latest: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]
            answers = self._admin.list_offsets(
                {
                    confluent_kafka.TopicPartition(self._topic, number): latest
                    for number in self._reached
                },
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=SECONDS,
            )
            self._request = EndOffsetsRequest(Contact(int(time() * 1_000), now), answers)
            self._next_request = now + ASK_SECONDS
        request = self._request
        if request is not None and all(each.done() for each in request.answers.values()):
            ends = {
                partition.partition: answer.result().offset
                for partition, answer in request.answers.items()
                if answer.exception() is None
            }
            if len(ends) < len(request.answers):
                # This client would go on asking by the leaders that it knew, though they changed.
                self._admin = AdminClient(client_settings(self._settings))
            self._pending.append((request.at, ends))
            self._request = None
        self._note_contacts()

    def _note_contacts(self) -> None:
        for at, ends in self._pending:
            for number, end in list(ends.items()):
                if self._reached[number] >= end:
                    del ends[number]
                    self._note_contact(number, at)
        # What has not been reached after several answers will be with a later one.
        self._pending = [(at, ends) for at, ends in self._pending if ends][-MOST_PENDING:]

    def _note_contact(self, number: int, at: Contact) -> None:
        last = self.contacts.get(number)
        if last is not None and at.clock - last.clock > KEPT_SECONDS:
            self._make_anew(number, "tombstones may be gone that it has not seen")
        elif last is None or at.clock > last.clock:
            self.contacts[number] = at


def _newer(newest: int | None, value: bytes | None) -> int | None:
    """The newer of two event times, of which a tombstone has none."""
    if value is None:
        return newest
    ts = _DATED.decode(value).ts
    return ts if newest is None else max(newest, ts)
